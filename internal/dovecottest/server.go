package dovecottest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Bounds of waits that end at once unless something hangs.
const (
	startLimit = 30 * time.Second
	stopLimit  = 5 * time.Second
	idleLimit  = 30 * time.Second
	pollEvery  = 2 * time.Millisecond
)

// startTries is how often Start picks new ports after losing one to another program.
const startTries = 5

// errPortTaken means that another program took a port between choosing and using it.
var errPortTaken = errors.New("port taken")

// Options says what a test needs otherwise than usual. The zero value is a
// server that takes passwords without TLS and offers STLS and POP3S too.
type Options struct {
	// RefusePlaintext demands TLS before a password (disable_plaintext_auth).
	// The server then listens on 127.0.0.2: Dovecot regards a client whose
	// address equals the server's as safe and would not refuse it.
	RefusePlaintext bool

	// Extra is configuration text put after all else, so that it wins:
	// "pop3_lock_session = yes", "ssl = no". Lines in doveconf's grammar.
	Extra string
}

// T is what a Server needs of the test that it belongs to: a *testing.T or *B,
// or what a program puts in its place. Fatalf and Skipf do not return.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Failed() bool
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
}

// Server is a running Dovecot. It stops when its test ends.
type Server struct {
	Pool   *x509.CertPool // the CA that signed the server's certificate
	CAFile string         // the same CA, a PEM file

	t           T
	options     Options
	root        string // everything of this server is below it
	host        string // the address it listens on
	owner       account
	plain, tls  int // ports
	master      *master
	users, seen int // accounts made, messages delivered
}

// Start starts Dovecot and returns when it greets. The certificate is valid
// for localhost, 127.0.0.1 and 127.0.0.2. Where Dovecot cannot be run, the
// test is skipped, or fails if POPHERD_REAL_SERVERS is 1. When the test has
// failed, its log shows Dovecot's. A Start and the end take about 50 ms together.
func Start(t T, options Options) *Server {
	t.Helper()
	binary, version, err := find()
	if err != nil {
		absent(t, err)
	}
	s := &Server{t: t, options: options, host: "127.0.0.1", owner: mailOwner()}
	if options.RefusePlaintext {
		s.host = "127.0.0.2"
	}
	if err := s.prepare(); err != nil {
		t.Fatalf("dovecot %s: %v", version, err)
	}
	t.Cleanup(s.stop)
	for try := 1; ; try++ {
		err := s.run(binary)
		if err == nil {
			return s
		}
		if !errors.Is(err, errPortTaken) || try == startTries {
			t.Fatalf("dovecot %s: %v", version, err)
		}
	}
}

// Addr is the address for POP3 without TLS and for STLS, as "host:port".
func (s *Server) Addr() string { return net.JoinHostPort(s.host, fmt.Sprint(s.plain)) }

// TLSAddr is the address for POP3S (implicit TLS), as "host:port".
func (s *Server) TLSAddr() string { return net.JoinHostPort(s.host, fmt.Sprint(s.tls)) }

// Kill ends the server and every session at once, as a power cut would; what
// is in the maildrops can still be read. It may be called twice.
func (s *Server) Kill() { s.master.kill() }

// WaitIdle returns when no session is open: all that clients had asked for,
// and all that follows from their closing the connection, is then done. A
// session that stays open fails the test. Call it from the test's goroutine.
func (s *Server) WaitIdle() {
	s.t.Helper()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	hung := time.After(idleLimit)
	for {
		n, err := s.master.sessions()
		if err != nil {
			s.t.Fatalf("dovecot sessions: %v", err)
		}
		if n == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-hung:
			s.t.Fatalf("dovecot: %d sessions still open after %v", n, idleLimit)
		}
	}
}

// prepare makes the server's folder. It is not t.TempDir, which only its own
// user may enter (Dovecot changes users) and whose path, holding the test's
// name, soon exceeds the 107 octets of a Unix socket's address.
func (s *Server) prepare() (err error) {
	if s.root, err = os.MkdirTemp("", "dovecot"); err != nil {
		return err
	}
	s.t.Cleanup(func() {
		if err := os.RemoveAll(s.root); err != nil {
			s.t.Errorf("dovecot: %v", err)
		}
	})
	if err := os.Chmod(s.root, 0o711); err != nil {
		return err
	}
	for _, dir := range []string{"base", "state", "users", "home"} {
		if err := os.Mkdir(s.path(dir), 0o755); err != nil {
			return err
		}
	}
	return s.makeCertificate()
}

// run starts Dovecot on fresh ports and waits for its greeting.
func (s *Server) run(binary string) (err error) {
	if s.plain, s.tls, err = freePorts(s.host); err != nil {
		return err
	}
	config, err := s.config()
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.path("dovecot.conf"), []byte(config), 0o644); err != nil {
		return err
	}
	if s.master, err = launch(binary, s.path("dovecot.conf"), s.path("log")); err != nil {
		return err
	}
	if err := s.ready(); err != nil {
		s.master.kill()
		return err
	}
	return nil
}

// ready waits until the server greets, dies, or takes too long.
func (s *Server) ready() error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	hung := time.After(startLimit)
	for {
		err := s.greeted()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-s.master.done:
			if strings.Contains(s.log(), "Address already in use") {
				return errPortTaken
			}
			return fmt.Errorf("ended instead of starting:\n%s", s.log())
		case <-hung:
			return fmt.Errorf("not ready after %v: %w\n%s", startLimit, err, s.log())
		}
	}
}

// greeted reports whether this very server greets: the greeting names its
// folder, since a port that was lost may belong to another test's Dovecot.
func (s *Server) greeted() error {
	conn, err := net.DialTimeout("tcp", s.Addr(), startLimit)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(startLimit)); err != nil {
		return err
	}
	line := make([]byte, 512)
	n, err := conn.Read(line)
	if err != nil {
		return err
	}
	if got := string(line[:n]); !strings.HasPrefix(got, "+OK "+s.name()) {
		return fmt.Errorf("greeting %q is not ours", got)
	}
	return nil
}

// stop ends the server when its test does, and shows its log if that failed.
func (s *Server) stop() {
	if s.master != nil {
		s.master.kill()
	}
	if s.t.Failed() {
		s.t.Logf("dovecot's log:\n%s", s.log())
	}
}

// log is what Dovecot and its launcher have written so far.
func (s *Server) log() string {
	text, err := os.ReadFile(s.path("log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *Server) name() string { return filepath.Base(s.root) }

func (s *Server) path(name string) string { return filepath.Join(s.root, name) }

// freePorts asks the kernel for two ports of host that nobody uses now.
func freePorts(host string) (int, int, error) {
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return 0, 0, err
		}
		defer l.Close() // both stay open till the end, so that they differ
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}
