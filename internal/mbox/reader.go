package mbox

import (
	"bufio"
	"io"
)

// newReader returns the octets of m as served.
func newReader(src io.ReaderAt, m Message, quoting Quoting) io.Reader {
	section := io.NewSectionReader(src, m.Offset, m.Length)
	if m.Octets == m.Length {
		return &whole{section, m.Length} // nothing is quoted
	}
	br := bufio.NewReaderSize(&whole{section, m.Length}, bufferSize)
	return &unquoter{src: br, quoting: quoting, lineStart: true}
}

// whole reads left octets and takes an earlier end, of a file that was cut
// short meanwhile, for an error.
type whole struct {
	r    io.Reader
	left int64
}

func (w *whole) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.left -= int64(n)
	if err == io.EOF && w.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// unquoter removes one ">" of each quoted line.
type unquoter struct {
	src       *bufio.Reader
	quoting   Quoting
	lineStart bool
	chunk     []byte // read, not yet handed out
	err       error  // what follows chunk
}

func (u *unquoter) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(u.chunk) == 0 && !u.next() {
			break
		}
		k := copy(p[n:], u.chunk)
		u.chunk = u.chunk[k:]
		n += k
	}
	if n == 0 && len(p) > 0 {
		return 0, u.err
	}
	return n, nil
}

// next reads one line, or a part of a long one, and reports whether there was
// one left.
func (u *unquoter) next() bool {
	if u.err != nil {
		return false
	}
	chunk, err := u.src.ReadSlice('\n')
	if u.lineStart && len(chunk) > 0 {
		depth := quoteDepth(chunk)
		if depth == 1 || depth > 1 && u.quoting == RD {
			chunk = chunk[1:]
		}
	}
	u.lineStart = err == nil
	if err != nil && err != bufio.ErrBufferFull {
		u.err = err
	}
	u.chunk = chunk
	return len(chunk) > 0
}
