package dovecottest_test

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"
)

// talk is one POP3 session held by hand: no client library stands between the
// test and the server.
type talk struct {
	t        *testing.T
	conn     net.Conn
	r        *bufio.Reader
	greeting string
}

// hang ends a conversation that will never go on.
const hang = 30 * time.Second

// call opens a session; with a config, by implicit TLS.
func call(t *testing.T, addr string, config *tls.Config) *talk {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, hang)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if config != nil {
		conn = tls.Client(conn, config)
	}
	if err := conn.SetDeadline(time.Now().Add(hang)); err != nil {
		t.Fatal(err)
	}
	k := &talk{t: t, conn: conn, r: bufio.NewReader(conn)}
	k.greeting = k.line()
	return k
}

// line reads one line, without its CR LF.
func (k *talk) line() string {
	k.t.Helper()
	line, err := k.r.ReadString('\n')
	if err != nil {
		k.t.Fatalf("read: %v (so far %q)", err, line)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// ask sends a command and returns its status line.
func (k *talk) ask(command string) string {
	k.t.Helper()
	if _, err := k.conn.Write([]byte(command + "\r\n")); err != nil {
		k.t.Fatalf("%s: %v", command, err)
	}
	return k.line()
}

// ok sends a command that must succeed.
func (k *talk) ok(command string) string {
	k.t.Helper()
	line := k.ask(command)
	if !strings.HasPrefix(line, "+OK") {
		k.t.Fatalf("%s: got %q, want +OK", command, line)
	}
	return line
}

// text sends a command and returns the octets of its multi-line reply.
func (k *talk) text(command string) string {
	k.t.Helper()
	k.ok(command)
	var b strings.Builder
	for line := k.line(); line != "."; line = k.line() {
		b.WriteString(strings.TrimPrefix(line, ".") + "\r\n")
	}
	return b.String()
}

// login gives name and password.
func (k *talk) login(name, password string) {
	k.t.Helper()
	k.ok("USER " + name)
	k.ok("PASS " + password)
}

// stls turns the session into a TLS one.
func (k *talk) stls(config *tls.Config) {
	k.t.Helper()
	k.ok("STLS")
	k.conn = tls.Client(k.conn, config)
	k.r = bufio.NewReader(k.conn)
}
