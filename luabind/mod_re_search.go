package luabind

import (
	"io"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// fastWork bounds the octets times instructions that one call searches by the
// fast way, which nothing can stop: half a second, at worst.
const fastWork = 1 << 26

// searches are the functions of module re that are methods of patterns too.
// Arguments 1 and 2 are the text and the pattern, in either order.
func searches() map[string]func(*search) int {
	return map[string]func(*search) int{
		"test":   (*search).test,
		"find":   (*search).findFirst,
		"match":  (*search).match,
		"gmatch": (*search).gmatch,
		"gsub":   (*search).gsub,
		"split":  (*search).split,
	}
}

// A search looks for the matches of a pattern in a text. A match is a list of
// offsets: where it starts and ends, then the same of each capture, -1 for one
// that has no part in it.
type search struct {
	positional
	binding *binding
	s       string
	pattern *pattern
	at      int // where to look for the next match
	last    int // where the last one ended, plus 1
	work    int // octets times instructions given to the fast way, at most
	read    int // octets that were read by the slow way
}

// find returns the first match that starts at offset from or behind it.
//
// Go can search a string from its start alone, so it is given the rest of the
// text. Where what stands before matters, it is given one character more, by a
// pattern that passes over it. Most texts are short enough for a search that
// cannot be stopped; the others are read rune by rune.
func (f *search) find(from int) []int {
	re, base, skip := f.pattern.first, from, 0
	if from > 0 && f.pattern.looksBack {
		_, n := utf8.DecodeLastRuneInString(f.s[:from])
		re, base, skip = f.pattern.behindFirst(), from-n, 2
	}
	f.work = min(f.work+(len(f.s)-base)*(f.pattern.size+skip), math.MaxInt/2)
	var match []int
	if f.work <= fastWork {
		match = re.FindStringSubmatchIndex(f.s[base:])
	} else {
		match = f.findSlowly(re, f.s[base:])
	}
	if match == nil {
		return nil
	}
	match = match[skip:]
	for i := range match {
		if match[i] >= 0 {
			match[i] += base
		}
	}
	return match
}

// behindFirst is the pattern behind one character, as its capture 1: the
// leftmost match is the one with the fewest characters between.
func (p *pattern) behindFirst() *regexp.Regexp {
	if p.behind == nil {
		p.behind = regexp.MustCompile(`\A(?s:.)(?s:.*?)(` + p.tree.String() + `)`)
	}
	return p.behind
}

// findSlowly searches what can take long. A single search reads a text once;
// what many searches read together is bounded, since each may read to the end.
func (f *search) findSlowly(re *regexp.Regexp, s string) []int {
	r := &runes{s: s, most: 16*len(f.s) + 1<<22 - f.read}
	r.stopped = func() error { return f.binding.stopped(f.LState) }
	match := re.FindReaderSubmatchIndex(r)
	f.read += r.at
	if r.err != nil {
		Raise(f.LState, r.err)
	}
	if r.at > r.most {
		f.tooLarge("the pattern takes too long: each search for a match reads far ahead")
	}
	return match
}

// Runes reads a string until its end, a bound, or the end of the script.
type runes struct {
	s       string
	at      int
	most    int
	count   int
	stopped func() error
	err     error
}

// ReadRune is io.RuneReader's. An octet that is not UTF-8 is a rune of its own.
func (r *runes) ReadRune() (rune, int, error) {
	if r.count++; r.count%4096 == 0 && r.err == nil {
		r.err = r.stopped()
	}
	if r.at >= len(r.s) || r.at > r.most || r.err != nil {
		return 0, 0, io.EOF
	}
	c, n := utf8.DecodeRuneInString(r.s[r.at:])
	r.at += n
	return c, n, nil
}

// next returns the next match, or nil. An empty match right behind another is
// none, as in Go and Perl.
func (f *search) next() []int {
	for f.at <= len(f.s) {
		match := f.find(f.at)
		if match == nil {
			f.at = len(f.s) + 1
			return nil
		}
		behindLast := f.last > 0 && match[0] == f.last-1
		empty := match[1] == f.at
		f.last = match[1] + 1
		if !empty {
			f.at = match[1]
			return match
		}
		_, n := utf8.DecodeRuneInString(f.s[f.at:])
		f.at += max(n, 1)
		if !behindLast {
			return match
		}
	}
	return nil
}

// start reads argument 3, from where to search, as string.find does, and
// returns the offset. Within a character it means the next.
func (f *search) start() (from int, ok bool) {
	from, ok = 1, true
	if v := f.Get(3); v != lua.LNil {
		if from, ok = integer(v); !ok {
			f.refuse("init must be an integer, got %s", describe(v))
		}
	}
	if from < 0 {
		from = max(len(f.s)+from+1, 1)
	}
	from = max(from-1, 0)
	if from > len(f.s) {
		return 0, false
	}
	for back := 1; back < min(utf8.UTFMax, from+1); back++ {
		if _, n := utf8.DecodeRuneInString(f.s[from-back:]); n > back {
			return from - back + n, true
		}
	}
	return from, true
}

// capture returns a capture of a match, 0 for the whole: a string, or false.
func (f *search) capture(match []int, n int) lua.LValue {
	if match[2*n] < 0 {
		return lua.LFalse
	}
	return piece(f.s, match[2*n], match[2*n+1])
}

// pushCaptures returns a match to Lua: its captures, or the whole if it has
// none and whole is wanted.
func (f *search) pushCaptures(L *lua.LState, match []int, whole bool) int {
	n := len(match)/2 - 1
	if n == 0 && whole {
		L.Push(f.capture(match, 0))
		return 1
	}
	for i := range n {
		L.Push(f.capture(match, i+1))
	}
	return n
}

// test is p:test(s).
func (f *search) test() int { return f.give(lua.LBool(f.find(0) != nil)) }

// findFirst is p:find(s [, init]).
func (f *search) findFirst() int {
	from, ok := f.start()
	var match []int
	if ok {
		match = f.find(from)
	}
	if match == nil {
		return f.give(lua.LNil)
	}
	f.Push(lua.LNumber(match[0] + 1))
	f.Push(lua.LNumber(match[1]))
	return 2 + f.pushCaptures(f.LState, match, false)
}

// match is p:match(s [, init]).
func (f *search) match() int {
	if from, ok := f.start(); ok {
		if match := f.find(from); match != nil {
			return f.pushCaptures(f.LState, match, true)
		}
	}
	return f.give(lua.LNil)
}

// gmatch is p:gmatch(s).
func (f *search) gmatch() int {
	return f.give(f.binding.function(f.LState, func(L *lua.LState) int {
		f.LState = L // that of the coroutine which asks now
		match := f.next()
		if match == nil {
			return 0
		}
		return f.pushCaptures(L, match, true)
	}))
}

// split is p:split(s [, n]).
func (f *search) split() int {
	most := f.countOr(3, "n", 1, len(f.s)+1)
	parts, start := f.newEntries(), 0
	for parts.count < most-1 {
		match := f.next()
		if match == nil {
			break
		}
		if match[1] == 0 || match[0] == len(f.s) && match[0] == match[1] {
			continue // nothing stands before, or behind, what is nothing itself
		}
		parts.add(piece(f.s, start, match[0]))
		start = match[1]
	}
	parts.add(piece(f.s, start, len(f.s)))
	return f.give(parts.table)
}

// gsub is p:gsub(s, replacement [, n]).
func (f *search) gsub() int {
	most := f.countOr(4, "n", 0, math.MaxInt)
	replace := f.replacement()
	var out strings.Builder
	count, start := 0, 0
	for count < most {
		match := f.next()
		if match == nil {
			break
		}
		count++
		out.WriteString(f.s[start:match[0]])
		replace(&out, match)
		f.mayHave(out.Len(), f.s)
		start = match[1]
	}
	if count == 0 {
		f.Push(lua.LString(f.s))
	} else {
		f.mayHave(out.Len()+len(f.s)-start, f.s)
		out.WriteString(f.s[start:])
		f.Push(lua.LString(out.String()))
	}
	f.Push(lua.LNumber(count))
	return 2
}

// replacement reads argument 3 of gsub, and returns what writes the
// replacement of a match.
func (f *search) replacement() func(*strings.Builder, []int) {
	switch v := f.Get(3).(type) {
	case lua.LString:
		return f.template(string(v))
	case lua.LNumber:
		return f.template(v.String())
	case *lua.LTable:
		return func(out *strings.Builder, match []int) {
			f.write(out, match, f.GetTable(v, f.capture(match, min(1, len(match)/2-1))))
		}
	case *lua.LFunction:
		return func(out *strings.Builder, match []int) {
			f.Push(v)
			f.Call(f.pushCaptures(f.LState, match, true), 1)
			result := f.Get(-1)
			f.Pop(1)
			f.write(out, match, result)
		}
	}
	f.refuse("replacement must be a string, a table or a function, got %s", describe(f.Get(3)))
	return nil
}

// write writes what a table or a function says; nil and false let the match
// stand.
func (f *search) write(out *strings.Builder, match []int, v lua.LValue) {
	switch v.Type() {
	case lua.LTNil:
		out.WriteString(f.s[match[0]:match[1]])
	case lua.LTBool:
		if v == lua.LTrue {
			f.refuse("a replacement must be a string, a number, nil or false, got true")
		}
		out.WriteString(f.s[match[0]:match[1]])
	case lua.LTString, lua.LTNumber:
		out.WriteString(v.String())
	default:
		f.refuse("a replacement must be a string, a number, nil or false, got %s", describe(v))
	}
}

// template reads a replacement with %0 to %9 and %%, as string.gsub has them.
func (f *search) template(template string) func(*strings.Builder, []int) {
	type part struct {
		text    string
		capture int // behind the text; -1 for none
	}
	var parts []part
	captures := f.pattern.first.NumSubexp()
	for {
		text, rest, found := strings.Cut(template, "%")
		if !found {
			parts = append(parts, part{text, -1})
			break
		}
		switch {
		case rest == "" || rest[0] != '%' && (rest[0] < '0' || rest[0] > '9'):
			f.refuse("replacement has a %% that no digit follows; %%%% stands for a percent sign")
		case rest[0] == '%':
			parts = append(parts, part{text + "%", -1})
		case rest[0] == '1' && captures == 0:
			parts = append(parts, part{text, 0})
		case int(rest[0]-'0') > captures:
			f.refuse("replacement has %%%c but the pattern has %d captures", rest[0], captures)
		default:
			parts = append(parts, part{text, int(rest[0] - '0')})
		}
		template = rest[1:]
	}
	return func(out *strings.Builder, match []int) {
		for _, part := range parts {
			out.WriteString(part.text)
			if c := 2 * part.capture; part.capture >= 0 && match[c] >= 0 {
				out.WriteString(f.s[match[c]:match[c+1]])
			}
			f.mayHave(out.Len(), f.s)
		}
	}
}
