package pop3server_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3/pop3server"
)

// oneShot is a connection whose client said all it will and hung up; what it
// is told is counted.
type oneShot struct {
	net.Conn // nil: nothing else is called
	said     *bytes.Reader
	told     bytes.Buffer
}

func (o *oneShot) Read(p []byte) (int, error)       { return o.said.Read(p) }
func (o *oneShot) Write(p []byte) (int, error)      { return o.told.Write(p) }
func (o *oneShot) Close() error                     { return nil }
func (o *oneShot) RemoteAddr() net.Addr             { return &net.UnixAddr{} }
func (o *oneShot) SetReadDeadline(time.Time) error  { return nil }
func (o *oneShot) SetWriteDeadline(time.Time) error { return nil }

// quits reports whether said has a line that is QUIT and nothing else, as the
// server reads lines, and a login before it.
func quits(said []byte) bool {
	loggedIn := false
	for line := range bytes.Lines(said) {
		word, whole := strings.CutSuffix(string(line), "\n")
		word = strings.ToUpper(strings.TrimSuffix(word, "\r"))
		if loggedIn && whole && strings.TrimRight(word, " ") == "QUIT" {
			return true
		}
		loggedIn = loggedIn || strings.HasPrefix(word, "PASS ") || strings.HasPrefix(word, "AUTH")
	}
	return false
}

// Whatever a client says, the server ends, does not panic, updates only after
// QUIT in TRANSACTION, and closes the session once.
func FuzzServer(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\nSTAT\r\nLIST\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n"))
	f.Add([]byte("USER a\r\nPASS b\r\nTOP 1 3\r\nUIDL\r\nUIDL 2\r\nRSET\r\nNOOP\r\nRETR 2\r\n"))
	f.Add([]byte("CAPA\r\nAUTH PLAIN\r\n" + b64("\x00a\x00b") + "\r\nDELE 2\r\nDELE 2\r\nQUIT"))
	f.Add([]byte("AUTH PLAIN " + b64("\x00a\x00b") + "\r\nquit \r\n"))
	f.Add([]byte("AUTH PLAIN\r\n*\r\nLANG\r\nLANG *\r\nUTF8\r\nSTLS\r\nAPOP mrose c4c9334bac560ecc979e58001b3e22fb\r\n"))
	f.Add([]byte("USER a\nPASS b\nLIST 0\nLIST 99999999999999999999\nTOP 1 -1\nQUIT x\nQUIT\n"))
	f.Add([]byte("USER a\nPASS  \nxyz\nQUIT\n")) // a password of one blank
	f.Add([]byte(strings.Repeat("x", 300)))
	f.Fuzz(func(t *testing.T, said []byte) {
		session := &stub{
			messages: []pop3server.Message{{Octets: 3, UniqueID: "1"}, {Octets: 4, UniqueID: "2"}},
			body:     func() io.Reader { return strings.NewReader(".\r\n\r\n.x") },
		}
		var log lockedBuffer
		s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true, Logger: logger(&log)}
		l := newPipes()
		conn := &oneShot{said: bytes.NewReader(said)}
		go func() {
			l.conns <- conn
			l.Close()
		}()
		s.Serve(l)
		s.Shutdown(context.Background())
		updates, closes := session.ends()
		if closes != 1 {
			t.Errorf("%d closes, want 1", closes)
		}
		if updates > 1 || updates == 1 && !quits(said) {
			t.Errorf("%d updates", updates)
		}
		if strings.Contains(log.String(), "panic") {
			t.Errorf("a panic:\n%s", log.String())
		}
		if !strings.HasPrefix(conn.told.String(), "+OK") {
			t.Errorf("told %.80q", conn.told.String())
		}
	})
}
