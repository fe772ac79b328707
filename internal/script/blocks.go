package script

import (
	"fmt"
	"strings"
)

// unclosed says which block of a script that ends too early was never closed,
// and where it began; or nothing, if all were.
func unclosed(source []byte) string {
	type block struct {
		word string
		line int
	}
	var open []block
	pending := "" // a for or while, whose do opens the block
	s := scanner{source: string(source), line: 1}
	for word := s.next(); word != ""; word = s.next() {
		switch word {
		case "for", "while":
			pending = word
		case "do":
			open = append(open, block{firstOf(pending, "do"), s.line})
			pending = ""
		case "function", "if", "repeat", "(", "{", "[":
			open = append(open, block{word, s.line})
		case "end", "until", ")", "}", "]":
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	if len(open) == 0 {
		return ""
	}
	last := open[len(open)-1]
	return fmt.Sprintf("%q is missing for the %q of line %d", closers[last.word], last.word, last.line)
}

// closers are the words that close a block.
var closers = map[string]string{
	"for": "end", "while": "end", "do": "end", "function": "end", "if": "end",
	"repeat": "until", "(": ")", "{": "}", "[": "]",
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// A scanner finds words and brackets, and passes over strings and comments. It
// is no parser: it serves to explain what one refused.
type scanner struct {
	source string
	line   int
}

// next returns the next word or bracket, or nothing at the end.
func (s *scanner) next() string {
	for s.source != "" {
		c := s.source[0]
		switch {
		case strings.HasPrefix(s.source, "--"):
			s.skip(2)
			if !s.longBracket() {
				s.skipTo("\n")
			}
		case c == '"' || c == '\'':
			s.quoted(c)
		case c == '[' && s.longBracket():
		case strings.IndexByte("(){}[]", c) >= 0:
			s.skip(1)
			return string(c)
		case wordOctet(c):
			n := 1
			for n < len(s.source) && wordOctet(s.source[n]) {
				n++
			}
			word := s.source[:n]
			s.skip(n)
			return word
		default:
			s.skip(1)
		}
	}
	return ""
}

func wordOctet(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// skip passes over n octets, and counts lines.
func (s *scanner) skip(n int) {
	n = min(n, len(s.source))
	s.line += strings.Count(s.source[:n], "\n")
	s.source = s.source[n:]
}

// skipTo passes over everything up to the end of mark.
func (s *scanner) skipTo(mark string) {
	if i := strings.Index(s.source, mark); i >= 0 {
		s.skip(i + len(mark))
	} else {
		s.skip(len(s.source))
	}
}

// quoted passes over a string in quotes, which ends with its line at the latest.
func (s *scanner) quoted(quote byte) {
	for n := 1; n < len(s.source); n++ {
		switch s.source[n] {
		case '\\':
			n++
		case quote, '\n':
			s.skip(n + 1)
			return
		}
	}
	s.skip(len(s.source))
}

// longBracket passes over [[...]] or [=[...]=], if there is one.
func (s *scanner) longBracket() bool {
	level := len(s.source) - len(strings.TrimLeft(strings.TrimPrefix(s.source, "["), "=")) - 1
	if !strings.HasPrefix(s.source, "[") || level < 0 || !strings.HasPrefix(s.source[1+level:], "[") {
		return false
	}
	s.skip(2 + level)
	s.skipTo("]" + strings.Repeat("=", level) + "]")
	return true
}
