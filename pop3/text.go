package pop3

import (
	"context"
	"io"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A Text is the content of a multi-line response, octets exact, dot-stuffing
// removed. It arrives as it is read. No other command can be given until it
// was read to io.EOF or closed.
type Text struct {
	response string
	body     io.Reader
	end      func(err error) error // told of the end once; returns the error to report
	unwatch  func()
	err      error // sticky
}

// NewText returns a Text over body, for those who stand in for a server, such
// as an overlay or a test. Closing it does not close body.
func NewText(response string, body io.Reader) *Text {
	return &Text{response: response, body: body, end: func(err error) error { return err }, unwatch: func() {}}
}

// openText starts the text behind the status line just read.
func (c *Client) openText(ctx context.Context, name, response string, limit int64, what string) *Text {
	c.stream.awaitText()
	body := wire.NewText(c.reader, limit)
	text := NewText(response, body)
	text.end = func(err error) error {
		if c.text == text {
			c.text = nil
		}
		if err != io.EOF {
			return c.fail(ctx, readError(name, what, limit, err))
		}
		c.trace(TraceEvent{Octets: body.Octets()})
		return err
	}
	c.text = text
	return text
}

// Response returns the status line before the text, "+OK ...".
func (t *Text) Response() string { return t.response }

// Read implements io.Reader. io.EOF means that the text was received whole,
// its terminator included; any other error that it must not be used.
func (t *Text) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.body.Read(p)
	return n, t.note(err)
}

// WriteTo implements io.WriterTo. After an error of w the rest can still be
// read.
func (t *Text) WriteTo(w io.Writer) (int64, error) {
	if t.err != nil {
		return 0, t.endError()
	}
	failing := &writer{w: w}
	n, err := io.Copy(failing, t.body)
	if failing.err != nil {
		return n, failing.err
	}
	if err == nil {
		err = io.EOF
	}
	t.note(err)
	return n, t.endError()
}

// Close reads what is left of the text, so that the session can go on. It
// returns the error that spoilt the text, if one did.
func (t *Text) Close() error {
	if t.err == nil {
		t.WriteTo(io.Discard)
	}
	return t.endError()
}

func (t *Text) note(err error) error {
	if err == nil || t.err != nil {
		return err
	}
	t.err = t.end(err)
	t.unwatch()
	return t.err
}

func (t *Text) endError() error {
	if t.err == io.EOF {
		return nil
	}
	return t.err
}

// A writer remembers its own errors, to tell them from the reader's.
type writer struct {
	w   io.Writer
	err error
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	w.err = err
	return n, err
}
