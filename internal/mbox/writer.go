package mbox

import (
	"bytes"
	"io"
	"strings"
	"time"
)

// Postmark returns the line that begins a message, with its LF. The sender is
// an address; what cannot stand in a postmark, and none, is MAILER-DAEMON. The
// date is in UTC, as most writers have it.
func Postmark(sender string, received time.Time) string {
	if !postable(sender) {
		sender = "MAILER-DAEMON"
	}
	return "From " + sender + " " + received.UTC().Format(time.ANSIC) + "\n"
}

// maxSender is the longest address that RFC 5321 allows, in octets.
const maxSender = 254

// postable reports whether an address is one printable word.
func postable(sender string) bool {
	return sender != "" && len(sender) <= maxSender &&
		strings.IndexFunc(sender, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
}

// A Writer writes one message as an mboxrd file holds it: every line of ">"s
// and "From " gets one ">" more. Line ends stay as they are, CR LF or LF or
// both, so that what is read again is what was written, to the octet. Only a
// message without LF at its end gains a line end, of the kind that its last
// line but one has.
type Writer struct {
	w       io.Writer
	depth   int     // of the run of ">" at hand
	state   where   // in the line at hand
	matched int     // octets of "From " seen behind the run, not yet written
	tail    [2]byte // the message's last octets
	some    bool    // there was any
	crlf    bool    // the last line end was CR LF
	err     error
}

// where says what part of a line comes next.
type where int

const (
	atStart where = iota // of a line, or behind its ">"s
	inFrom               // some of "From " was seen
	inText               // nothing to look for
)

const from = "From "

// NewWriter starts a message with its postmark, as Postmark makes it.
func NewWriter(w io.Writer, postmark string) (*Writer, error) {
	_, err := io.WriteString(w, postmark)
	return &Writer{w: w, err: err}, err
}

// Write writes more of the message.
func (w *Writer) Write(p []byte) (int, error) {
	start := 0 // of what is not yet written
	for i := 0; i < len(p) && w.err == nil; {
		switch w.state {
		case inText:
			n := bytes.IndexByte(p[i:], '\n')
			if n < 0 {
				i = len(p)
				continue
			}
			i += n + 1
			w.state, w.depth = atStart, 0
			w.crlf = w.octetBefore(p, i-1) == '\r'
		case atStart:
			i += w.lineStart(p[i])
			if w.state == inFrom {
				w.write(p[start : i-1])
				start = i
			}
		case inFrom:
			if p[i] == from[w.matched] {
				w.matched++
				i++
			} else {
				w.state = inText
			}
			if w.state == inText || w.matched == len(from) {
				w.settle()
			}
			start = i
		}
	}
	if w.err == nil {
		w.write(p[start:])
	}
	if w.err != nil {
		return 0, w.err
	}
	w.remember(p)
	return len(p), nil
}

// lineStart takes an octet at the start of a line, and says whether it is
// done with: a line of the text begins again with the octet.
func (w *Writer) lineStart(c byte) int {
	switch c {
	case '>':
		w.depth++
		return 1
	case 'F':
		w.state, w.matched = inFrom, 1
		return 1
	}
	w.state = inText
	return 0
}

// settle writes the octets of "From " that were held back, with a ">" before
// them if they are all there, and if a reader looks that far: a line of 65,531
// ">"s and "From " is the one that cannot be kept.
func (w *Writer) settle() {
	held := from[:w.matched]
	if w.matched == len(from) && (w.depth == 0 || 1+w.depth+len(from) <= bufferSize) {
		held = ">" + held
	}
	w.state, w.matched = inText, 0
	w.write([]byte(held))
}

// octetBefore returns the octet of the message before p[i].
func (w *Writer) octetBefore(p []byte, i int) byte {
	if i == 0 {
		return w.tail[1]
	}
	return p[i-1]
}

func (w *Writer) remember(p []byte) {
	w.some = w.some || len(p) > 0
	switch len(p) {
	case 0:
	case 1:
		w.tail = [2]byte{w.tail[1], p[0]}
	default:
		w.tail = [2]byte(p[len(p)-2:])
	}
}

func (w *Writer) write(p []byte) {
	if len(p) > 0 && w.err == nil {
		_, w.err = w.w.Write(p)
	}
}

// Close ends the message with an empty line. It does not close what is written
// to.
func (w *Writer) Close() error {
	w.settleRest()
	switch {
	case !w.some || w.tail[1] == '\n':
	case w.crlf && w.tail[1] != '\r':
		w.write([]byte("\r\n"))
	default:
		w.write([]byte("\n"))
	}
	w.write([]byte("\n"))
	return w.err
}

// settleRest writes what is held of a "From " that the message's end cut off.
func (w *Writer) settleRest() {
	if w.state == inFrom {
		w.settle()
	}
}
