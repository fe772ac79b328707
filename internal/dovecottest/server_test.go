package dovecottest_test

import (
	"crypto/md5"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// odd is a message that shows whether octets are kept: dots to stuff, 8-bit,
// NUL, a bare CR, an empty line before the end.
const odd = "Subject: caf\xe9\r\n\r\n.\r\n..\r\n.x\r\na\rb \x00\xff\t\r\n\r\n"

func start(t *testing.T, o dovecottest.Options) *dovecottest.Server {
	t.Helper()
	t.Parallel()
	return dovecottest.Start(t, o)
}

func TestGreetingAndCapabilities(t *testing.T) {
	s := start(t, dovecottest.Options{})
	k := call(t, s.Addr(), nil)
	if !strings.HasPrefix(k.greeting, "+OK ") {
		t.Errorf("greeting: got %q, want +OK", k.greeting)
	}
	got := k.text("CAPA")
	for _, want := range []string{"TOP", "UIDL", "RESP-CODES", "PIPELINING", "STLS", "USER", "SASL PLAIN LOGIN CRAM-MD5"} {
		if !strings.Contains("\r\n"+got, "\r\n"+want+"\r\n") {
			t.Errorf("CAPA: got %q, want %s in it", got, want)
		}
	}
}

func TestRetrieveKeepsOctets(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "a b:c d") // a space and a colon are part of the password
	ann.Deliver([]byte(odd))

	k := call(t, s.Addr(), nil)
	k.login("ann", "a b:c d")
	if got := k.text("RETR 1"); got != odd {
		t.Errorf("RETR: got %q, want %q", got, odd)
	}
}

// The one exception that the package's comment names.
func TestBareLFIsSentAsCRLF(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "secret")
	ann.Deliver([]byte("A: 1\n\nx\r\ny\n"))

	k := call(t, s.Addr(), nil)
	k.login("ann", "secret")
	if got, want := k.text("RETR 1"), "A: 1\r\n\r\nx\r\ny\r\n"; got != want {
		t.Errorf("RETR: got %q, want %q", got, want)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	s := start(t, dovecottest.Options{})
	s.AddUser("ann", "secret")
	k := call(t, s.Addr(), nil)
	k.ok("USER ann")
	if got := k.ask("PASS guess"); !strings.HasPrefix(got, "-ERR [AUTH]") {
		t.Errorf("PASS: got %q, want -ERR [AUTH]", got)
	}
}

func TestQuitRemovesWhatWasMarked(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "secret")
	for _, raw := range []string{"A: 1\r\n\r\n", "B: 2\r\n\r\n", "C: 3\r\n\r\n"} {
		ann.Deliver([]byte(raw))
	}

	k := call(t, s.Addr(), nil)
	k.login("ann", "secret")
	k.ok("DELE 2")
	if got := ann.Count(); got != 3 {
		t.Errorf("before QUIT: got %d messages, want 3", got)
	}
	k.ok("QUIT")

	left := ann.Messages()
	if len(left) != 2 || string(left[0]) != "A: 1\r\n\r\n" || string(left[1]) != "C: 3\r\n\r\n" {
		t.Errorf("after QUIT: got %q, want the first and the third message", left)
	}
}

func TestNothingIsRemovedWithoutQuit(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "secret")
	ann.Deliver([]byte(odd))

	k := call(t, s.Addr(), nil)
	k.login("ann", "secret")
	k.ok("DELE 1")
	k.conn.Close()
	s.WaitIdle()

	if got := ann.Messages(); len(got) != 1 || string(got[0]) != odd {
		t.Errorf("after the cut: got %q, want the message as delivered", got)
	}
}

func TestKillCutsSessions(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "secret")
	ann.Deliver([]byte(odd))

	k := call(t, s.Addr(), nil)
	k.login("ann", "secret")
	k.ok("DELE 1")
	s.Kill()
	s.WaitIdle()

	if line, err := k.r.ReadString('\n'); err == nil {
		t.Errorf("read after Kill: got %q, want an error", line)
	}
	if got := ann.Count(); got != 1 {
		t.Errorf("after Kill: got %d messages, want 1", got)
	}
	s.Kill() // does nothing
}

func TestSTLS(t *testing.T) {
	s := start(t, dovecottest.Options{RefusePlaintext: true})
	s.AddUser("ann", "secret")
	k := call(t, s.Addr(), nil)
	if got := k.ask("USER ann"); !strings.HasPrefix(got, "-ERR") {
		t.Errorf("USER before STLS: got %q, want -ERR", got)
	}
	k.stls(&tls.Config{RootCAs: s.Pool, ServerName: "localhost"})
	k.login("ann", "secret")
	k.ok("QUIT")
}

func TestPOP3SIsVerifiedAgainstThePool(t *testing.T) {
	s := start(t, dovecottest.Options{})
	s.AddUser("ann", "secret")
	for _, name := range []string{"localhost", "127.0.0.1"} {
		k := call(t, s.TLSAddr(), &tls.Config{RootCAs: s.Pool, ServerName: name})
		k.login("ann", "secret")
	}

	_, err := tls.Dial("tcp", s.TLSAddr(), &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost"})
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("without the CA: got %v, want an unknown authority", err)
	}
}

func TestCAFileHoldsThePool(t *testing.T) {
	s := start(t, dovecottest.Options{})
	text, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) || !pool.Equal(s.Pool) {
		t.Errorf("CAFile: got %q, want the certificate in Pool", text)
	}
}

func TestAPOP(t *testing.T) {
	s := start(t, dovecottest.Options{})
	s.AddUser("ann", "secret")
	k := call(t, s.Addr(), nil)
	stamp := regexp.MustCompile(`<[^<>]+@[^<>]+>`).FindString(k.greeting)
	if stamp == "" {
		t.Fatalf("greeting: got %q, want a timestamp in it", k.greeting)
	}
	sum := md5.Sum([]byte(stamp + "secret")) // RFC 1939, section 7
	k.ok("APOP ann " + hex.EncodeToString(sum[:]))
}

func TestUsersCanBeAddedBetweenLogins(t *testing.T) {
	s := start(t, dovecottest.Options{})
	for _, name := range []string{"ann", "bob", "eve@example.org"} {
		s.AddUser(name, "of "+name).Deliver([]byte("To: " + name + "\r\n\r\n"))
		k := call(t, s.Addr(), nil)
		k.login(name, "of "+name)
		if got, want := k.text("RETR 1"), "To: "+name+"\r\n\r\n"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestExtraWins(t *testing.T) {
	s := start(t, dovecottest.Options{Extra: "pop3_lock_session = yes\nssl = no"})
	s.AddUser("ann", "secret")
	k := call(t, s.Addr(), nil)
	if got := k.text("CAPA"); strings.Contains(got, "STLS") {
		t.Errorf("CAPA with ssl = no: got %q, want no STLS", got)
	}
	k.login("ann", "secret")

	second := call(t, s.Addr(), nil)
	second.ok("USER ann")
	if _, err := second.conn.Write([]byte("PASS secret\r\n")); err != nil {
		t.Fatal(err)
	}
	k.ok("QUIT") // the second session gets the lock only now
	if got := second.line(); !strings.HasPrefix(got, "+OK") && !strings.HasPrefix(got, "-ERR [IN-USE]") {
		t.Errorf("PASS of the second session: got %q, want +OK or [IN-USE]", got)
	}
}

func TestHundredsOfSessions(t *testing.T) {
	const sessions = 300
	s := start(t, dovecottest.Options{})
	s.AddUser("ann", "secret")
	for range sessions {
		call(t, s.TLSAddr(), &tls.Config{RootCAs: s.Pool, ServerName: "localhost"}).login("ann", "secret")
	}
}

// TestUnknownServer runs this very test binary with a Dovecot that nobody
// knows first in PATH: it skips, or fails where servers are demanded.
func TestUnknownServer(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "dovecot"), []byte("#!/bin/sh\necho 9.9\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ demanded, want string }{
		{"", "--- SKIP: TestCAFileHoldsThePool"},
		{"1", "--- FAIL: TestCAFileHoldsThePool"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCAFileHoldsThePool$", "-test.v")
		cmd.Env = append(os.Environ(), "PATH="+bin, "POPHERD_REAL_SERVERS="+c.demanded)
		out, _ := cmd.CombinedOutput() // that it fails is what the second case wants
		if !strings.Contains(string(out), c.want) {
			t.Errorf("POPHERD_REAL_SERVERS=%q: got %s, want %s", c.demanded, out, c.want)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		dovecottest.Start(b, dovecottest.Options{}).Kill()
	}
}

// A copy is a maildrop of its own, with the same messages under the same ids.
func TestCopy(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "secret")
	for _, raw := range []string{"A: 1\r\n\r\n", "B: 2\r\n\r\n", "C: 3\r\n\r\n"} {
		ann.Deliver([]byte(raw))
	}
	k := call(t, s.Addr(), nil)
	k.login("ann", "secret")
	ids := k.text("UIDL")
	k.ok("QUIT")
	s.WaitIdle()

	bob := s.AddUser("bob", "secret")
	bob.Copy(ann)
	k = call(t, s.Addr(), nil)
	k.login("bob", "secret")
	if got := k.text("UIDL"); got != ids {
		t.Errorf("UIDL of the copy: got %q, want %q", got, ids)
	}
	k.ok("DELE 2")
	k.ok("QUIT")
	s.WaitIdle()
	if a, b := ann.Count(), bob.Count(); a != 3 || b != 2 {
		t.Errorf("after DELE in the copy: got %d and %d messages, want 3 and 2", a, b)
	}
}
