package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// password is Anna's; nothing may show it.
const password = "wibble9 QUUX<>kdw"

// annas is a server where anna@example.org has a maildrop of two messages.
func annas(t *testing.T, o logintest.Options) *logintest.Server {
	o.Users = []logintest.User{{Name: "anna@example.org", Password: password, Messages: [][]byte{
		[]byte("From: a@example.org\r\nSubject: one\r\n\r\nhello\r\n"),
		[]byte("From: b@example.org\r\nSubject: two\r\n\r\nworld\r\n"),
	}}}
	return logintest.Start(t, o)
}

// at is where a server listens.
func at(t *testing.T, address string) (port string) {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// A noKeyringHere is where there is none.
type noKeyringHere struct{}

func (noKeyringHere) Get(string, string) (secret.Secret, error) {
	return secret.Secret{}, secret.ErrNoKeyring
}
func (noKeyringHere) Set(string, string, secret.Secret) error { return secret.ErrNoKeyring }
func (noKeyringHere) Delete(string, string) error             { return secret.ErrNoKeyring }

// A memory is a keyring; it is for one service.
type memory map[string]secret.Secret

func (k memory) Get(_, name string) (secret.Secret, error) {
	if s, ok := k[name]; ok {
		return s, nil
	}
	return secret.Secret{}, secret.ErrNotInKeyring
}

func (k memory) Set(_, name string, s secret.Secret) error {
	k[name] = s
	return nil
}

func (k memory) Delete(_, name string) error {
	delete(k, name)
	return nil
}

// An errand is popherd init without a terminal.
type errand struct {
	t       *testing.T
	home    string
	stdin   string
	keyring secret.Keyring
	found   []discover.Candidate
	out     bytes.Buffer
}

// runs returns the exit status.
func (e *errand) runs(args ...string) int {
	e.t.Helper()
	sh := newShell(Env{
		Stdin: strings.NewReader(e.stdin), Stdout: &e.out, Stderr: &e.out, Keyring: e.keyring,
		Getenv: func(name string) string { return map[string]string{"HOME": e.home}[name] },
	})
	s := &setup{sh: sh, find: func(context.Context, string) ([]discover.Candidate, error) {
		if e.found == nil {
			return nil, &discover.NotFoundError{Domain: "example.org"}
		}
		return e.found, nil
	}}
	cmd := s.command()
	cmd.SetArgs(append(args, "--non-interactive"))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(e.t.Context())
	if err != nil {
		sh.complain(err)
	}
	if strings.Contains(e.out.String(), password) {
		e.t.Errorf("the password is shown:\n%s", e.out.String())
	}
	return exitStatus(err)
}

func (e *errand) file(parts ...string) string {
	text, _ := os.ReadFile(filepath.Join(append([]string{e.home, ".config", "popherd"}, parts...)...))
	return string(text)
}

// One line of a shell sets an account up, and popherd can log in by it.
func TestInitNonInteractive(t *testing.T) {
	s := annas(t, logintest.Options{})
	server := []string{"anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile, "--password-stdin"}
	e := &errand{t: t, home: t.TempDir(), stdin: password + "\n", keyring: noKeyringHere{}}
	if status := e.runs(server...); status != exitOK {
		t.Fatalf("got exit status %d:\n%s", status, e.out.String())
	}
	if got := e.file("secrets", "example"); got != password+"\n" {
		t.Error("the password is not in its file")
	}
	if !strings.Contains(e.out.String(), "logged in by scram-sha-256-plus: 2 messages") || !strings.HasSuffix(e.out.String(), "next:\n  popherd ls -a example\n  popherd run @older-than -a example -n -- 30\n  popherd doctor\n") {
		t.Errorf("got\n%s", e.out.String())
	}
	c, err := config.Read(filepath.Join(e.home, ".config", "popherd", "config.toml"), config.Options{})
	if err != nil || len(c.Accounts) != 1 || c.Accounts[0].User != "anna@example.org" || c.Accounts[0].CAFile != s.CAFile || c.Accounts[0].Auth != "auto" {
		t.Errorf("got %+v, %v", c, err)
	}
	before := e.file("config.toml")
	if status := e.runs(server...); status != exitUsage || !strings.Contains(e.out.String(), `account "example" is there already`) {
		t.Errorf("the same name again: got exit status %d:\n%s", status, e.out.String())
	}
	if e.file("config.toml") != before {
		t.Error("the configuration has changed")
	}
}

// A server that repeats the password in its refusal has it not shown.
func TestInitWithATalkativeServer(t *testing.T) {
	for _, mechanisms := range [][]string{{}, {"PLAIN"}, {"LOGIN"}} {
		s := annas(t, logintest.Options{Fault: logintest.EchoSecret, Mechanisms: mechanisms, NoAPOP: true})
		e := &errand{t: t, home: t.TempDir(), stdin: password + "\n", keyring: noKeyringHere{}}
		status := e.runs("anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile, "--password-stdin")
		if status != exitRefused || !strings.Contains(e.out.String(), "***") {
			t.Errorf("%q: got exit status %d:\n%s", mechanisms, status, e.out.String())
		}
	}
}

// In the configuration paths begin at its folder; on the command line they begin
// where one is.
func TestInitKeepsWhereTheAuthorityIs(t *testing.T) {
	e := &errand{t: t, home: t.TempDir(), keyring: noKeyringHere{}}
	s := annas(t, logintest.Options{})
	t.Chdir(filepath.Dir(s.CAFile))
	want, err := filepath.Abs("ca.pem")
	if err != nil {
		t.Fatal(err)
	}
	if status := e.runs("anna@example.org", "--host", "pop.example.org", "--ca-file", "ca.pem", "--no-test"); status != exitOK || !strings.Contains(e.file("config.toml"), want) {
		t.Errorf("got exit status %d and\n%s", status, e.file("config.toml"))
	}
}

// A login that fails writes nothing, and has the exit status of a login.
func TestInitNonInteractiveRefused(t *testing.T) {
	s := annas(t, logintest.Options{})
	e := &errand{t: t, home: t.TempDir(), stdin: "letmein\n", keyring: noKeyringHere{}}
	args := []string{"anna@example.org", "--host", "127.0.0.1", "--port", at(t, s.TLSAddr()), "--ca-file", s.CAFile, "--password-stdin"}
	if status := e.runs(args...); status != exitRefused || !strings.Contains(e.out.String(), "wrong user or password; nothing was written") {
		t.Errorf("got exit status %d:\n%s", status, e.out.String())
	}
	if entries, err := os.ReadDir(e.home); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v, want nothing", entries, err)
	}
	if status := e.runs(append(args, "--no-test", "--name", "work", "--keep", "nowhere")...); status != exitOK || e.file("secrets", "work") != "" {
		t.Errorf("untested: got exit status %d:\n%s", status, e.out.String())
	}
}

func TestInitNonInteractiveIntoTheKeyring(t *testing.T) {
	kept := memory{}
	e := &errand{t: t, home: t.TempDir(), stdin: password + "\n", keyring: kept}
	e.found = []discover.Candidate{{Host: "pop.example.org", Port: 995, TLS: discover.Implicit, User: "anna", Auth: "auto", Source: "guess"}}
	args := []string{"anna@example.org", "--no-test", "--password-stdin", "--keep", "keyring"}
	if status := e.runs(args...); status != exitOK || kept["example"] != secret.New(password) {
		t.Errorf("got exit status %d:\n%s", status, e.out.String())
	}
	// A password of that name is another account's.
	if err := os.Remove(filepath.Join(e.home, ".config", "popherd", "config.toml")); err != nil {
		t.Fatal(err)
	}
	if status := e.runs(args...); status != exitUsage || !strings.Contains(e.out.String(), "the keyring has a password of that name already") {
		t.Errorf("got exit status %d:\n%s", status, e.out.String())
	}
	if e.file("config.toml") != "" {
		t.Error("the account was written nonetheless")
	}
}

// What cannot be written in the configuration leaves no password behind.
func TestInitTakesThePasswordBack(t *testing.T) {
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("there is no folder here in which nobody can write")
	}
	for _, keep := range []string{"keyring", "file", "nowhere"} {
		kept := memory{}
		e := &errand{t: t, home: "/proc/x", stdin: password + "\n", keyring: kept}
		status := e.runs("anna@example.org", "--host", "pop.example.org", "--no-test", "--password-stdin", "--keep", keep)
		if status != exitNoInput || !strings.Contains(e.out.String(), "/proc/x") || !strings.Contains(e.out.String(), "hint: ") {
			t.Errorf("%s: got exit status %d:\n%s", keep, status, e.out.String())
		}
		if len(kept) != 0 {
			t.Error("the password is in the keyring")
		}
	}
}

// What is missing or wrong is said, with what to give; nothing is written.
func TestInitNonInteractiveRefusals(t *testing.T) {
	elsewhere := []discover.Candidate{{Host: "pop.attacker.example", Port: 995, TLS: discover.Implicit, User: "anna@example.org", Auth: "auto", Source: "SRV record"}}
	office := []discover.Candidate{{Host: "outlook.office365.com", Port: 995, TLS: discover.Implicit, User: "anna@example.org", Auth: "xoauth2", OAuth: "microsoft", Source: "MX record"}}
	for _, test := range []struct {
		args   string
		found  []discover.Candidate
		status int
		says   string
	}{
		{"", nil, exitUsage, "address: it is missing, and nobody is asked"},
		{"--host pop.example.org", nil, exitUsage, "--user: it is missing"},
		{"anna@example.org", nil, exitUnavailable, "domain example.org: no POP3 server found"},
		{"anna@example.org", elsewhere, exitUsage, "if it is, name it with --host pop.attacker.example"},
		{"anna@example.org", office, exitUsage, "--client-id: it is missing, and the login to this server is by OAuth2"},
		{"anna@example.org --host pop.example.org --auth xoauth2", nil, exitUsage, "--auth: xoauth2 needs OAuth2"},
		{"anna@example.org --host pop.example.org --auth palin", nil, exitUsage, "there is no such method"},
		{"anna@example.org --host pop.example.org --tls none", nil, exitUsage, `there is no choice "none"`},
		{"anna@example.org --host pop.example.org --port 70000", nil, exitUsage, "70000 is not a port"},
		{"anna@example.org --host pop.example.org --keep safe", nil, exitUsage, `there is no choice "safe"`},
		{"anna@example.org --host pop.example.org --timeout 0s", nil, exitUsage, "0s is not a limit"},
		{"anna@example.org --host pop.example.org --port 0", nil, exitUsage, "0 is not a port from 1 to 65535\nhint: as in --port=995"},
		{"anna@example.org --host pop.example.org --port -1", nil, exitUsage, "-1 is not a port"},
		{"anna@example.org --host pop.example.org:110 --port 995", nil, exitUsage, "--port: it is 995, and --host has 110"},
		{"anna@example.org --host pop/example", nil, exitUsage, "is no server's name"},
		{"anna@example.org --host pops://pop.example.org", nil, exitUsage, "hint: write pop.example.org"},
		{"anna@example.org --host b\u00fccher.example", nil, exitUsage, "give the name in its xn-- form"},
		{"anna --host pop.example.org", nil, exitUsage, "address \"anna\": it is not whole\nhint: as in anna@example.org"},
		{"anna@", nil, exitUsage, "address \"anna@\": it is not whole"},
		{"anna@example.org --host pop.example.org --ca-file nosuch.pem", nil, exitNoInput, "nosuch.pem\": no such file or directory; check the path\nhint: name a file with the certificate"},
		{"anna@example.org --host pop.example.org --name Work", nil, exitUsage, `"Work" is no name`},
		{"anna@example.org --host pop.example.org --name ..", nil, exitUsage, `".." is no name`},
		{"anna@example.org --host pop.example.org --keep keyring --password-stdin", nil, exitUnavailable, "keep the password in a file"},
		{"anna@example.org --host pop.example.org --password-fd 97", nil, exitNoInput, "descriptor 97"},
		{"anna@example.org otto@example.org", nil, exitUsage, "one address at a time"},
	} {
		e := &errand{t: t, home: t.TempDir(), stdin: password + "\n", keyring: noKeyringHere{}, found: test.found}
		status := e.runs(append(strings.Fields(test.args), "--no-test")...)
		if status != test.status || !strings.Contains(e.out.String(), test.says) {
			t.Errorf("%s: got exit status %d, want %d, and %q:\n%s", test.args, status, test.status, test.says, e.out.String())
		}
		if entries, err := os.ReadDir(e.home); err != nil || len(entries) != 0 {
			t.Errorf("%s: got %v, %v, want nothing", test.args, entries, err)
		}
	}
}

// A server may be named with its port.
func TestInitTakesHostAndPort(t *testing.T) {
	for _, test := range []struct{ args, wants string }{
		{"--host 127.0.0.1:1995", "host = \"127.0.0.1\"\nport = 1995\ntls = \"implicit\""},
		{"--host POP.example.org:1110 --port 1110 --tls starttls", "host = \"pop.example.org\"\nport = 1110\ntls = \"starttls\""},
		{"--host [2001:db8::1]:1995", "host = \"2001:db8::1\"\nport = 1995\n"},
		{"--host 2001:db8::1", "host = \"2001:db8::1\"\nport = 995\n"},
	} {
		e := &errand{t: t, home: t.TempDir(), keyring: noKeyringHere{}}
		args := append([]string{"anna@example.org", "--no-test"}, strings.Fields(test.args)...)
		if status := e.runs(args...); status != exitOK || !strings.Contains(e.file("config.toml"), test.wants) {
			t.Errorf("%s: got exit status %d, %s\n%s", test.args, status, e.out.String(), e.file("config.toml"))
		}
	}
}

// What is taken for a server, the configuration takes, too; and of what is not,
// it takes nothing.
func TestHostsAreThoseOfTheConfiguration(t *testing.T) {
	for _, text := range []string{
		"pop.example.org", "POP.example.org.", "localhost", "my_pop", "127.0.0.1", "::1", "[::1]", "fe80::1%eth0", "1.2.3",
		"", " ", ".", "a..b", "-", "pop example", "a,b", "*", "*.example.org", "anna@example.org", "pops://pop.example.org", "pop/x",
		"b\u00fccher.example", "x\x1b[2Jy", "a\"b", "${HOME}", "pop.example.org:", "pop.example.org:0", "pop.example.org:x", "pop.example.org:70000", strings.Repeat("a.", 200) + "a",
	} {
		host, port, err := splitHost(text)
		if err != nil {
			host = text
		}
		path := filepath.Join(t.TempDir(), "config.toml")
		refused := config.AddAccount(path, config.NewAccount{Name: "work", User: "anna", Host: host, Port: port})
		if err == nil && refused != nil || err != nil && refused == nil && len(text) <= 253 {
			t.Errorf("%q: got %v, the configuration has %v", text, err, refused)
		}
	}
}

// Without TLS there is a warning, however quiet; it is on standard error.
func TestInitWarnsOfPlaintext(t *testing.T) {
	var stdout, stderr bytes.Buffer
	home := t.TempDir()
	sh := newShell(Env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Keyring: noKeyringHere{},
		Getenv: func(name string) string { return map[string]string{"HOME": home}[name] },
	})
	sh.quiet = true
	cmd := (&setup{sh: sh}).command()
	cmd.SetArgs([]string{"anna@example.org", "--host", "pop.example.org", "--tls", "insecure-plaintext", "--no-test", "--non-interactive"})
	const want = "warning: without TLS everybody on the way to pop.example.org can read the password and the mail, and change them\n"
	if err := cmd.ExecuteContext(t.Context()); err != nil || stderr.String() != want {
		t.Errorf("got %v, %q", err, stderr.String())
	}
}

// Where nobody can be asked whether to trust a certificate, the flag is named.
func TestInitOfAnUnknownAuthority(t *testing.T) {
	s := annas(t, logintest.Options{})
	e := &errand{t: t, home: t.TempDir(), stdin: password + "\n", keyring: noKeyringHere{}}
	status := e.runs("anna@example.org", "--host", "localhost:"+at(t, s.TLSAddr()), "--password-stdin")
	if status != exitProtocol || !strings.Contains(e.out.String(), "; nothing was written\nhint: name a file with its authority's certificate by --ca-file") {
		t.Errorf("got exit status %d:\n%s", status, e.out.String())
	}
}

// A password that does not come is not waited for after Ctrl-C.
func TestUntil(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	never := make(chan struct{})
	defer close(never)
	_, err := until(ctx, func() (secret.Secret, error) {
		cancel()
		<-never
		return secret.Secret{}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	got, err := until(t.Context(), func() (secret.Secret, error) { return secret.New(password), nil })
	if err != nil || got != secret.New(password) {
		t.Errorf("got %v", err)
	}
}

// Only a refusal of the password makes another one the default.
func TestPasswordRefused(t *testing.T) {
	for code, want := range map[pop3.ResponseCode]bool{"": true, "AUTH": true, "IN-USE": false, "SYS/TEMP": false, "LOGIN-DELAY": false} {
		err := fmt.Errorf("login: %w", &pop3.Error{Command: "PASS", Code: code, Text: "no"})
		if got := passwordRefused(err); got != want {
			t.Errorf("%q: got %v", code, got)
		}
	}
	if passwordRefused(&host.DialError{Address: "127.0.0.1:9", Err: errors.New("connection refused")}) {
		t.Error("a connection that failed is no refusal")
	}
}

func TestInitNames(t *testing.T) {
	for address, want := range map[string]string{
		"anna@example.org": "example", "anna@mail.example.org": "example", "anna@example.co.uk": "example",
		"anna@GMAIL.com": "gmail", "anna@b\u00fccher.example": "mail", "anna@localhost": "localhost", "anna@all": "mail",
	} {
		s := &setup{there: &config.Config{}, address: address}
		if got := s.suggestName(); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}
