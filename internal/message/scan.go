package message

import "bytes"

// A field says where in the octets a header field is. It ends before its last
// line's end; MaxHeader keeps the offsets small.
type field struct{ start, name, value, end uint32 }

// A scan goes through the lines of a header once and indexes its fields. It is
// the tolerant pre-pass: go-message refuses an mbox "From " line, a line
// without a colon, a space before the first field, 8-bit names. Here each is a
// defect.
type scan struct {
	octets []byte
	pos    int  // of the next line
	line   int  // number of the current line, from 1
	inside bool // the last line belongs to the last field
	isEnd  func(line []byte) bool
}

// scanHeader indexes the header that octets begin with. isEnd, if not nil,
// knows the lines that end the header of a part though no blank line did.
func (h *Header) scanHeader(octets []byte, isEnd func(line []byte) bool) {
	s := scan{octets: octets, isEnd: isEnd}
	h.fields = h.room[:0]
	for s.pos < len(octets) && s.step(h) {
	}
	h.octets = octets[:s.pos:s.pos]
}

// step looks at a line; it is false if the header ended, with pos where the
// body begins.
func (s *scan) step(h *Header) bool {
	start := s.pos
	line := s.next()
	switch {
	case len(line) == 0:
		return s.blank(h)
	case s.isEnd != nil && line[0] == '-' && s.isEnd(line):
		s.pos = start
		return false
	case start >= MaxHeader:
		return true
	case isBlank(line[0]):
		return s.continuation(h, start, line)
	}
	if name, colon := fieldName(line); colon > 0 {
		s.field(h, start, name, colon, len(line))
		return true
	}
	return s.noField(h, start, line)
}

// next takes a line, without its end.
func (s *scan) next() []byte {
	s.line++
	line := s.octets[s.pos:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
		s.pos++
	}
	s.pos += len(line)
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// field indexes one, if there is room.
func (s *scan) field(h *Header, start, name, colon, length int) {
	s.inside = len(h.fields) < MaxFields
	if !s.inside {
		h.found.note("header has more than %d fields", MaxFields)
		return
	}
	h.fields = append(h.fields, field{
		uint32(start), uint32(start + name), uint32(start + min(colon+1, MaxHeader)), uint32(start + min(length, MaxHeader)),
	})
}

// continuation adds a folded line to its field. One that comes first may be a
// field with a space before it.
func (s *scan) continuation(h *Header, start int, line []byte) bool {
	if s.inside {
		h.fields[len(h.fields)-1].end = uint32(start + min(len(line), MaxHeader))
		return true
	}
	if len(h.fields) > 0 {
		return true // it belongs to a line that is no field
	}
	trimmed := bytes.TrimLeft(line, " \t")
	if name, colon := fieldName(trimmed); colon > 0 {
		h.found.note("header line %d begins with a blank", s.line)
		s.field(h, start+len(line)-len(trimmed), name, colon, len(trimmed))
		return true
	}
	return s.noField(h, start, line)
}

// blank ends the header, unless it has not begun and a field comes next.
func (s *scan) blank(h *Header) bool {
	if len(h.fields) > 0 || s.isEnd != nil {
		return false
	}
	if _, colon := fieldName(s.octets[s.pos:]); colon > 0 {
		h.found.note("header line %d is blank, before the first field", s.line)
		return true
	}
	return s.pos < len(s.octets) && s.startsBlank() && s.line < 100
}

// startsBlank reports whether the next line is blank too.
func (s *scan) startsBlank() bool {
	return s.octets[s.pos] == '\n' || s.octets[s.pos] == '\r'
}

// noField passes over a line that is no field, if the header goes on behind
// it. If it does not, somebody forgot the blank line, and the body begins.
func (s *scan) noField(h *Header, start int, line []byte) bool {
	s.inside = false
	first := len(h.fields) == 0
	if first && (bytes.HasPrefix(line, []byte("From ")) || bytes.HasPrefix(line, []byte(">From "))) {
		h.found.note(`header line %d is the "From " line of an mbox`, s.line)
		return true
	}
	if s.pos < len(s.octets) {
		_, colon := fieldName(s.octets[s.pos:])
		if colon > 0 || isBlank(s.octets[s.pos]) || !first && s.startsBlank() {
			if bytes.IndexByte(line, ':') < 0 {
				h.found.note("header line %d has no colon", s.line)
			} else {
				h.found.note("header line %d has no field name", s.line)
			}
			return true
		}
	}
	if !first {
		h.found.note("header ends at line %d without a blank line", s.line)
	} else if s.isEnd == nil {
		h.found.note("message has no header")
	}
	s.pos = start
	return false
}

// fieldName finds how long the name is that a line begins with, and where its
// colon stands; colon is 0 if it is no field. Blanks before the colon are
// RFC 5322's obsolete syntax. Octets above 126 are let through: a name may be
// broken, its value is not.
func fieldName(line []byte) (name, colon int) {
	const longest = 998 // RFC 5322's longest line
	for i, c := range line[:min(len(line), longest)] {
		switch {
		case c == ':':
			if name == 0 {
				name = i
			}
			return name, i
		case isBlank(c):
			if name == 0 {
				name = i
			}
			if i == 0 {
				return 0, 0
			}
		case c < ' ' || c == 127 || name > 0:
			return 0, 0
		}
	}
	return 0, 0
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
