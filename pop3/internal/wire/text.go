package wire

import (
	"bytes"
	"io"
)

// Text reads the octets of one multi-line response, dot-stuffing removed
// (RFC 1939 §3). Only CR LF . CR LF ends it: a bare LF or CR is content, so
// that mail cannot smuggle in a terminator. The line end before the final dot
// belongs to the text.
type Text struct {
	r       *Reader
	limit   int64
	read    int64
	newLine bool   // the next octet begins a line, after CR LF
	chunk   []byte // found, not yet given to Read
	err     error  // sticky; io.EOF once the terminator was read
}

// NewText returns the text that follows on r. Past limit octets it fails with
// ErrTooLong; an early end of stream is io.ErrUnexpectedEOF.
func NewText(r *Reader, limit int64) *Text {
	return &Text{r: r, limit: limit, newLine: true}
}

// Octets returns how many octets of the text were found so far.
func (t *Text) Octets() int64 { return t.read }

// Next returns the next octets of the text, at least one, or io.EOF behind the
// terminator. The slice is valid until the next call on the stream.
func (t *Text) Next() ([]byte, error) {
	if len(t.chunk) > 0 {
		chunk := t.chunk
		t.chunk = nil
		return chunk, nil
	}
	for t.err == nil {
		chunk := t.find()
		if len(chunk) == 0 {
			continue
		}
		t.read += int64(len(chunk))
		if t.read > t.limit {
			t.err = ErrTooLong
			break
		}
		return chunk, nil
	}
	return nil, t.err
}

// Read implements io.Reader.
func (t *Text) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	chunk, err := t.Next()
	if err != nil {
		return 0, err
	}
	n := copy(p, chunk)
	t.chunk = chunk[n:]
	return n, nil
}

// WriteTo implements io.WriterTo, without a copy in between.
func (t *Text) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for {
		chunk, err := t.Next()
		if err == io.EOF {
			return written, nil
		}
		if err != nil {
			return written, err
		}
		n, err := w.Write(chunk)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
}

// find takes the next run of octets out of the buffer. It may return none,
// with progress made or t.err set.
func (t *Text) find() []byte {
	if t.newLine && !t.lineStart() {
		return nil
	}
	r := t.r
	pending := r.buf[r.r:r.w]
	n := lineDot(pending)
	switch {
	case n >= 0:
		n += 2
		t.newLine = true
	case bytes.HasSuffix(pending, []byte("\r\n")):
		n = len(pending)
		t.newLine = true
	default:
		// A last CR may be half a line end: it waits for its neighbour.
		n = len(bytes.TrimSuffix(pending, []byte("\r")))
		if n == 0 {
			t.fill()
		}
	}
	r.r += n
	return pending[:n]
}

// lineStart looks at the first octets of a line: it removes a stuffed dot,
// finds the terminator, and reports whether content follows.
func (t *Text) lineStart() bool {
	r := t.r
	if r.Buffered() == 0 {
		t.fill()
		return false
	}
	line := r.buf[r.r:r.w]
	switch {
	case line[0] != '.':
	case bytes.HasPrefix(line, []byte(".\r\n")):
		r.r += 3
		t.err = io.EOF
		return false
	case len(line) == 1 || len(line) == 2 && line[1] == '\r':
		t.fill() // not yet decided
		return false
	default:
		r.r++
	}
	t.newLine = false
	return true
}

func (t *Text) fill() {
	if err := t.r.fill(); err == io.EOF {
		t.err = io.ErrUnexpectedEOF
	} else if err != nil {
		t.err = err
	}
}

// lineDot returns the index of the first CR LF before a dot, or -1. It looks
// for dots, of which attachments have none, and only where they are many for
// line ends.
func lineDot(octets []byte) int {
	at := 0
	for dots := 0; dots*dense <= at+1024; dots++ {
		i := bytes.IndexByte(octets[at:], '.')
		if i < 0 {
			return -1
		}
		at += i
		if at >= 2 && octets[at-1] == '\n' && octets[at-2] == '\r' {
			return at - 2
		}
		at++
	}
	from := max(at-2, 0)
	i := bytes.Index(octets[from:], []byte("\r\n."))
	if i < 0 {
		return -1
	}
	return from + i
}

// dense is how many octets there are at least from one dot to the next where
// it pays to look for dots.
const dense = 32
