package pop3_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// connect starts a session in the clear with the server of a script.
func connect(t *testing.T, script string) *pop3.Client {
	t.Helper()
	c, err := pop3.NewClient(t.Context(), pop3test.Play(t, script), pop3test.Host, insecure(nil))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// insecure allows login in the clear, and traces to trace.
func insecure(trace func(pop3.TraceEvent)) *pop3.Options {
	return &pop3.Options{InsecureAllowPlaintext: true, Trace: trace}
}

// A canned server sends its greeting, and the reply whatever the command; then
// unit without end, or, if that is empty, the end of the stream. It allocates
// nothing.
type canned struct {
	net.Conn // nil: what is not below is not called
	replies  []string
	unit     string
	sent     int // replies that may be read: one, and one more for each command
	rest     string
}

func newCanned(reply, unit string) *canned {
	return &canned{replies: []string{"+OK\r\n", reply}, unit: unit, sent: 1}
}

func (c *canned) Read(p []byte) (int, error) {
	for c.rest == "" {
		switch {
		case c.sent > 0 && len(c.replies) > 0:
			c.rest, c.replies = c.replies[0], c.replies[1:]
			c.sent--
		case c.unit == "" || len(c.replies) > 0:
			return 0, io.EOF
		default:
			n := 0
			for n+len(c.unit) <= len(p) {
				n += copy(p[n:], c.unit)
			}
			return n, nil
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *canned) Write(p []byte) (int, error)      { c.sent++; return len(p), nil }
func (c *canned) Close() error                     { return nil }
func (c *canned) SetDeadline(time.Time) error      { return nil }
func (c *canned) SetReadDeadline(time.Time) error  { return nil }
func (c *canned) SetWriteDeadline(time.Time) error { return nil }
