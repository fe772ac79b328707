package pop3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A State is where in RFC 1939's life of a session a Client stands.
type State int

// The states of a session. UPDATE has none: Quit passes through it.
const (
	Authorization State = iota // before login
	Transaction                // after login
	Closed                     // after Quit, Close or a fault
)

// String returns the RFC's name of the state.
func (s State) String() string {
	return [...]string{"AUTHORIZATION", "TRANSACTION", "CLOSED"}[s]
}

// statusLimit bounds a status line, its CR LF included. RFC 2449 §4 promises
// 512; poplib takes 2048.
const statusLimit = 2048

// A Client is one POP3 session. It is for one goroutine at a time; only Close
// may be called from another.
type Client struct {
	opts     Options
	host     string
	stream   *stream
	reader   *wire.Reader
	greeting string
	line     string // the last status line
	tls      bool
	state    State
	caps     Capabilities // nil until asked for in this state

	loginDelay time.Duration // that the last answer to CAPA named
	secrets    secrets
	text       *Text // open, or nil
	piping     bool  // a pipeline has commands in flight
	trust      trust // what pipelines learned of the server
	marked     int   // DELEs that the server accepted
	broken     error // why the session is dead
	closed     atomic.Bool
	tracing    sync.Mutex
}

// NewClient starts a session on conn, which it owns from now on, and reads the
// greeting. host is the name that a certificate must have. A refusal in the
// greeting, such as [IN-USE], is an *Error, and conn is closed.
func NewClient(ctx context.Context, conn net.Conn, host string, o *Options) (*Client, error) {
	opts := o.withDefaults()
	c := &Client{opts: opts, host: host}
	_, c.tls = conn.(*tls.Conn)
	c.stream = newStream(conn, &c.opts)
	c.reader = wire.NewReader(c.stream)
	defer c.stream.watch(ctx)()
	line, err := c.readStatus(ctx, "greeting")
	if err != nil {
		c.Close()
		return nil, err
	}
	c.greeting = line
	return c, nil
}

// Greeting returns the server's first line, "+OK ...".
func (c *Client) Greeting() string { return c.greeting }

// State returns where the session stands.
func (c *Client) State() State {
	if c.closed.Load() || c.broken != nil {
		return Closed
	}
	return c.state
}

// TLS returns the state of the session's TLS, and whether it has any.
func (c *Client) TLS() (tls.ConnectionState, bool) {
	if conn, ok := c.stream.conn.(*tls.Conn); ok {
		return conn.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// Close ends the session without QUIT: the server drops every mark and
// deletes nothing. It may be called more than once.
func (c *Client) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	return c.stream.close()
}

// ready reports why no command can be given now, if so.
func (c *Client) ready() error {
	if err := c.alive(); err != nil {
		return err
	}
	if c.text != nil || c.piping {
		return ErrBusy
	}
	return nil
}

// alive reports why the session has ended, if so.
func (c *Client) alive() error {
	switch {
	case c.broken != nil:
		return ErrBroken
	case c.closed.Load():
		return ErrClosed
	}
	return nil
}

// fail makes the session dead because of err, which it returns.
func (c *Client) fail(ctx context.Context, err error) error {
	if c.stream.interrupted.Load() && ctx.Err() != nil {
		err = contextError(ctx)
	}
	if c.broken == nil {
		c.broken = err
	}
	c.text = nil
	c.Close()
	return err
}

// contextError is ctx's end as an error of this package: a deadline is a
// *TimeoutError, a cancellation keeps its cause.
func contextError(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.DeadlineExceeded) {
		return &TimeoutError{Op: "session"}
	}
	return &interruptedError{cause, ctx.Err()}
}

// interruptedError is a command that its context cancelled.
type interruptedError struct{ cause, err error }

func (e *interruptedError) Error() string   { return "pop3: interrupted: " + e.cause.Error() }
func (e *interruptedError) Unwrap() []error { return []error{e.cause, e.err} }

// readLine reads one line of command's reply, traced.
func (c *Client) readLine(ctx context.Context, command string) (string, error) {
	line, err := c.readUntraced(ctx, command)
	if err == nil && c.opts.Trace != nil {
		c.trace(TraceEvent{Line: c.secrets.redact(line)})
	}
	return line, err
}

// readUntraced reads one line of command's reply.
func (c *Client) readUntraced(ctx context.Context, command string) (string, error) {
	c.stream.awaitStatus()
	octets, err := c.reader.Line(statusLimit)
	if err != nil {
		return "", c.fail(ctx, readError(command, "status line", statusLimit, err))
	}
	if string(octets) != c.line { // many lines are alike, and then one string
		c.line = string(octets)
	}
	return c.line, nil
}

// readStatus reads the status line of command's reply. "-ERR" is an *Error.
func (c *Client) readStatus(ctx context.Context, command string) (string, error) {
	line, err := c.readLine(ctx, command)
	if err != nil {
		return "", err
	}
	return line, c.checkStatus(ctx, command, line)
}

// checkStatus judges a status line: nil, an *Error, or the session's end.
func (c *Client) checkStatus(ctx context.Context, command, line string) error {
	if strings.HasPrefix(line, "+") {
		return nil
	}
	status, err := wire.ParseStatus(line)
	safe := c.secrets.redact(line)
	if err != nil {
		return c.fail(ctx, &ProtocolError{Command: command, Line: shorten(safe), Reason: "not a POP3 reply"})
	}
	return &Error{
		Command: command,
		Code:    c.safeCode(status.Code, safe),
		Text:    c.secrets.hide(status.Text),
		Line:    safe,
	}
}

// safeCode is a response code without secrets: one that the RFCs know has
// none, any other is taken from the safe line.
func (c *Client) safeCode(code, safe string) ResponseCode {
	switch known := ResponseCode(code); known {
	case CodeInUse, CodeLoginDelay, CodeSysTemp, CodeSysPerm, CodeAuth, CodeUTF8:
		return known
	}
	status, _ := wire.ParseStatus(safe)
	return ResponseCode(status.Code)
}
