package wire

import (
	"io"
)

// TextWriter writes one multi-line response, dot-stuffed (RFC 1939 §3). As
// Text does in reading, it takes only CR LF for a line end, so that any octets
// but a missing final CR LF arrive as they were written.
type TextWriter struct {
	w    io.Writer
	tail [2]byte // the last two octets written; CR LF at the start
}

// NewTextWriter returns a writer to w, which should be buffered.
func NewTextWriter(w io.Writer) *TextWriter {
	return &TextWriter{w: w, tail: [2]byte{'\r', '\n'}}
}

// Write implements io.Writer.
func (t *TextWriter) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if p[done] == '.' && t.tail == [2]byte{'\r', '\n'} {
			if _, err := io.WriteString(t.w, "."); err != nil {
				return done, err
			}
		}
		run := p[done : done+t.untilDot(p[done:])]
		if _, err := t.w.Write(run); err != nil {
			return done, err
		}
		t.remember(run)
		done += len(run)
	}
	return done, nil
}

// untilDot counts the octets of p, at least one, before the next dot that
// starts a line.
func (t *TextWriter) untilDot(p []byte) int {
	if len(p) > 1 && p[0] == '\n' && p[1] == '.' && t.tail[1] == '\r' {
		return 1
	}
	if i := lineDot(p); i >= 0 {
		return i + 2
	}
	return len(p)
}

func (t *TextWriter) remember(p []byte) {
	if len(p) == 1 {
		t.tail = [2]byte{t.tail[1], p[0]}
	} else {
		t.tail = [2]byte(p[len(p)-2:])
	}
}

// Close ends the response: CR LF where the text lacks its own, and the final
// dot. It does not close the underlying writer.
func (t *TextWriter) Close() error {
	end := ".\r\n"
	if t.tail != [2]byte{'\r', '\n'} {
		end = "\r\n.\r\n"
	}
	_, err := io.WriteString(t.w, end)
	return err
}
