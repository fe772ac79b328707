package pop3server_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3/pop3server"
)

// Only QUIT after login updates; every session is closed, once.
func TestUpdateOnlyAfterQuit(t *testing.T) {
	tests := map[string]struct {
		dialogue string
		updates  int
	}{
		"quit before login":    {"S: +OK...\nC: QUIT\nS: +OK...\nS: EOF", 0},
		"lost before login":    {"S: +OK...", 0},
		"lost with a mark":     {"S: +OK...\nC: USER a\nS: +OK...\nC: PASS b\nS: +OK...\nC: DELE 1\nS: +OK...", 0},
		"quit with an operand": {"S: +OK...\nC: USER a\nS: +OK...\nC: PASS b\nS: +OK...\nC: QUIT x\nS: -ERR...", 0},
		"quit":                 {"S: +OK...\nC: USER a\nS: +OK...\nC: PASS b\nS: +OK...\nC: DELE 1\nS: +OK...\nC: QUIT\nS: +OK...\nS: EOF", 1},
		"quit without a mark":  {"S: +OK...\nC: USER a\nS: +OK...\nC: PASS b\nS: +OK...\nC: QUIT\nS: +OK...\nS: EOF", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			session := &stub{messages: []pop3server.Message{{Octets: 1, UniqueID: "x"}}}
			s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}
			p := connect(t, start(t, s))
			p.play(test.dialogue)
			p.conn.Close()
			s.Close()
			if updates, closes := session.ends(); updates != test.updates || closes != 1 {
				t.Errorf("got %d updates and %d closes, want %d and 1", updates, closes, test.updates)
			}
		})
	}
}

func TestUpdateRemovesWhatIsMarked(t *testing.T) {
	m := three()
	p := connect(t, start(t, plainServer(m)))
	p.login()
	p.play("C: DELE 2\nS: +OK...\nC: RSET\nS: +OK...\nC: DELE 3\nS: +OK...\nC: DELE 1\nS: +OK...\nC: QUIT\nS: +OK signing off (1 message left)")
	left := m.Messages()
	if len(left) != 1 || string(left[0]) != second {
		t.Errorf("left %q, want the second message", left)
	}
}

// A line that never ended is no QUIT.
func TestHalfQuit(t *testing.T) {
	m := three()
	s := plainServer(m)
	p := connect(t, start(t, s))
	p.login()
	p.play("C: DELE 1\nS: +OK...")
	if _, err := p.conn.Write([]byte("QUIT")); err != nil {
		t.Fatal(err)
	}
	p.conn.Close()
	s.Close()
	if got := len(m.Messages()); got != 3 {
		t.Errorf("%d messages left, want 3", got)
	}
}

// A session that panics costs its own connection; the server goes on, and the
// session is closed, so that its maildrop is free.
func TestPanickingSession(t *testing.T) {
	const in = "S: +OK...\nC: USER a\nS: +OK...\nC: PASS b\n"
	tests := map[string]string{
		"login":  in + "S: EOF",
		"list":   in + "S: EOF",
		"open":   in + "S: +OK...\nC: RETR 1\nS: EOF",
		"read":   in + "S: +OK...\nC: RETR 1\nS: EOF",
		"update": in + "S: +OK...\nC: QUIT\nS: EOF",
		"close":  in + "S: +OK...\nC: QUIT\nS: +OK...\nS: EOF",
	}
	for method, dialogue := range tests {
		t.Run(method, func(t *testing.T) {
			var log lockedBuffer
			session := &stub{messages: []pop3server.Message{{Octets: 1, UniqueID: "x"}}, panics: method}
			session.body = func() io.Reader { return panicking{} }
			s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true, Logger: logger(&log)}
			l := start(t, s)
			connect(t, l).play(dialogue)
			connect(t, l).play("S: +OK...\nC: CAPA\nS: +OK...")
			s.Close()
			if _, closes := session.ends(); closes != 2 {
				t.Errorf("got %d closes, want 2", closes)
			}
			if got := log.String(); !strings.Contains(got, "panic in "+method) {
				t.Errorf("the log has no panic:\n%s", got)
			}
		})
	}
}

// panicking is a message that cannot be read.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("panic in read") }

func TestConnectionLimit(t *testing.T) {
	s := plainServer(three())
	s.MaxConnections = 2
	l := start(t, s)
	one, two := connect(t, l), connect(t, l)
	one.play("S: +OK...")
	two.play("S: +OK...")
	connect(t, l).play("S: -ERR [SYS/TEMP] too many connections, try again later\nS: EOF")

	one.play("C: QUIT\nS: +OK...\nS: EOF")
	for { // the place is free once the goroutine has ended
		line, err := connect(t, l).line()
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(line, "+OK") {
			return
		}
	}
}

func TestExclusiveMaildrop(t *testing.T) {
	m := three().Exclusive()
	l := start(t, plainServer(m))
	one, two := connect(t, l), connect(t, l)
	one.login()
	two.play("S: +OK...\nC: USER ann\nS: +OK...\nC: PASS secret\nS: -ERR [IN-USE]...")
	one.play("C: QUIT\nS: +OK...") // the reply means that the lock is gone
	two.play("C: USER ann\nS: +OK...\nC: PASS secret\nS: +OK...")
}

func TestClose(t *testing.T) {
	session := &stub{messages: []pop3server.Message{{Octets: 1, UniqueID: "x"}}}
	s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}
	l := start(t, s)
	p := connect(t, l)
	p.login()
	p.play("C: DELE 1\nS: +OK...")
	s.Close()
	p.play("S: EOF")
	if updates, closes := session.ends(); updates != 0 || closes != 1 {
		t.Errorf("got %d updates and %d closes, want 0 and 1", updates, closes)
	}
	if err := s.Serve(newPipes()); err != pop3server.ErrServerClosed {
		t.Errorf("Serve after Close: got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if err := new(pop3server.Server).Close(); err != nil {
		t.Errorf("Close without Serve: %v", err)
	}
}

// waiting is a Session whose Login waits for its context.
type waiting struct{ stub }

func (w *waiting) Login(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCloseEndsTheContextOfSessions(t *testing.T) {
	session := &waiting{}
	s := &pop3server.Server{
		NewSession:        func(pop3server.Conn) (pop3server.Session, error) { return session, nil },
		InsecureAllowAuth: true,
	}
	p := connect(t, start(t, s))
	p.play("S: +OK...\nC: USER a\nS: +OK...\nC: PASS b")
	s.Close()
	if _, closes := session.ends(); closes != 1 {
		t.Errorf("got %d closes, want 1", closes)
	}
}

// Shutdown lets a session that is logged in come to its QUIT, and drops the
// others.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := three()
		s := plainServer(m)
		l := start(t, s)
		in, out := connect(t, l), connect(t, l)
		in.login()
		out.play("S: +OK...")
		done := make(chan error)
		go func() { done <- s.Shutdown(context.Background()) }()
		out.play("S: EOF")
		in.play("C: DELE 1\nS: +OK...\nC: QUIT\nS: +OK...\nS: EOF")
		if err := <-done; err != nil {
			t.Errorf("got %v", err)
		}
		if got := len(m.Messages()); got != 2 {
			t.Errorf("%d messages left, want 2", got)
		}
	})
}

func TestShutdownThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := three()
		s := plainServer(m)
		p := connect(t, start(t, s))
		p.login()
		p.play("C: DELE 1\nS: +OK...")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a passed deadline", err)
		}
		p.play("S: EOF")
		if got := len(m.Messages()); got != 3 {
			t.Errorf("%d messages left, want 3", got)
		}
	})
}

// flaky is a listener that fails for a while, as at the limit of open files.
type flaky struct {
	*pipes
	failures int
}

func (f *flaky) Accept() (net.Conn, error) {
	if f.failures > 0 {
		f.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return f.pipes.Accept()
}

func TestAcceptFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := plainServer(three())
		l := &flaky{newPipes(), 8}
		began := time.Now()
		serve(t, s, l, s.Serve)
		connect(t, l.pipes).play("S: +OK...")
		if got := time.Since(began); got < time.Second || got > 10*time.Second {
			t.Errorf("waited %v in all", got)
		}
	})
	s := plainServer(three())
	l := newPipes()
	l.Close()
	if err := s.Serve(l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want the listener's error", err)
	}
}

func TestServeNeedsSessions(t *testing.T) {
	if err := new(pop3server.Server).Serve(newPipes()); err == nil {
		t.Error("no error")
	}
}
