package pop3server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// retr answers RETR (RFC 1939 §5).
func (c *conn) retr(arg string) error {
	i, ok, err := c.index(strings.Trim(arg, " "))
	if !ok {
		return err
	}
	return c.send("RETR", i, func(body io.Reader) error {
		c.okNumber(c.drop.messages[i].Octets, " octets")
		return c.copy(&c.text, body)
	})
}

// top answers TOP (RFC 1939 §7).
func (c *conn) top(arg string) error {
	fields := strings.Fields(arg)
	if len(fields) != 2 {
		return c.wrong("a message-number and a number of lines are wanted")
	}
	lines, ok := wire.ParseOctets(fields[1])
	if !ok {
		return c.wrong("not a number of lines")
	}
	i, ok, err := c.index(fields[0])
	if !ok {
		return err
	}
	return c.send("TOP", i, func(body io.Reader) error {
		c.ok("top of message follows")
		err := c.copy(&topWriter{w: &c.text, lines: lines, header: true}, body)
		if err == errEnough {
			err = nil
		}
		return err
	})
}

// send opens a message and writes it as f does. Once the status line is out a
// failure cannot be told but by ending the connection.
func (c *conn) send(op string, index int, f func(body io.Reader) error) error {
	body, err := c.session.Open(c.ctx, index)
	if err != nil {
		c.refuse(op, err)
		return nil
	}
	defer body.Close()
	c.text = *wire.NewTextWriter(c.stream.replies)
	if err := f(body); err != nil {
		return fmt.Errorf("message %d: %w", index+1, err)
	}
	return c.text.Close()
}

// copyChunk is one read's worth of a message.
const copyChunk = 32 << 10

// copy is io.Copy through one buffer for all messages.
func (c *conn) copy(w io.Writer, body io.Reader) error {
	if _, ok := body.(io.WriterTo); !ok && c.octets == nil {
		c.octets = make([]byte, copyChunk)
	}
	_, err := io.CopyBuffer(w, body, c.octets)
	return err
}

var errEnough = errors.New("pop3server: enough lines")

// A topWriter passes on a header, the line that ends it, and the first lines
// of the body; then it fails with errEnough. A bare LF ends a line here as CR
// LF does: there is mail that has no other.
type topWriter struct {
	w      io.Writer
	lines  int64 // of the body, still to come
	header bool  // not yet over
	line   lineStart
}

// What the present line has so far.
type lineStart int

const (
	lineEmpty lineStart = iota
	lineCR              // a CR and nothing else
	lineFull
)

// Write implements io.Writer.
func (t *topWriter) Write(p []byte) (int, error) {
	n, err := t.w.Write(p[:t.wanted(p)])
	if err == nil && t.enough() {
		err = errEnough
	}
	return n, err
}

func (t *topWriter) enough() bool { return !t.header && t.lines <= 0 }

// wanted returns how many octets of p are.
func (t *topWriter) wanted(p []byte) int {
	for at := 0; at < len(p); {
		n := bytes.IndexByte(p[at:], '\n')
		if n < 0 {
			t.note(p[at:])
			break
		}
		t.note(p[at : at+n])
		t.endLine()
		at += n + 1
		if t.enough() {
			return at
		}
	}
	return len(p)
}

// note looks at octets of the present line.
func (t *topWriter) note(p []byte) {
	switch {
	case len(p) == 0:
	case t.line == lineEmpty && string(p) == "\r":
		t.line = lineCR
	default:
		t.line = lineFull
	}
}

func (t *topWriter) endLine() {
	if !t.header {
		t.lines--
	} else if t.line != lineFull {
		t.header = false
	}
	t.line = lineEmpty
}
