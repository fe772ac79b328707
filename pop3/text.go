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
	from     ender  // nil for a Text that no server sent
	out      writer // of WriteTo
	err      error  // sticky
}

// An ender is told of a text's end once, and returns the error to report.
type ender interface{ end(err error) error }

// A source is where a client's Text comes from, in one allocation with it.
type source struct {
	Text
	wire    wire.Text
	c       *Client
	ctx     context.Context
	command string // without secrets
	what    string
	limit   int64
	unwatch func() // may be nil
}

// NewText returns a Text over body, for those who stand in for a server, such
// as an overlay or a test. Closing it does not close body.
func NewText(response string, body io.Reader) *Text { return &Text{response: response, body: body} }

// openText starts the text behind the status line just read.
func (c *Client) openText(ctx context.Context, command, response string, limit int64, what string) *source {
	c.stream.awaitText()
	s := &source{c: c, ctx: ctx, command: command, what: what, limit: limit}
	s.wire = *wire.NewText(c.reader, limit)
	s.response, s.body, s.from = response, &s.wire, s
	c.text = &s.Text
	return s
}

// end is told of the text's end once, and returns the error to report.
func (s *source) end(err error) error {
	if s.unwatch != nil {
		defer s.unwatch()
	}
	if s.c.text == &s.Text {
		s.c.text = nil
	}
	if err != io.EOF {
		return s.c.fail(s.ctx, readError(s.command, s.what, s.limit, err))
	}
	s.c.trace(TraceEvent{Octets: s.wire.Octets()})
	return err
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
	t.out = writer{w: w}
	n, err := io.Copy(&t.out, t.body)
	failed := t.out.err
	t.out = writer{}
	if failed != nil {
		return n, failed
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
	t.err = err
	if t.from != nil {
		t.err = t.from.end(err)
	}
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
