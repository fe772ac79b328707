package luastd

import (
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// space is what C's isspace knows.
const space = " \t\n\v\f\r"

// ToString is Lua's tostring, for a host's print: numbers by "%.14g", the
// __tostring of others. It raises what __tostring raises, and when __tostring
// returns no string.
func ToString(L *lua.LState, v lua.LValue) string {
	switch s := stringOf(L, v).(type) {
	case lua.LString:
		return string(s)
	case lua.LNumber:
		return formatNumber(float64(s))
	}
	raise(L, "'tostring' must return a string")
	return ""
}

// stringOf is what tostring returns: anything, if __tostring says so.
func stringOf(L *lua.LState, v lua.LValue) lua.LValue {
	switch n := v.(type) {
	case lua.LString:
		return v
	case lua.LNumber:
		return lua.LString(formatNumber(float64(n)))
	}
	return L.ToStringMeta(v)
}

func tostring(L *lua.LState) int {
	return push(L, stringOf(L, call{L, "tostring"}.value(1)))
}

// formatNumber writes a number as Lua's "%.14g" does.
func formatNumber(v float64) string {
	if i := int64(v); float64(i) == v && i > -1e14 && i < 1e14 && (i != 0 || !math.Signbit(v)) {
		return strconv.FormatInt(i, 10)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return string(formatFloat(nil, v, spec{}))
	}
	return strconv.FormatFloat(v, 'g', 14, 64)
}

// toNumber converts what Lua converts: numbers, and strings that are numerals.
func toNumber(v lua.LValue) (float64, bool) {
	switch n := v.(type) {
	case lua.LNumber:
		return float64(n), true
	case lua.LString:
		return parseNumber(string(n))
	}
	return 0, false
}

// parseNumber reads a numeral with white space around it: decimal, or
// hexadecimal with C's fraction and exponent. Unlike Lua 5.1, which leaves it
// to C's strtod, it does not take "inf" and "nan" for numbers.
func parseNumber(s string) (float64, bool) {
	s = strings.Trim(s, space)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	hex := len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x'
	if hex {
		if strings.ContainsRune(digits, '_') {
			return 0, false
		}
		if !strings.ContainsAny(digits, "pP") {
			s += "p0"
		}
	} else if !decimal(digits) {
		return 0, false
	}
	// An error of range comes with the infinity that C returns.
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(v, 0) {
		return 0, false
	}
	return v, true
}

// decimal keeps out what only Go takes for a number: "inf", "1_000".
func decimal(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', c == '.', c == '+', c == '-', c == 'e', c == 'E':
		default:
			return false
		}
	}
	return true
}

func tonumber(L *lua.LState) int {
	c := call{L, "tonumber"}
	base := c.option(2, 10)
	if base == 10 {
		if v, ok := toNumber(c.value(1)); ok {
			return push(L, lua.LNumber(v))
		}
		return push(L, lua.LNil)
	}
	s := c.text(1)
	if base < 2 || base > 36 {
		c.bad(2, "base out of range")
	}
	if v, ok := parseUnsigned(s, base); ok {
		return push(L, lua.LNumber(v))
	}
	return push(L, lua.LNil)
}

// parseUnsigned is C's strtoul: a sign is allowed, "-1" is the greatest, and
// what is greater than the greatest is the greatest.
func parseUnsigned(s string, base int) (uint64, bool) {
	s = strings.Trim(s, space)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	if s == "" || s[0] == '+' || s[0] == '-' {
		return 0, false
	}
	v, err := strconv.ParseUint(s, base, 64)
	if err != nil && v != math.MaxUint64 {
		return 0, false
	}
	if negative && err == nil {
		v = -v
	}
	return v, true
}

// arithmetic are the operators of strings that are numerals. gopher-lua has
// its own, but takes "010" for eight and "1_0" for ten.
func arithmetic() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"__add": operator("__add", func(a, b float64) float64 { return a + b }),
		"__sub": operator("__sub", func(a, b float64) float64 { return a - b }),
		"__mul": operator("__mul", func(a, b float64) float64 { return a * b }),
		"__div": operator("__div", func(a, b float64) float64 { return a / b }),
		"__pow": operator("__pow", math.Pow),
		"__mod": operator("__mod", modulo),
		"__unm": operator("__unm", func(a, _ float64) float64 { return -a }),
	}
}

// modulo has the sign of b, as Lua's.
func modulo(a, b float64) float64 {
	r := math.Mod(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// operator computes with strings, or lets the other operand's metamethod.
func operator(event string, compute func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		a, b := L.Get(1), L.Get(2)
		if event == "__unm" {
			b = a
		}
		x, okA := toNumber(a)
		y, okB := toNumber(b)
		if okA && okB {
			return push(L, lua.LNumber(compute(x, y)))
		}
		for _, v := range []lua.LValue{a, b} {
			if f, ok := L.GetMetaField(v, event).(*lua.LFunction); ok && v.Type() != lua.LTString {
				L.Push(f)
				L.Push(a)
				L.Push(b)
				L.Call(2, 1)
				return 1
			}
		}
		wrong := a
		if okA {
			wrong = b
		}
		raise(L, "attempt to perform arithmetic on a %s value", wrong.Type())
		return 0
	}
}
