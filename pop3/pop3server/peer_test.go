package pop3server_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
	"github.com/popherd/popherd/pop3/pop3test"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipes is a listener whose connections are net.Pipes: in memory, unbuffered,
// and under synctest's clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// dial returns the client's end of a new connection.
func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// start serves s until the test ends.
func start(t testing.TB, s *pop3server.Server) *pipes {
	t.Helper()
	l := newPipes()
	serve(t, s, l, s.Serve)
	return l
}

// startTCP serves s on loopback until the test ends, and returns its address.
func startTCP(t testing.TB, s *pop3server.Server, secure bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	how := s.Serve
	if secure {
		how = s.ServeTLS
	}
	serve(t, s, l, how)
	return l.Addr().String()
}

func serve(t testing.TB, s *pop3server.Server, l net.Listener, how func(net.Listener) error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- how(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != pop3server.ErrServerClosed {
			t.Errorf("serve: got %v, want ErrServerClosed", err)
		}
	})
}

// plainServer serves m and takes passwords in the clear.
func plainServer(m *pop3server.Memory) *pop3server.Server {
	return &pop3server.Server{NewSession: m.NewSession, InsecureAllowAuth: true}
}

// A peer is the client's end, line by line.
type peer struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// connect opens a connection, which ends with the test.
func connect(t testing.TB, l *pipes) *peer {
	t.Helper()
	return newPeer(t, l.dial())
}

func newPeer(t testing.TB, conn net.Conn) *peer {
	t.Cleanup(func() { conn.Close() })
	return &peer{t: t, conn: conn, r: bufio.NewReader(conn)}
}

// play plays a dialogue: "C: line" is sent, "S: line" awaited. A last "..." of
// an awaited line stands for anything, "S: EOF" for the connection's end.
func (p *peer) play(dialogue string) {
	p.t.Helper()
	for line := range strings.Lines(dialogue) {
		line = strings.TrimSuffix(strings.TrimLeft(line, " \t"), "\n")
		if sent, ok := strings.CutPrefix(line, "C:"); ok {
			p.send(strings.TrimPrefix(sent, " "))
		} else if want, ok := strings.CutPrefix(line, "S:"); ok {
			p.await(strings.TrimPrefix(want, " "))
		} else if line != "" {
			p.t.Fatalf("not a line of a dialogue: %q", line)
		}
	}
}

func (p *peer) send(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, line+"\r\n"); err != nil {
		p.t.Fatalf("send %.40q: %v", line, err)
	}
}

func (p *peer) line() (string, error) {
	line, err := p.r.ReadString('\n')
	return strings.TrimSuffix(line, "\r\n"), err
}

func (p *peer) await(want string) {
	p.t.Helper()
	got, err := p.line()
	if want == "EOF" {
		if err == nil {
			p.t.Fatalf("got %q, want the end of the connection", got)
		}
		return
	}
	if err != nil {
		p.t.Fatalf("want %q: %v after %q", want, err, got)
	}
	start, open := strings.CutSuffix(want, "...")
	if got != want && !(open && strings.HasPrefix(got, start)) {
		p.t.Fatalf("got  %q\nwant %q", got, want)
	}
}

// text reads a multi-line response, dot-stuffed, its terminator included.
func (p *peer) text() string {
	p.t.Helper()
	var all strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		all.WriteString(line)
		if err != nil {
			p.t.Fatalf("text: %v", err)
		}
		if line == ".\r\n" && (all.Len() == 3 || strings.HasSuffix(all.String(), "\r\n.\r\n")) {
			return all.String()
		}
	}
}

// login logs in to a Memory of "ann" with "secret".
func (p *peer) login() {
	p.t.Helper()
	p.play("S: +OK...\nC: USER ann\nS: +OK...\nC: PASS secret\nS: +OK...")
}

// certificate returns the two ends of a TLS setting for 127.0.0.1.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	ca := pop3test.NewCA(t)
	server, err := ca.ServerConfig(pop3test.Good)
	if err != nil {
		t.Fatal(err)
	}
	client = ca.ClientConfig()
	client.ServerName = "127.0.0.1"
	return server, client
}

func logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
