package luastd

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// tableFunctions are the table table.
func (lib *library) tableFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"concat": lib.concat,
		"insert": tableInsert,
		"maxn":   tableMaxN,
		"remove": tableRemove,
		"sort":   lib.sort,
	}
}

// entry is t[i] without metamethods. RawGetInt alone does not know what lies
// outside the table's array.
func entry(t *lua.LTable, i int) lua.LValue {
	if i >= 1 && i < lua.MaxArrayIndex {
		return t.RawGetInt(i)
	}
	return t.RawGet(lua.LNumber(i))
}

// concat is table.concat(t [, sep [, i [, j]]]).
func (lib *library) concat(L *lua.LState) int {
	c := call{L, "concat"}
	t := c.table(1)
	separator := ""
	if L.Get(2) != lua.LNil {
		separator = c.text(2)
	}
	i, j := c.option(3, 1), 0
	if j = t.Len(); L.Get(4) != lua.LNil {
		j = c.integer(4)
	}
	var out strings.Builder
	out.Grow(lib.concatLength(L, t, len(separator), i, j))
	for at := i; at <= j; at++ {
		if at > i {
			out.WriteString(separator)
		}
		switch v := entry(t, at).(type) {
		case lua.LString:
			out.WriteString(string(v))
		case lua.LNumber:
			out.WriteString(formatNumber(float64(v)))
		}
	}
	lib.bound(L, out.Len())
	return push(L, lua.LString(out.String()))
}

// concatLength returns about how long the result will be, and raises for what
// cannot be joined.
func (lib *library) concatLength(L *lua.LState, t *lua.LTable, separator, i, j int) int {
	length := 0
	for at := i; at <= j; at++ {
		switch v := entry(t, at).(type) {
		case lua.LString:
			length += len(v)
		case lua.LNumber:
			length += 8
		default:
			raise(L, "invalid value (%s) at index %d in table for 'concat'", v.Type(), at)
		}
		if at > i {
			length += separator
		}
		lib.bound(L, length)
	}
	return length
}

// tableInsert is table.insert(t, [pos,] value).
func tableInsert(L *lua.LState) int {
	c := call{L, "insert"}
	t := c.table(1)
	end := t.Len() + 1
	switch L.GetTop() {
	case 2:
		t.Append(L.Get(2))
	case 3:
		at := c.integer(2)
		if at < 1 {
			c.bad(2, "position out of bounds")
		}
		if at < end {
			t.Insert(at, L.Get(3))
		} else {
			t.RawSetInt(at, L.Get(3))
		}
	default:
		raise(L, "wrong number of arguments to 'insert'")
	}
	return 0
}

// tableRemove is table.remove(t [, pos]).
func tableRemove(L *lua.LState) int {
	c := call{L, "remove"}
	t := c.table(1)
	end := t.Len()
	at := c.option(2, end)
	if at < 1 || at > end {
		return 0
	}
	return push(L, t.Remove(at))
}

// tableMaxN is table.maxn(t): the greatest key that is a number.
func tableMaxN(L *lua.LState) int {
	greatest := lua.LNumber(0)
	call{L, "maxn"}.table(1).ForEach(func(key, _ lua.LValue) {
		if n, ok := key.(lua.LNumber); ok && n > greatest {
			greatest = n
		}
	})
	return push(L, greatest)
}

// unpack is unpack(t [, i [, j]]).
func unpack(L *lua.LState) int {
	c := call{L, "unpack"}
	t := c.table(1)
	i, j := c.option(2, 1), 0
	if j = t.Len(); L.Get(3) != lua.LNil {
		j = c.integer(3)
	}
	if i > j {
		return 0
	}
	n := j - i + 1
	if n <= 0 || n >= maxResults {
		raise(L, "too many results to unpack")
	}
	for at := range n {
		L.Push(entry(t, i+at))
	}
	return n
}
