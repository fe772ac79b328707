package pop3server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// A Server serves POP3 on any number of listeners. Its fields must not change
// after the first Serve; the zero value of each but NewSession is the safe
// choice. A negative duration or limit means none.
type Server struct {
	// NewSession makes the Session of a new connection, before the greeting.
	// An error refuses the connection, as said at Error. Required.
	NewSession func(Conn) (Session, error)

	// TLSConfig has the certificate: with it Serve offers STLS, without it
	// ServeTLS fails. It is cloned; the least version is TLS 1.2 and the ALPN
	// name "pop3".
	TLSConfig *tls.Config

	// InsecureAllowAuth permits USER, PASS and AUTH on a connection that
	// anyone on its way can read and change. APOP, which does not show the
	// secret, is permitted in any case.
	InsecureAllowAuth bool

	LoginTimeout time.Duration // from connect to login, handshakes included; 0 means 3 min
	IdleTimeout  time.Duration // from a reply to the whole next command; 0 means 10 min (RFC 1939 §3)
	WriteTimeout time.Duration // for the client to take 64 KiB; 0 means 60 s

	MaxConnections int // at once; 0 means 256. One more is refused with [SYS/TEMP], over TLS without a word
	MaxLogins      int // failed ones on a connection, after which it is closed; 0 means 5
	MaxBadCommands int // unknown, malformed or out of state in a row, likewise; 0 means 10

	// Timestamp returns the greeting's APOP timestamp, "<...@...>", another
	// each time (RFC 1939 §7); nil means a random one.
	Timestamp func() string

	// Capabilities are further rows of CAPA, such as "LOGIN-DELAY 60". One
	// whose name the server lists itself takes that row's place: "EXPIRE 60",
	// "IMPLEMENTATION example".
	Capabilities []string

	// Logger is told of logins, ends and faults; nil means nobody. Passwords,
	// secrets and message content are never logged.
	Logger *slog.Logger

	mu        sync.Mutex
	ctx       context.Context // of every Session; nil before the first Serve
	cancel    context.CancelFunc
	tls       *tls.Config // nil if there is no TLSConfig
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	running   sync.WaitGroup // one for each of conns
}

// Serve accepts connections on l, which it closes in the end, until l fails or
// the server is closed; then it returns ErrServerClosed, perhaps before the
// last connection has ended.
func (s *Server) Serve(l net.Listener) error { return s.serve(l, false) }

// ServeTLS is Serve with TLS from the first octet (RFC 8314). l must not be a
// TLS listener itself.
func (s *Server) ServeTLS(l net.Listener) error { return s.serve(l, true) }

func (s *Server) serve(l net.Listener, secure bool) error {
	defer l.Close()
	if secure && s.TLSConfig == nil {
		return errors.New("pop3server: ServeTLS without TLSConfig")
	}
	if s.NewSession == nil {
		return errors.New("pop3server: Server without NewSession")
	}
	if !s.listen(l) {
		return ErrServerClosed
	}
	defer s.unlisten(l)
	for {
		raw, err := s.accept(l)
		if err != nil {
			return err
		}
		s.handle(raw, secure)
	}
}

// accept waits for a connection. A temporary failure, such as too many open
// files, is waited out.
func (s *Server) accept(l net.Listener) (net.Conn, error) {
	wait := 5 * time.Millisecond
	for {
		raw, err := l.Accept()
		if err == nil {
			return raw, nil
		}
		if s.ctx.Err() != nil || s.isClosed() {
			return nil, ErrServerClosed
		}
		var failure interface{ Temporary() bool }
		if !errors.As(err, &failure) || !failure.Temporary() {
			return nil, err
		}
		s.log(slog.LevelWarn, "accept failed, trying again", "error", err, "wait", wait)
		select {
		case <-time.After(wait):
		case <-s.ctx.Done():
		}
		wait = min(2*wait, time.Second)
	}
}

// handle serves one connection in a goroutine of its own, or refuses it.
func (s *Server) handle(raw net.Conn, secure bool) {
	c := newConn(s, raw)
	if err := s.add(c); err != nil {
		if !secure && err != ErrServerClosed {
			raw.SetWriteDeadline(time.Now().Add(time.Second))
			raw.Write([]byte("-ERR [SYS/TEMP] " + err.Error() + "\r\n"))
		}
		raw.Close()
		return
	}
	go func() {
		defer s.remove(c)
		c.serve(secure)
	}()
}

// Close closes all listeners and connections, ends the context of every
// Session, and waits until all are closed. What a connection had marked is
// not removed. It must not be called from a Session.
func (s *Server) Close() error {
	s.stop(func(c *conn) bool { return true })
	s.mu.Lock()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// Shutdown closes all listeners and the connections that are not logged in,
// and waits for the others to end by themselves. When ctx ends first it does
// what Close does, and returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop(func(c *conn) bool { return !c.transaction.Load() })
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return s.Close()
	case <-ctx.Done():
		s.Close()
		<-done
		return ctx.Err()
	}
}

// stop takes no more connections, and drops those that are chosen.
func (s *Server) stop(chosen func(*conn) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		if chosen(c) {
			c.raw.Close()
		}
	}
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// listen registers l, unless the server is closed.
func (s *Server) listen(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancel(context.Background())
		s.listeners = map[net.Listener]struct{}{}
		s.conns = map[*conn]struct{}{}
		s.tls = strictTLS(s.TLSConfig)
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) unlisten(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
}

// add registers c, or says why it cannot be served.
func (s *Server) add(c *conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	if limit := orDefault(s.MaxConnections, 256); limit >= 0 && len(s.conns) >= limit {
		return errors.New("too many connections, try again later")
	}
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return nil
}

func (s *Server) remove(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.running.Done()
}

func (s *Server) log(level slog.Level, msg string, args ...any) {
	if s.Logger != nil {
		s.Logger.Log(s.ctx, level, msg, args...)
	}
}

// orDefault returns v, or def for zero.
func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
