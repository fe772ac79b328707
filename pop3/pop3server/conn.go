package pop3server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// Why a connection ends before its client hangs up.
var (
	errQuit     = errors.New("QUIT")
	errLine     = errors.New("the command line is too long")
	errBad      = errors.New("too many bad commands")
	errLogins   = errors.New("too many failed logins")
	errInjected = errors.New("octets followed STLS in the clear")
)

// A conn is one connection. All but raw and transaction is its goroutine's.
type conn struct {
	server      *Server
	raw         net.Conn
	transaction atomic.Bool // logged in, for Shutdown
	ctx         context.Context
	stream      *stream
	reader      *wire.Reader
	session     Session // nil before NewSession and after its Close
	stamp       string  // the greeting's timestamp; empty without APOP
	user        string  // of a USER just given
	utf8        bool    // UTF8 was given
	drop        drop
	text        wire.TextWriter
	octets      []byte // to copy messages through; nil before the first
	logins      int    // failed
	bad         int    // commands, in a row
}

func newConn(s *Server, raw net.Conn) *conn { return &conn{server: s, raw: raw} }

// RemoteAddr implements Conn.
func (c *conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// LocalAddr implements Conn.
func (c *conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// TLS implements Conn.
func (c *conn) TLS() (tls.ConnectionState, bool) {
	if secure, ok := c.stream.conn.(*tls.Conn); ok {
		return secure.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// secure reports whether the connection has TLS.
func (c *conn) secure() bool {
	_, ok := c.stream.conn.(*tls.Conn)
	return ok
}

// serve is the life of a connection.
func (c *conn) serve(secure bool) {
	ctx, cancel := context.WithCancel(c.server.ctx)
	defer cancel()
	c.ctx = ctx
	c.stream = newStream(c.raw, c.server)
	c.reader = wire.NewReader(c.stream)
	err := guarded(func() error { return c.talk(secure) })
	if err == errQuit {
		c.stream.conn.Close() // with TLS's own goodbye
	}
	c.raw.Close()
	c.closeSession()
	c.logEnd(err)
}

// guarded calls f and returns its panic as an error: a faulty Session costs
// its own connection and no other.
func guarded(f func() error) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = &panicError{reason, debug.Stack()}
		}
	}()
	return f()
}

type panicError struct {
	reason any
	stack  []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.reason) }

// closeSession closes the session if there is one left.
func (c *conn) closeSession() {
	session := c.session
	if session == nil {
		return
	}
	c.session = nil
	if err := guarded(session.Close); err != nil {
		c.log(slog.LevelError, "session failed to close", "error", err)
	}
}

// talk greets, and answers commands until the connection ends.
func (c *conn) talk(secure bool) error {
	if secure {
		if err := c.handshake(); err != nil {
			return err
		}
	}
	if err := c.greet(); err != nil {
		c.stream.replies.Flush()
		return err
	}
	for {
		line, err := c.line(commandLimit)
		if err == nil {
			err = c.command(line)
		}
		if err == nil {
			err = c.stream.err
		}
		if err != nil {
			c.stream.replies.Flush() // the last reply, if there is one
			return err
		}
	}
}

// greet makes the session and greets.
func (c *conn) greet() error {
	session, err := c.server.NewSession(c)
	if err != nil {
		c.refuse("connect", err)
		return err
	}
	c.session = session
	if _, ok := session.(SessionAPOP); ok {
		c.stamp = c.server.timestamp()
		c.ok("POP3 server ready " + c.stamp)
	} else {
		c.ok("POP3 server ready")
	}
	return nil
}

func (s *Server) timestamp() string {
	if s.Timestamp != nil {
		return s.Timestamp()
	}
	return "<" + rand.Text() + "@popherd>"
}

// line reads one line of at most limit octets.
func (c *conn) line(limit int) (string, error) {
	c.stream.nextLine()
	line, err := c.reader.Line(limit)
	if err == wire.ErrTooLong {
		c.err("", errLine.Error())
		err = errLine
	}
	return string(line), err
}

// logEnd tells the Logger why the connection ended.
func (c *conn) logEnd(err error) {
	var panicked *panicError
	switch {
	case errors.As(err, &panicked):
		c.log(slog.LevelError, "session panicked", "error", err, "stack", string(panicked.stack))
	case err == errQuit, errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		c.log(slog.LevelDebug, "connection closed", "reason", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.log(slog.LevelInfo, "connection timed out", "reason", err)
	default:
		c.log(slog.LevelInfo, "connection dropped", "reason", err)
	}
}

func (c *conn) log(level slog.Level, msg string, args ...any) {
	if c.server.Logger != nil {
		c.server.log(level, msg, append(args, "remote", c.raw.RemoteAddr().String())...)
	}
}
