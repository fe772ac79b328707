package cli_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

const (
	loginScript    = "testdata/dovecot/login.lua"
	retrieveScript = "testdata/dovecot/retrieve.lua"
	markScript     = "testdata/dovecot/mark.lua"
)

// login are the arguments of a run of login.lua.
func login(t *testing.T, s *dovecottest.Server, way, user, password string, flags ...string) []string {
	t.Helper()
	addr := s.Addr()
	if way == "POP3_SSL" {
		addr = s.TLSAddr()
	}
	host, port := at(t, addr)
	args := append([]string{loginScript}, flags...)
	return append(args, "--", way, host, port, user, password)
}

func TestDovecotTakesEveryLogin(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	password := ` a password: with "blanks" and Ünicode `
	u := s.AddUser("anna@example.org", password)
	u.Deliver([]byte("Subject: one\r\n\r\nbody\r\n"))
	for _, test := range []struct {
		way   string
		flags []string
	}{
		{"POP3_SSL", []string{"--allow-net=127.0.0.1"}},
		{"STLS", []string{"--allow-net=" + s.Addr()}},
		{"POP3", []string{"--allow-net=127.0.0.1", "--allow-plaintext=127.0.0.1"}},
		{"APOP", []string{"--allow-net", "--allow-plaintext=" + s.Addr()}},
	} {
		t.Run(test.way, func(t *testing.T) {
			flags := append(test.flags, "--ca-file="+s.CAFile)
			r := runPopherd(t, 0, login(t, s, test.way, u.Name, password, flags...)...)
			want := "1 messages, 22 octets\n+OK Logging out.\n"
			if test.way == "STLS" {
				want = "+OK Begin TLS negotiation now.\n" + want
			}
			if got := r.stdout.String(); got != want || r.stderr.String() != "" {
				t.Errorf("got %q and %q on standard error, want %q and nothing", got, r.stderr.String(), want)
			}
		})
	}
}

// A server that wants TLS before a password refuses one that came without;
// STLS is all that it takes.
func TestDovecotDemandsTLS(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{RefusePlaintext: true})
	u := s.AddUser("anna", "secret")
	r := runPopherd(t, 77, login(t, s, "POP3", u.Name, "secret", "--allow-net=127.0.0.2", "--allow-plaintext=127.0.0.2")...)
	r.says("error_proto: -ERR [AUTH] Plaintext authentication disallowed")
	for _, way := range []string{"STLS", "POP3_SSL"} {
		runPopherd(t, 0, login(t, s, way, u.Name, "secret", "--allow-net=127.0.0.2", "--ca-file="+s.CAFile)...)
	}
}

func TestDovecotRefusesWrongPassword(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	u := s.AddUser("anna", "secret")
	for _, way := range []string{"POP3_SSL", "STLS", "POP3", "APOP"} {
		t.Run(way, func(t *testing.T) {
			r := runPopherd(t, 77, login(t, s, way, u.Name, "hunter2", "--allow-net=127.0.0.1", "--allow-plaintext=127.0.0.1", "--ca-file="+s.CAFile, "--trace", "-v")...)
			r.says("login.lua:", "error_proto: -ERR [AUTH] Authentication failed.")
			if said := r.stdout.String() + r.stderr.String(); strings.Contains(said, "hunter2") {
				t.Errorf("the password was shown:\n%s", said)
			}
		})
	}
}

// No password goes to a server whose certificate nobody vouches for.
func TestDovecotWithWrongCA(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	u := s.AddUser("anna", "secret")
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	otherCA := filepath.Join(t.TempDir(), "other.pem")
	block := &pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw}
	if err := os.WriteFile(otherCA, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"POP3_SSL", "STLS"} {
		for name, flags := range map[string][]string{
			"another's": {"--ca-file=" + otherCA},
			"system's":  nil,
		} {
			t.Run(way+" "+name, func(t *testing.T) {
				flags = append(flags, "--allow-net=127.0.0.1", "--allow-plaintext=127.0.0.1", "--trace")
				r := runPopherd(t, 76, login(t, s, way, u.Name, "secret", flags...)...)
				r.says("popherd: testdata/dovecot/login.lua:", " tls: ", "certificate")
				if strings.Contains(r.stderr.String(), "C: USER") {
					t.Errorf("the login went on:\n%s", r.stderr.String())
				}
			})
		}
	}
}

// Dovecot's certificate is for 127.0.0.1, among others, and for no address more.
func TestDovecotByAnotherName(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{Extra: "listen = 127.0.0.1, 127.0.0.3"})
	u := s.AddUser("anna", "secret")
	_, port := at(t, s.TLSAddr())
	r := runPopherd(t, 76, loginScript, "--ca-file", s.CAFile, "--allow-net",
		"--", "POP3_SSL", "127.0.0.3", port, u.Name, "secret")
	r.says(" tls: ", "127.0.0.3")
}

// A host that is not allowed does not even see a connection.
func TestHostNotAllowed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	_, port := at(t, addr)
	for _, flags := range [][]string{nil, {"--allow-net=127.0.0.2"}, {"--allow-net=127.0.0.1:1"}, {"--allow-net=localhost"}} {
		args := append([]string{loginScript, "--allow-plaintext=127.0.0.1", "--connect-timeout=5s", "--command-timeout=5s"}, flags...)
		r := runPopherd(t, 77, append(args, "--", "POP3", "127.0.0.1", port, "anna", "secret")...)
		r.says("policy: ", "\nhint: allow it with --allow-net="+addr+"\n")
	}
	// Connections are accepted in their order: the first must be our own.
	own, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	first, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if got, want := first.RemoteAddr().String(), own.LocalAddr().String(); got != want {
		t.Errorf("a connection came from %s before our own from %s", got, want)
	}
}

func TestDovecotPlaintextNotAllowed(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	u := s.AddUser("anna", "secret")
	for _, way := range []string{"POP3", "APOP"} {
		t.Run(way, func(t *testing.T) {
			flags := []string{"--allow-net=127.0.0.1", "--allow-plaintext=127.0.0.1:1", "--trace"}
			r := runPopherd(t, 77, login(t, s, way, u.Name, "secret", flags...)...)
			r.says("policy: ", "--allow-plaintext=127.0.0.1")
			if strings.Contains(r.stderr.String(), "C: ") {
				t.Errorf("something was sent in the clear:\n%s", r.stderr.String())
			}
		})
	}
}

// Every message of a large maildrop arrives octet for octet.
func TestDovecotThousandMessages(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	host, port := at(t, s.TLSAddr())
	r := runPopherd(t, 0, retrieveScript, "--ca-file", s.CAFile, "--allow-net="+host, "--", host, port, u.Name, "secret")
	sizes, got := parseRetrieved(t, r.stdout.String())
	if len(sizes) != manyMessages || len(got) != manyMessages {
		t.Fatalf("got %d rows and %d messages, want %d of each", len(sizes), len(got), manyMessages)
	}
	for i, raw := range messages {
		want := sent(raw)
		if sha256.Sum256(got[i]) != sha256.Sum256(want) {
			t.Errorf("message %d:\ngot  %.300q\nwant %.300q", i+1, got[i], want)
		}
		if bytes.HasSuffix(raw, []byte("\n")) && sizes[i] != len(want) {
			t.Errorf("message %d: LIST says %d octets, RETR gave %d", i+1, sizes[i], len(want))
		}
	}
	holds(t, s, u, messages)
}

// parseRetrieved puts together what retrieve.lua prints: each message's size by
// LIST, and its octets by RETR.
func parseRetrieved(t *testing.T, text string) (sizes []int, messages [][]byte) {
	t.Helper()
	lines := strings.Split(text, "\n")
	next := func() string {
		if len(lines) == 0 {
			t.Fatal("the script's output ends early")
		}
		line := lines[0]
		lines = lines[1:]
		return line
	}
	var rows int
	scan(t, next(), "listing\t%d", &rows)
	for i := range rows {
		var number, size int
		scan(t, next(), "%d %d", &number, &size)
		if number != i+1 {
			t.Fatalf("row %d is of message %d", i+1, number)
		}
		sizes = append(sizes, size)
	}
	for len(lines) > 1 {
		var number, octets, count int
		scan(t, next(), "message\t%d\t%d\t%d", &number, &octets, &count)
		var message []byte
		for range count {
			message = append(append(message, next()...), "\r\n"...)
		}
		if number != len(messages)+1 || octets != len(message) {
			t.Fatalf("message %d of %d octets stands where %d of %d is", number, octets, len(messages)+1, len(message))
		}
		messages = append(messages, message)
	}
	return sizes, messages
}

func scan(t *testing.T, line, format string, into ...any) {
	t.Helper()
	if _, err := fmt.Sscanf(line, format, into...); err != nil {
		t.Fatalf("the script printed %.200q, which is not %q: %v", line, format, err)
	}
}

// The report has each message's size and unique-id too, and a run that only
// reads changes nothing.
func TestDovecotReportOfAll(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()[:50]
	u := fill(t, s, "anna", messages)
	host, port := at(t, s.TLSAddr())
	r := runPopherd(t, 0, retrieveScript, "--ca-file", s.CAFile, "--allow-net="+host, "-o", "json", "--", host, port, u.Name, "secret")
	a := r.account()
	sizes, _ := parseRetrieved(t, r.stderr.String())
	ids := map[string]bool{}
	for i, row := range a.Plan {
		ids[row.UniqueID] = true
		if row.Number != i+1 || row.Octets != int64(sizes[i]) || row.Decision != "keep" || row.Subject != "number "+strconv.Itoa(i+1) {
			t.Errorf("row %d of the report is %+v", i+1, row)
		}
	}
	if len(ids) != len(messages) || a.Messages != len(messages) || a.Outcome != "committed" {
		t.Errorf("got %d unique-ids, %d messages and outcome %s, want %d, %d and committed", len(ids), a.Messages, a.Outcome, len(messages), len(messages))
	}
	holds(t, s, u, messages)
}
