package cli

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
)

// discreet checks that the password was nowhere seen, and stands nowhere but in
// files that only the user can read.
func (p *person) discreet() {
	p.t.Helper()
	if strings.Contains(p.transcript(), password) {
		p.t.Errorf("the terminal shows the password")
	}
	if strings.Contains(p.configuration(), password) {
		p.t.Errorf("the configuration has the password")
	}
}

// A person who knows the server: nothing is asked of the network but the login.
func TestInitAtATerminal(t *testing.T) {
	s := annas(t, logintest.Options{})
	p := sit(t)
	p.starts("init", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile)
	p.answers("User name", "")
	p.answers("User name", "anna@example.org")
	p.answers("Name of the account", "Work Mail")
	p.answers("Name of the account", "work")
	p.answers("Where is the password kept", "x")
	p.answers("Where is the password kept", "")
	p.answers("Password", password)
	p.ends(exitOK)
	p.golden("init", s.CAFile, "CA.pem")
	p.discreet()
	kept, err := os.ReadFile(filepath.Join(p.home, ".config", "popherd", "secrets", "work"))
	if err != nil || string(kept) != password+"\n" {
		t.Errorf("the password is not kept: %v", err)
	}
	if !strings.Contains(p.configuration(), "[accounts.work]\nuser = \"anna@example.org\"\nhost = \"127.0.0.1\"\n") {
		t.Errorf("got the configuration\n%s", p.configuration())
	}
}

// A person who gives the address alone, and the first server of a search that
// finds two; the password goes into the keyring.
func TestInitFindsTheServer(t *testing.T) {
	s := annas(t, logintest.Options{})
	port, err := strconv.Atoi(at(t, s.TLSAddr()))
	if err != nil {
		t.Fatal(err)
	}
	p := sit(t)
	kept := memory{}
	p.keyring = kept
	p.find = func(context.Context, string) ([]discover.Candidate, error) {
		return []discover.Candidate{
			{Host: "localhost", Port: port, TLS: discover.Implicit, User: "anna@example.org", Auth: "auto",
				Source: "SRV record \x1b[2J_pop3s._tcp.example.org", Advice: []string{"Enable POP\x1b[31m first."}},
			{Host: "mail.example.org", Port: 110, TLS: discover.StartTLS, User: "anna", Auth: "auto", Source: "guess"},
		}, nil
	}
	p.starts("init", "--ca-file", s.CAFile)
	p.answers("Mail address", "anna")
	p.answers("Mail address", "anna@example.org")
	p.answers("Which server", "1")
	p.answers("Is it your provider's", "y")
	p.answers("User name", "")
	p.answers("Name of the account", "")
	p.answers("Where is the password kept", "1")
	p.answers("Password", password)
	p.ends(exitOK)
	p.golden("init-found", s.CAFile, "CA.pem")
	p.discreet()
	if got := kept["example"]; got != secret.New(password) {
		t.Errorf("the keyring has %d secrets, and not the password", len(kept))
	}
	if strings.ContainsRune(p.transcript()+p.configuration(), 0x1b) {
		t.Error("a server's text can steer the terminal")
	}
}

// A wrong password: the server's words, another try, and then the right one.
func TestInitWithAWrongPassword(t *testing.T) {
	s := annas(t, logintest.Options{})
	p := sit(t)
	p.starts("init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile, "--name", "work")
	p.answers("User name", "")
	p.answers("Where is the password kept", "3")
	p.answers("Password", "letmein")
	p.answers("What now [2]", "1")
	p.answers("What now [2]", "")
	p.answers("Password", password)
	p.ends(exitOK)
	p.golden("init-wrong-password", s.CAFile, "CA.pem")
	p.discreet()
	if _, err := os.Stat(filepath.Join(p.home, ".config", "popherd", "secrets")); !os.IsNotExist(err) {
		t.Errorf("the password was to be kept nowhere: %v", err)
	}
}

// Whoever stops has changed nothing: by choice, by Ctrl-D, and by Ctrl-C at each
// of the questions.
func TestInitStopped(t *testing.T) {
	s := annas(t, logintest.Options{})
	args := []string{"init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile}
	questions := []struct{ question, answer string }{
		{"User name", ""}, {"Name of the account", ""}, {"Where is the password kept", ""}, {"Password", "letmein"}, {"What now", "6"},
	}
	stop := func(p *person, at int, how func(p *person)) {
		p.starts(args...)
		for i, q := range questions {
			if i != at {
				p.answers(q.question, q.answer)
				continue
			}
			p.reads(q.question)
			how(p)
			break
		}
		p.ends(exitInterrupted)
		p.nothing()
		if !strings.Contains(p.transcript(), "nothing was changed") {
			t.Errorf("it does not say that nothing was changed:\n%s", p.transcript())
		}
	}
	stop(sit(t), len(questions), nil) // by the last answer
	for i, q := range questions {
		t.Run(q.question, func(t *testing.T) {
			stop(sit(t), i, func(p *person) { p.types("\x04") })
			stop(sit(t), i, func(p *person) { p.interrupt() })
		})
	}
}

// A name that is there is another's, and what stands in the file stays.
func TestInitOverwritesNothing(t *testing.T) {
	s := annas(t, logintest.Options{})
	p := sit(t)
	file := filepath.Join(p.home, ".config", "popherd", "config.toml")
	before := "# mine\n[accounts.work]\nuser = \"otto\"\nhost = \"pop.example.net\"\n"
	p.has(file, before)
	p.has(filepath.Join(p.home, ".config", "popherd", "secrets", "home"), "otto's\n")
	p.starts("init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile)
	p.answers("User name", "")
	p.answers("Name of the account", "work")
	p.reads("is there already")
	p.answers("Name of the account", "home")
	p.answers("Where is the password kept", "") // where it is: nothing is overwritten
	p.answers("Password", password)
	p.ends(exitOK)
	p.golden("init-taken", s.CAFile, "CA.pem")
	if !strings.HasPrefix(p.configuration(), before) || !strings.Contains(p.configuration(), "[accounts.home]") {
		t.Errorf("got the configuration\n%s", p.configuration())
	}
}

// A server that takes nothing but OAuth2: what is needed is said, and the oauth
// table is written.
func TestInitWithOAuth2(t *testing.T) {
	p := sit(t)
	p.find = func(ctx context.Context, address string) ([]discover.Candidate, error) {
		return discover.Find(ctx, address, discover.Options{}) // the table alone
	}
	p.starts("init", "anna@outlook.com", "--name", "office")
	p.answers("Which server", "")
	p.answers("User name", "")
	p.answers("Client id", "")
	p.answers("Client id", "11111111-2222-3333-4444-555555555555")
	p.ends(exitOK)
	p.golden("init-oauth2")
	if want := `oauth = { provider = "microsoft", client_id = "11111111-2222-3333-4444-555555555555" }`; !strings.Contains(p.configuration(), want) {
		t.Errorf("got the configuration\n%s", p.configuration())
	}
}

// A command of the person's prints the password; a server that nobody knows is
// named.
func TestInitWithACommandAndANamedServer(t *testing.T) {
	s := annas(t, logintest.Options{})
	p := sit(t)
	p.has(filepath.Join(p.home, "my password"), password+"\n")
	p.find = func(context.Context, string) ([]discover.Candidate, error) {
		return nil, &discover.NotFoundError{Domain: "example.org"}
	}
	p.starts("init", "anna@example.org", "--ca-file", s.CAFile)
	p.answers("Server, such as", "not a server")
	p.answers("Server, such as", "localhost")
	p.answers("How does it get TLS", "2")
	p.answers("Port", "0")
	p.answers("Port", "110x")
	p.answers("Port", at(t, s.Addr()))
	p.answers("User name", "")
	p.answers("Name of the account", "")
	p.answers("Where is the password kept", "2")
	p.answers("Command", "cat '"+filepath.Join(p.home, "my password"))
	p.reads("not closed")
	p.answers("Command", "cat '"+filepath.Join(p.home, "my password")+"'")
	p.ends(exitOK)
	p.golden("init-command", s.CAFile, "CA.pem", at(t, s.Addr()), "PORT")
	p.discreet()
}

// A server of one's own: nobody knows who signed its certificate. A file with the
// authority does, as does the fingerprint, which is shown first.
func TestInitTrustsACertificate(t *testing.T) {
	s := annas(t, logintest.Options{})
	mark := fingerprintAt(t, s)
	begin := func() *person {
		p := sit(t)
		p.starts("init", "anna@example.org", "--host", "localhost:"+at(t, s.TLSAddr()), "--name", "work")
		p.answers("User name", "")
		p.answers("Where is the password kept", "3")
		p.answers("Password", password)
		return p
	}
	t.Run("fingerprint", func(t *testing.T) {
		p := begin()
		p.answers("What now [5]", "6")
		p.answers("Trust it [no]", "")
		p.answers("What now [5]", "6")
		p.answers("Trust it [no]", "yes")
		p.ends(exitOK)
		want := `fingerprint = "` + mark + `"`
		if !strings.Contains(p.transcript(), mark) || !strings.Contains(p.configuration(), want) || strings.Contains(p.configuration(), "ca_file") {
			t.Errorf("got the configuration\n%s", p.configuration())
		}
		p.golden("init-fingerprint", mark, "FINGERPRINT")
		p.discreet()
	})
	t.Run("file", func(t *testing.T) {
		p := begin()
		p.has(filepath.Join(p.home, "none.pem"), "nothing\n")
		p.answers("What now [5]", "")
		p.answers("File, PEM", "")
		p.answers("File, PEM", "~/nosuch.pem")
		p.answers("File, PEM", "~/none.pem")
		p.answers("File, PEM", s.CAFile)
		p.ends(exitOK)
		if want := `ca_file = "` + s.CAFile + `"`; !strings.Contains(p.configuration(), want) || strings.Contains(p.configuration(), "fingerprint") {
			t.Errorf("got the configuration\n%s", p.configuration())
		}
		p.golden("init-authority", s.CAFile, "CA.pem")
		p.discreet()
	})
	if got := s.Attempts(); len(got) != 2 {
		t.Errorf("got %d logins, want 2: none before the certificate was trusted", len(got))
	}
}

// fingerprintAt is that of a server's certificate.
func fingerprintAt(t *testing.T, s *logintest.Server) string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.TLSAddr(), &tls.Config{RootCAs: s.Pool()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return fmt.Sprintf("sha256:%x", sha256.Sum256(conn.ConnectionState().PeerCertificates[0].Raw))
}

// Whoever mistook the server, the port, TLS or the user need not begin again.
func TestInitChangesWhatWasWrong(t *testing.T) {
	s := annas(t, logintest.Options{})
	dead := annas(t, logintest.Options{}) // plain, where TLS is expected
	p := sit(t)
	p.starts("init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, dead.Addr()), "--ca-file", s.CAFile, "--name", "work")
	p.answers("User name", "otto@example.org")
	p.answers("Where is the password kept", "3")
	p.answers("Password", password)
	p.answers("What now [1]", "4")
	p.answers("Server [127.0.0.1]", "pops://localhost")
	p.answers("Server [127.0.0.1]", "localhost:"+at(t, s.Addr()))
	p.answers("How does it get TLS [1]", "2")
	p.answers("What now [2]", "3")
	p.answers("User name [otto@example.org]", "anna@example.org")
	p.ends(exitOK)
	p.golden("init-changed", s.CAFile, "CA.pem", at(t, dead.Addr()), "PORT")
	p.discreet()
	for _, want := range []string{"[accounts.work]\nuser = \"anna@example.org\"\nhost = \"localhost\"\nport = " + at(t, s.Addr()) + "\ntls = \"starttls\"", "ca_file = "} {
		if !strings.Contains(p.configuration(), want) {
			t.Errorf("no %q in the configuration\n%s", want, p.configuration())
		}
	}
}

// Without TLS nothing is done that was not confirmed.
func TestInitConfirmsPlaintext(t *testing.T) {
	s := annas(t, logintest.Options{})
	args := []string{"init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.Addr()), "--tls", "insecure-plaintext", "--name", "work", "-q"}
	p := sit(t)
	p.starts(args...)
	p.reads("warning: without TLS everybody on the way to 127.0.0.1 can read the password")
	p.answers("Do without TLS all the same [no]", "")
	p.ends(exitInterrupted)
	p.nothing()
	p = sit(t)
	p.starts(args...)
	p.answers("Do without TLS all the same [no]", "yes")
	p.answers("User name", "")
	p.answers("Where is the password kept", "3")
	p.answers("Password", password)
	p.ends(exitOK)
	if !strings.Contains(p.configuration(), `tls = "insecure-plaintext"`) {
		t.Errorf("got the configuration\n%s", p.configuration())
	}
}

// Ctrl-C ends the wait for a password that does not come.
func TestInitWaitsForNoPassword(t *testing.T) {
	for _, more := range [][]string{{"--non-interactive"}, {"--keep", "file"}} {
		p := sit(t)
		p.launches(append([]string{"init", "anna@example.org", "--host", "pop.gmail.com", "--name", "work", "--no-test", "--password-stdin"}, more...)...)
		p.reads("note: ")
		if len(more) == 2 {
			p.answers("User name", "")
		}
		p.types("wib\x03")
		p.ends(exitInterrupted)
		p.nothing()
		if !strings.Contains(p.transcript(), "init: stopped; nothing was changed") {
			t.Errorf("it does not say that nothing was changed:\n%s", p.transcript())
		}
	}
}

// has makes a file that only the person can read.
func (p *person) has(path, text string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Ctrl-C on a real terminal, before the password and while it is typed.
func TestInitInterruptedAtATerminal(t *testing.T) {
	s := annas(t, logintest.Options{})
	for _, question := range []string{"User name", "Password"} {
		p := sit(t)
		p.launches("init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile, "--name", "work")
		if question == "Password" {
			p.answers("User name", "")
			p.answers("Where is the password kept", "")
		}
		p.reads(question)
		p.types(password + "\x03")
		p.ends(exitInterrupted)
		p.nothing()
		if !strings.Contains(p.transcript(), "init: stopped; nothing was changed") {
			t.Errorf("%s: it does not say that nothing was changed:\n%s", question, p.transcript())
		}
	}
	if n := len(s.Attempts()); n != 0 {
		t.Errorf("got %d logins, want none", n)
	}
}

// The first five minutes, with the program itself: init, then doctor.
func TestInitThenDoctorAtATerminal(t *testing.T) {
	s := annas(t, logintest.Options{})
	p := sit(t)
	p.launches("init", "anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile)
	p.answers("User name", "")
	p.answers("Name of the account", "work")
	p.answers("Where is the password kept", "1")
	p.answers("Password", password)
	p.reads("popherd doctor")
	p.ends(exitOK)
	p.launches("doctor")
	p.ends(exitOK)
	p.golden("init-then-doctor", s.CAFile, "CA.pem")
	p.discreet()
}
