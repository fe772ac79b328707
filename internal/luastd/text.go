package luastd

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// stringFunctions are the table string.
func (lib *library) stringFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"byte":    stringByte,
		"char":    stringChar,
		"find":    lib.find,
		"format":  lib.format,
		"gmatch":  lib.gmatch,
		"gsub":    lib.gsub,
		"len":     stringLen,
		"lower":   stringLower,
		"match":   lib.match,
		"rep":     lib.rep,
		"reverse": stringReverse,
		"sub":     stringSub,
		"upper":   stringUpper,
	}
}

// stringByte is string.byte(s [, i [, j]]).
func stringByte(L *lua.LState) int {
	c := call{L, "byte"}
	s := c.text(1)
	i := relative(c.option(2, 1), len(s))
	j := relative(c.option(3, i), len(s))
	i, j = max(i, 1), min(j, len(s))
	if j-i >= maxResults {
		raise(L, "string slice too long")
	}
	for at := i; at <= j; at++ {
		L.Push(lua.LNumber(s[at-1]))
	}
	return max(j-i+1, 0)
}

// stringChar is string.char(...).
func stringChar(L *lua.LState) int {
	c := call{L, "char"}
	octets := make([]byte, L.GetTop())
	for i := range octets {
		v := c.integer(i + 1)
		if v < 0 || v > 255 {
			c.bad(i+1, "invalid value")
		}
		octets[i] = byte(v)
	}
	return push(L, lua.LString(octets))
}

func stringLen(L *lua.LState) int {
	return push(L, lua.LNumber(len(call{L, "len"}.text(1))))
}

// stringSub is string.sub(s, i [, j]).
func stringSub(L *lua.LState) int {
	c := call{L, "sub"}
	s := c.text(1)
	i := max(relative(c.integer(2), len(s)), 1)
	j := min(relative(c.option(3, -1), len(s)), len(s))
	if i > j {
		return push(L, lua.LString(""))
	}
	return push(L, lua.LString(piece(s, i-1, j)))
}

// stringLower changes the letters of ASCII and no other octet.
func stringLower(L *lua.LState) int {
	return push(L, lua.LString(mapOctets(call{L, "lower"}.text(1), 'A')))
}

// stringUpper changes the letters of ASCII and no other octet.
func stringUpper(L *lua.LState) int {
	return push(L, lua.LString(mapOctets(call{L, "upper"}.text(1), 'a')))
}

// mapOctets gives the 26 letters from first on their other case.
func mapOctets(s string, first byte) string {
	i := 0
	for i < len(s) && s[i]-first >= 26 {
		i++
	}
	if i == len(s) {
		return s
	}
	octets := []byte(s)
	for ; i < len(octets); i++ {
		if octets[i]-first < 26 {
			octets[i] ^= 0x20
		}
	}
	return string(octets)
}

func stringReverse(L *lua.LState) int {
	s := call{L, "reverse"}.text(1)
	octets := make([]byte, len(s))
	for i := range len(s) {
		octets[len(s)-1-i] = s[i]
	}
	return push(L, lua.LString(octets))
}

// rep is string.rep(s, n).
func (lib *library) rep(L *lua.LState) int {
	c := call{L, "rep"}
	s, n := c.text(1), c.integer(2)
	if n <= 0 || s == "" {
		return push(L, lua.LString(""))
	}
	if n > lib.limit.MaxString/len(s) {
		lib.bound(L, lib.limit.MaxString+1)
	}
	return push(L, lua.LString(strings.Repeat(s, n)))
}
