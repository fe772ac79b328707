package pop3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A stream is the connection under its deadlines. Reads and writes may run at
// once, each in one goroutine.
type stream struct {
	opts        *Options
	session     time.Time   // the moment SessionTimeout ends; zero for never
	interrupted atomic.Bool // a context ended: no deadline may be moved any more

	// conn is the owner's; mu is for the others, who may close it or move its
	// deadline, and for STLS, which replaces it.
	mu     sync.Mutex
	conn   net.Conn
	closed bool

	// What the current read waits for.
	op    string    // "command" or "read"
	until time.Time // of a status line, once it is waited for; a text's reads each have ReadTimeout
	armed time.Time // the connection's read deadline, as Read set it

	waited time.Duration // spent in reads of the current text
	got    int64         // octets of the current text
}

// throughputGrace is how long a text may be waited for before its rate counts.
const throughputGrace = 30 * time.Second

func newStream(conn net.Conn, opts *Options) *stream {
	return &stream{conn: conn, opts: opts, session: after(opts.SessionTimeout)}
}

// after returns the moment d from now, or never for a negative d.
func after(d time.Duration) time.Time {
	if d < 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// awaitStatus starts the wait for one status line.
func (s *stream) awaitStatus() {
	s.op, s.until = "command", time.Time{}
}

// awaitText starts the wait for a text.
func (s *stream) awaitText() {
	s.op, s.until = "read", time.Time{}
	s.waited, s.got = 0, 0
}

// Read implements io.Reader for the wire.Reader above it.
func (s *stream) Read(p []byte) (int, error) {
	start := time.Now()
	n, err := s.readBefore(p, s.deadline(start))
	if s.op == "read" {
		s.waited += time.Since(start)
		s.got += int64(n)
		if err == nil && s.slow() {
			return 0, &TimeoutError{Op: "throughput", Limit: s.waited.Round(time.Second)}
		}
	}
	return n, s.timeout(err, s.op)
}

// deadline is the moment at which a read that starts now has waited too long.
func (s *stream) deadline(now time.Time) time.Time {
	limit, until := s.opts.ReadTimeout, time.Time{}
	if s.op == "command" {
		limit, until = s.opts.CommandTimeout, s.until
	}
	if until.IsZero() && limit >= 0 {
		until = now.Add(limit)
	}
	if s.op == "command" {
		s.until = until
	}
	return earliest(until, s.session)
}

// readBefore reads under a deadline. Moving the connection's deadline costs as
// much as parsing a short answer, so that one a little too early is left there,
// and moved when it has passed.
func (s *stream) readBefore(p []byte, deadline time.Time) (int, error) {
	early := !s.armed.IsZero() && !s.armed.After(deadline) && deadline.Sub(s.armed) < earlyDeadline
	for {
		if !early && !deadline.Equal(s.armed) {
			if err := s.conn.SetReadDeadline(deadline); err != nil {
				return 0, err
			}
			s.armed = deadline
		}
		if s.interrupted.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		n, err := s.conn.Read(p)
		if n > 0 || !early || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		early = false
	}
}

// earlyDeadline is how much too early a connection's deadline may be.
const earlyDeadline = time.Second

// slow reports whether the text arrives under the least rate.
func (s *stream) slow() bool {
	return s.opts.MinThroughput > 0 && s.waited > throughputGrace &&
		float64(s.got) < float64(s.opts.MinThroughput)*s.waited.Seconds()
}

// Write sends p under CommandTimeout.
func (s *stream) Write(p []byte) (int, error) {
	if err := s.conn.SetWriteDeadline(earliest(after(s.opts.CommandTimeout), s.session)); err != nil {
		return 0, err
	}
	if s.interrupted.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := s.conn.Write(p)
	return n, s.timeout(err, "command")
}

// timeout names the timeout that err, a passed deadline, stands for.
func (s *stream) timeout(err error, op string) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) || s.interrupted.Load() {
		return err
	}
	if !s.session.IsZero() && !time.Now().Before(s.session) {
		return &TimeoutError{Op: "session", Limit: s.opts.SessionTimeout}
	}
	if op == "read" {
		return &TimeoutError{Op: op, Limit: s.opts.ReadTimeout}
	}
	return &TimeoutError{Op: op, Limit: s.opts.CommandTimeout}
}

// watch makes the end of ctx interrupt reads and writes, until the function it
// returns is called.
func (s *stream) watch(ctx context.Context) (unwatch func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	if ctx.Err() != nil { // AfterFunc would come too late to stop a write
		s.interrupted.Store(true)
	}
	stop := context.AfterFunc(ctx, func() {
		s.interrupted.Store(true)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.conn.SetDeadline(time.Unix(1, 0))
	})
	return func() { stop() }
}

// secure replaces the connection by TLS over it.
func (s *stream) secure(conn *tls.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn, s.armed = conn, time.Time{}
	if s.closed {
		conn.NetConn().Close()
	}
}

// close drops the connection at once. TLS's close_notify is not sent: it can
// block for 5 s on a peer that does not read, and POP3 has QUIT for a goodbye.
func (s *stream) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if secure, ok := s.conn.(*tls.Conn); ok {
		return secure.NetConn().Close()
	}
	return s.conn.Close()
}

// earliest returns the sooner of two moments, of which zero means never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
