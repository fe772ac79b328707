package luabind

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// maxDecoded bounds the memory that one JSON text may take, in octets as
// estimated: a table of gopher-lua takes a hundred times the octets of "{}".
const maxDecoded = 128 << 20

// jsonDecode is json.decode(s).
func (b *binding) jsonDecode(L *lua.LState, null lua.LValue) int {
	p := positional{L, "json.decode"}
	d := &decoder{positional: p, s: p.text(1, "s"), array: b.array, null: null}
	if v, ok := d.document(); ok {
		return p.give(v)
	}
	line := strings.Count(d.s[:d.at], "\n") + 1
	column := d.at - strings.LastIndexByte(d.s[:d.at], '\n')
	return p.fail("line %d, column %d: %s", line, column, d.reason)
}

// A decoder reads JSON as RFC 8259 has it. It keeps the entries of open arrays
// and objects on one stack, so that tables are made in their final size.
type decoder struct {
	positional
	array  *lua.LTable
	null   lua.LValue
	s      string
	at     int
	depth  int
	memory int
	open   []lua.LValue
	reason string // why it failed, at d.at
}

func (d *decoder) fault(format string, args ...any) (lua.LValue, bool) {
	d.reason = fmt.Sprintf(format, args...)
	return nil, false
}

// spend counts memory, and raises when it is too much.
func (d *decoder) spend(octets int) {
	if d.memory += octets; d.memory > maxDecoded {
		d.tooLarge("the value would take more than %d octets of memory", maxDecoded)
	}
}

func (d *decoder) document() (lua.LValue, bool) {
	d.blanks()
	v, ok := d.value()
	if !ok {
		return nil, false
	}
	if d.blanks(); d.at < len(d.s) {
		return d.fault("%s behind the value", d.found())
	}
	return v, true
}

func (d *decoder) blanks() {
	for d.at < len(d.s) && strings.IndexByte(" \t\r\n", d.s[d.at]) >= 0 {
		d.at++
	}
}

// next returns the octet at which the decoder stands, 0 at the end.
func (d *decoder) next() byte {
	if d.at == len(d.s) {
		return 0
	}
	return d.s[d.at]
}

// found names what stands here, for errors.
func (d *decoder) found() string {
	if d.at == len(d.s) {
		return "the end of the text"
	}
	_, n := utf8.DecodeRuneInString(d.s[d.at:])
	return quote(d.s[d.at : d.at+n])
}

func (d *decoder) value() (lua.LValue, bool) {
	d.spend(40) // on the stack, and what it points to
	switch c := d.next(); {
	case c == '{':
		return d.object()
	case c == '[':
		return d.list()
	case c == '"':
		s, ok := d.text()
		return s, ok
	case c == '-', '0' <= c && c <= '9':
		return d.number()
	}
	switch {
	case d.word("true"):
		return lua.LTrue, true
	case d.word("false"):
		return lua.LFalse, true
	case d.word("null"):
		return d.null, true
	}
	return d.fault("%s where a value should be", d.found())
}

// word passes over a word, if it stands here.
func (d *decoder) word(word string) bool {
	if !strings.HasPrefix(d.s[d.at:], word) {
		return false
	}
	d.at += len(word)
	return true
}

// number reads what JSON allows, which is less than strconv does.
func (d *decoder) number() (lua.LValue, bool) {
	start := d.at
	if d.next() == '-' {
		d.at++
	}
	zero := d.next() == '0'
	if n := d.digits(); n == 0 || zero && n > 1 {
		d.at -= n
		return d.fault("a number must begin with one 0, or with 1 to 9")
	}
	if d.next() == '.' {
		d.at++
		if d.digits() == 0 {
			return d.fault("%s where a digit should be", d.found())
		}
	}
	if d.next()|0x20 == 'e' {
		d.at++
		if c := d.next(); c == '+' || c == '-' {
			d.at++
		}
		if d.digits() == 0 {
			return d.fault("%s where a digit should be", d.found())
		}
	}
	v, err := strconv.ParseFloat(d.s[start:d.at], 64)
	if err != nil {
		d.at = start
		return d.fault("the number is too large")
	}
	return lua.LNumber(v), true
}

// digits passes over digits, and returns how many they were.
func (d *decoder) digits() (n int) {
	for c := d.next(); '0' <= c && c <= '9'; c = d.next() {
		d.at++
		n++
	}
	return n
}

// text reads a string. Octets that are not UTF-8 stay as they are.
func (d *decoder) text() (lua.LString, bool) {
	d.at++
	start := d.at
	for c := d.next(); c >= ' ' && c != '"' && c != '\\'; c = d.next() {
		d.at++
	}
	if d.next() == '"' {
		d.spend(d.at - start + 16)
		d.at++
		return piece(d.s, start, d.at-1), true
	}
	out := []byte(d.s[start:d.at])
	for {
		switch c := d.next(); {
		case c == '"':
			d.spend(len(out) + 16)
			d.at++
			return lua.LString(out), true
		case c == '\\':
			var ok bool
			if out, ok = d.escape(out); !ok {
				return "", false
			}
		case c < ' ':
			d.fault("%s in a string", d.found())
			return "", false
		default:
			out = append(out, c)
			d.at++
		}
	}
}

// escape appends what the escape here stands for.
func (d *decoder) escape(out []byte) ([]byte, bool) {
	rest := d.s[d.at+1:]
	if rest != "" && rest[0] == 'u' {
		r, ok := hex4(rest[1:])
		if !ok {
			d.fault("\\u without four hex digits")
			return nil, false
		}
		d.at += 6
		if low, ok := hex4(strings.TrimPrefix(d.s[d.at:], `\u`)); utf16.IsSurrogate(r) && ok && strings.HasPrefix(d.s[d.at:], `\u`) {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				d.at += 6
				r = both
			}
		}
		return utf8.AppendRune(out, r), true // half of a pair alone becomes U+FFFD
	}
	const letters, stand = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if rest != "" {
		if i := strings.IndexByte(letters, rest[0]); i >= 0 {
			d.at += 2
			return append(out, stand[i]), true
		}
	}
	d.fault("a backslash before %s", quote(rest[:min(1, len(rest))]))
	return nil, false
}

// hex4 reads the four hex digits at the start of s.
func hex4(s string) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range []byte(s[:4]) {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// list reads an array.
func (d *decoder) list() (lua.LValue, bool) {
	base := len(d.open)
	if !d.entries(']', func() bool { return true }) {
		return nil, false
	}
	values := d.open[base:]
	d.spend(96 + 16*len(values))
	table := d.CreateTable(len(values), 0)
	for _, v := range values {
		table.Append(v)
	}
	table.Metatable = d.array
	d.open = d.open[:base]
	return table, true
}

// object reads an object. Of keys that are twice there, the last counts.
func (d *decoder) object() (lua.LValue, bool) {
	base := len(d.open)
	if !d.entries('}', d.key) {
		return nil, false
	}
	pairs := d.open[base:]
	if len(pairs) > 0 {
		d.spend(600)
	}
	d.spend(96 + 100*len(pairs)/2)
	table := d.CreateTable(0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		table.RawSetString(string(pairs[i].(lua.LString)), pairs[i+1])
	}
	d.open = d.open[:base]
	return table, true
}

// key reads a key and the colon behind it.
func (d *decoder) key() bool {
	if d.next() != '"' {
		d.fault("%s where a key should be, a string", d.found())
		return false
	}
	key, ok := d.text()
	if !ok {
		return false
	}
	d.open = append(d.open, key)
	if d.blanks(); d.next() != ':' {
		d.fault("%s where a colon should be", d.found())
		return false
	}
	d.at++
	d.blanks()
	return true
}

// entries reads values up to the end of an array or object, each led in by
// before, onto the stack.
func (d *decoder) entries(end byte, before func() bool) bool {
	if d.depth++; d.depth > maxDepth {
		d.fault("nested more than %d deep", maxDepth)
		return false
	}
	d.at++
	base := len(d.open)
	if d.blanks(); d.next() == end {
		d.at++
		d.depth--
		return true
	}
	for {
		if !before() {
			return false
		}
		v, ok := d.value()
		if !ok {
			return false
		}
		if d.open = append(d.open, v); len(d.open)-base > maxEntries {
			d.tooLarge("an array or object has more than %d entries", maxEntries)
		}
		d.blanks()
		switch d.next() {
		case end:
			d.at++
			d.depth--
			return true
		case ',':
			d.at++
			d.blanks()
		default:
			d.fault("%s where a comma or %q should be", d.found(), end)
			return false
		}
	}
}
