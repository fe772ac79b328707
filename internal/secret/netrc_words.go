package secret

import (
	"strings"
)

// netrcReader gives the words of a netrc.
type netrcReader struct {
	rest string
	line int // of the last word
}

const netrcSpace = " \t\r\n\v\f"

// next returns a word, and whether it began with a quote. Within quotes, and
// without, a backslash takes what follows as it is.
func (r *netrcReader) next() (word string, quoted, ok bool) {
	trimmed := strings.TrimLeft(r.rest, netrcSpace)
	r.line += strings.Count(r.rest[:len(r.rest)-len(trimmed)], "\n")
	r.rest = trimmed
	if r.rest == "" {
		return "", false, false
	}
	ends := netrcSpace
	if quoted = r.rest[0] == '"'; quoted {
		ends, r.rest = "\"\n", r.rest[1:]
	}
	var b strings.Builder
	i := 0
	for ; i < len(r.rest) && strings.IndexByte(ends, r.rest[i]) < 0; i++ {
		if r.rest[i] == '\\' && i+1 < len(r.rest) && r.rest[i+1] != '\n' {
			i++
		}
		b.WriteByte(r.rest[i])
	}
	r.rest = r.rest[i:]
	if quoted {
		r.rest = strings.TrimPrefix(r.rest, "\"")
	}
	return b.String(), quoted, true
}

// value returns the word after a keyword, whatever it is.
func (r *netrcReader) value() string {
	word, _, _ := r.next()
	return word
}

// skipLine skips the rest of the line.
func (r *netrcReader) skipLine() {
	if i := strings.IndexByte(r.rest, '\n'); i >= 0 {
		r.rest = r.rest[i:]
		return
	}
	r.rest = ""
}

// skipMacro skips the lines of a macro: up to an empty one.
func (r *netrcReader) skipMacro() {
	for {
		r.skipLine()
		if r.rest == "" {
			return
		}
		r.rest = r.rest[1:]
		r.line++
		if line, _, _ := strings.Cut(r.rest, "\n"); strings.TrimRight(line, "\r") == "" {
			return
		}
	}
}
