package luastd

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A spec is one conversion of a format: "%-5.2s".
type spec struct {
	left, plus, blank, sharp, zero bool

	width     int
	precision int // -1 if none
	verb      byte
}

// format is string.format(formatstring, ...): C's conversions as Lua has them,
// and never one of Go's.
func (lib *library) format(L *lua.LState) int {
	c := call{L, "format"}
	format := c.text(1)
	out := make([]byte, 0, len(format)+64)
	arg := 1
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			break
		}
		out = append(out, format[:i]...)
		format = format[i+1:]
		if strings.HasPrefix(format, "%") {
			out = append(out, '%')
			format = format[1:]
			continue
		}
		var s spec
		s, format = c.spec(format)
		arg++
		out = c.convert(out, s, arg)
		lib.bound(L, len(out))
	}
	out = append(out, format...)
	lib.bound(L, len(out))
	return push(L, lua.LString(out))
}

// spec reads a conversion after its "%", and returns what follows.
func (c call) spec(format string) (s spec, rest string) {
	const allFlags = "-+ #0"
	flags := len(format) - len(strings.TrimLeft(format, allFlags))
	if flags > len(allFlags) {
		raise(c.L, "invalid format (repeated flags)")
	}
	for i := range flags {
		switch format[i] {
		case '-':
			s.left = true
		case '+':
			s.plus = true
		case ' ':
			s.blank = true
		case '#':
			s.sharp = true
		case '0':
			s.zero = true
		}
	}
	s.width, format = twoDigits(format[flags:])
	s.precision = -1
	if strings.HasPrefix(format, ".") {
		s.precision, format = twoDigits(format[1:])
	}
	if format == "" {
		raise(c.L, "invalid option '%%' to 'format'")
	}
	if '0' <= format[0] && format[0] <= '9' {
		raise(c.L, "invalid format (width or precision too long)")
	}
	s.verb = format[0]
	return s, format[1:]
}

// twoDigits reads a number of at most two digits; none is zero.
func twoDigits(s string) (n int, rest string) {
	for i := 0; i < 2 && s != "" && '0' <= s[0] && s[0] <= '9'; i++ {
		n = n*10 + int(s[0]-'0')
		s = s[1:]
	}
	return n, s
}

// convert appends argument n as s says.
func (c call) convert(out []byte, s spec, n int) []byte {
	if n > c.L.GetTop() && strings.IndexByte("cdiouxXeEfgGqs", s.verb) >= 0 {
		c.bad(n, "no value")
	}
	switch s.verb {
	case 'c':
		return s.pad(out, "", string([]byte{byte(c.integer(n))}), false)
	case 'd', 'i':
		return s.signed(out, cInt(c.number(n)))
	case 'o', 'u', 'x', 'X':
		return s.unsigned(out, cUint(c.number(n)))
	case 'e', 'E', 'f', 'g', 'G':
		return formatFloat(out, c.number(n), s)
	case 'q':
		return quote(out, c.text(n))
	case 's':
		text := ToString(c.L, c.L.Get(n))
		if s.precision >= 0 {
			text = text[:min(s.precision, len(text))]
		}
		return s.pad(out, "", text, false)
	}
	raise(c.L, "invalid option '%%%c' to 'format'", s.verb)
	return nil
}

// quote appends a string as Lua's reader takes it.
func quote(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch s[i] {
		case '"', '\\', '\n':
			out = append(out, '\\', s[i])
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, s[i])
		}
	}
	return append(out, '"')
}

// pad appends sign and digits in the width: zeros go between them, blanks
// before or after.
func (s spec) pad(out []byte, sign, digits string, zeros bool) []byte {
	fill := s.width - len(sign) - len(digits)
	if !s.left && !zeros {
		out = fillWith(out, ' ', fill)
	}
	out = append(out, sign...)
	if !s.left && zeros {
		out = fillWith(out, '0', fill)
	}
	out = append(out, digits...)
	if s.left {
		out = fillWith(out, ' ', fill)
	}
	return out
}

func fillWith(out []byte, octet byte, n int) []byte {
	for range n {
		out = append(out, octet)
	}
	return out
}

// cInt converts as C does on most machines: what no int64 holds is the least.
func cInt(v float64) int64 {
	if v >= -1<<63 && v < 1<<63 {
		return int64(v)
	}
	return math.MinInt64
}

// cUint converts as C does on most machines: a negative number is what it is
// in two's complement.
func cUint(v float64) uint64 {
	switch {
	case v >= 1<<64:
		return 0
	case v >= 1<<63:
		return uint64(v-1<<63) | 1<<63
	}
	return uint64(cInt(v))
}

// signed appends %d.
func (s spec) signed(out []byte, v int64) []byte {
	digits := strconv.FormatInt(v, 10)
	sign := s.sign(v < 0)
	return s.integer(out, sign, strings.TrimPrefix(digits, "-"))
}

func (s spec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case s.plus:
		return "+"
	case s.blank:
		return " "
	}
	return ""
}

// unsigned appends %u, %o, %x and %X.
func (s spec) unsigned(out []byte, v uint64) []byte {
	base := 16
	switch s.verb {
	case 'o':
		base = 8
	case 'u':
		base = 10
	}
	digits := strconv.FormatUint(v, base)
	prefix := ""
	switch {
	case s.sharp && base == 16 && v != 0:
		prefix = "0x"
	case s.sharp && base == 8 && v != 0 && len(digits) >= s.precision:
		digits = "0" + digits
	case s.sharp && base == 8 && s.precision == 0:
		s.precision = 1
	}
	if s.verb == 'X' {
		digits, prefix = strings.ToUpper(digits), strings.ToUpper(prefix)
	}
	return s.integer(out, prefix, digits)
}

// integer appends digits: a precision is how many there are at least, and does
// away with the flag "0".
func (s spec) integer(out []byte, sign, digits string) []byte {
	if s.precision == 0 && digits == "0" {
		digits = ""
	}
	if missing := s.precision - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return s.pad(out, sign, digits, s.zero && s.precision < 0)
}
