package wire

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLong is returned when a line or a text passes the limit its caller set.
// What follows on the stream can no longer be told apart.
var ErrTooLong = errors.New("wire: longer than its limit")

// bufferSize is one read's worth. Status lines (2048 octets) always fit whole.
const bufferSize = 64 << 10

// Reader reads lines and texts from one stream, in the order in which they are
// asked for.
type Reader struct {
	src  io.Reader
	buf  []byte
	r, w int // buf[r:w] is read but not yet handed out
}

// NewReader returns a Reader over src.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, buf: make([]byte, bufferSize)}
}

// Buffered returns how many octets have arrived that nobody asked for yet.
func (r *Reader) Buffered() int { return r.w - r.r }

// Line reads one line of at most limit octets, its end included, and returns
// it without its CR LF or bare LF. The slice is valid until the next call.
// An end of stream before the first octet is io.EOF, later
// io.ErrUnexpectedEOF. limit may not pass 64 KiB.
func (r *Reader) Line(limit int) ([]byte, error) {
	seen := 0 // octets already searched
	for {
		if i := bytes.IndexByte(r.buf[r.r+seen:r.w], '\n'); i >= 0 {
			line := r.buf[r.r : r.r+seen+i]
			if len(line)+1 > limit {
				return nil, ErrTooLong
			}
			r.r += len(line) + 1
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		seen = r.Buffered()
		if seen >= limit {
			return nil, ErrTooLong
		}
		if err := r.fill(); err != nil {
			if err == io.EOF && seen > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// fill reads more octets behind those buffered, making room first.
func (r *Reader) fill() error {
	if r.r > 0 {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
	for range 100 { // a reader that never reads, as in bufio
		n, err := r.src.Read(r.buf[r.w:])
		r.w += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
