package luastd

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	maxCached      = 128 // patterns
	maxCachedOctet = 256 // octets of a pattern that is kept
)

// patternKey tells patterns apart that are the same text: for gmatch a "^" is
// no anchor.
type patternKey struct {
	source  string
	anchors bool
}

// pattern compiles, or knows already.
func (lib *library) pattern(source string, anchors bool) *pattern {
	key := patternKey{source, anchors}
	if p, ok := lib.patterns[key]; ok {
		return p
	}
	p := compile(source, anchors)
	if len(source) > maxCachedOctet {
		return p
	}
	if len(lib.patterns) == maxCached {
		clear(lib.patterns)
	}
	key.source = strings.Clone(source) // it may be a piece of a message
	lib.patterns[key] = p
	return p
}

// isPlain reports whether a pattern is searched for as it is.
func isPlain(pattern string) bool {
	for i := range len(pattern) {
		switch pattern[i] {
		case '^', '$', '*', '+', '?', '.', '(', '[', '%', '-':
			return false
		}
	}
	return true
}

// find is string.find(s, pattern [, init [, plain]]).
func (lib *library) find(L *lua.LState) int {
	c := call{L, "find"}
	s, source, from := c.subject()
	if !L.ToBool(4) && !isPlain(source) {
		return lib.search(c, s, source, from)
	}
	at := strings.Index(s[from:], source)
	if at < 0 {
		return push(L, lua.LNil)
	}
	L.Push(lua.LNumber(from + at + 1))
	L.Push(lua.LNumber(from + at + len(source)))
	return 2
}

// match is string.match(s, pattern [, init]).
func (lib *library) match(L *lua.LState) int {
	c := call{L, "match"}
	s, source, from := c.subject()
	return lib.search(c, s, source, from)
}

// subject returns the arguments that find and match share; from counts from 0
// and lies in s.
func (c call) subject() (s, pattern string, from int) {
	s, pattern = c.text(1), c.text(2)
	from = relative(c.option(3, 1), len(s)) - 1
	return s, pattern, min(max(from, 0), len(s))
}

// relative turns a position that counts from the end into one from the start.
func relative(position, length int) int {
	if position >= 0 {
		return position
	}
	return max(position+length+1, 0)
}

// search is find and match, but for plain patterns.
func (lib *library) search(c call, s, source string, from int) int {
	m := lib.matcher(c.L, s)
	p := lib.pattern(source, true)
	start, end := m.find(p, from)
	m.raiseFault()
	n := 1
	switch {
	case start < 0:
		c.L.Push(lua.LNil)
	case c.name == "match":
		n = m.pushCaptures(p, start, end)
	default:
		c.L.Push(lua.LNumber(start + 1))
		c.L.Push(lua.LNumber(end))
		n = 2
		if len(p.captures) > 0 {
			n += m.pushCaptures(p, start, end)
		}
	}
	m.release()
	return n
}

// gmatch is string.gmatch(s, pattern). The iterator's matcher is its own: a
// loop's body may match too.
func (lib *library) gmatch(L *lua.LState) int {
	c := call{L, "gmatch"}
	s, source := c.text(1), c.text(2)
	p := lib.pattern(source, false)
	from := 0
	return push(L, L.NewFunction(func(L *lua.LState) int {
		m := lib.matcher(L, s)
		start, end := m.find(p, from)
		m.raiseFault()
		if start < 0 {
			from = len(s) + 1
			m.release()
			return 0
		}
		if from = end; end == start {
			from++
		}
		n := m.pushCaptures(p, start, end)
		m.release()
		return n
	}))
}

// raiseFault raises why a search was given up, if it was.
func (m *matcher) raiseFault() {
	if m.fault == nil {
		return
	}
	L, fault := m.L, m.fault
	m.release()
	raise(L, "%s", fault.Error())
}

// pushCaptures pushes all captures, or the match if there are none.
func (m *matcher) pushCaptures(p *pattern, start, end int) int {
	for i := range max(len(p.captures), 1) {
		m.L.Push(m.capture(p, i, start, end))
	}
	return max(len(p.captures), 1)
}

// capture returns what capture i, from 0, holds.
func (m *matcher) capture(p *pattern, i, start, end int) lua.LValue {
	switch {
	case i >= len(p.captures) && i == 0:
		return lua.LString(piece(m.subject, start, end))
	case i >= len(p.captures):
		m.fault = errCaptureIndex
	case p.captures[i] == opOpen:
		m.fault = errUnfinished
	case p.captures[i] == opPosition:
		return lua.LNumber(m.spans[i].start + 1)
	default:
		return lua.LString(piece(m.subject, m.spans[i].start, m.spans[i].end))
	}
	m.raiseFault()
	return lua.LNil
}

// piece cuts out of s, and copies when the piece would keep much more than
// itself in memory: twenty octets of a message must not hold the message.
func piece(s string, start, end int) string {
	const spare = 128 // octets that are not worth a copy
	if len(s) > 2*(end-start)+spare {
		return strings.Clone(s[start:end])
	}
	return s[start:end]
}
