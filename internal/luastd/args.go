package luastd

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxResults bounds what unpack and string.byte push, as Lua's C stack does.
const maxResults = 8000

// A call is one call of a library function: where its arguments are, and the
// name that errors give it. Its methods raise Lua's own messages.
type call struct {
	L    *lua.LState
	name string
}

// raise is luaL_error: the message begins with the place of the call if that
// was Lua code.
func raise(L *lua.LState, format string, args ...any) {
	L.Error(lua.LString(place(L)+fmt.Sprintf(format, args...)), 0)
}

// place is where the running Go function was called: "rule.lua:3: ", or
// nothing when Go called it.
func place(L *lua.LState) string {
	where := L.Where(1)
	if where == "" || strings.HasPrefix(where, "[G]") {
		return ""
	}
	return where + " "
}

// bad raises what is wrong with argument n.
func (c call) bad(n int, problem string) {
	raise(c.L, "bad argument #%d to '%s' (%s)", n, c.name, problem)
}

// wrongType raises that argument n should have been another type.
func (c call) wrongType(n int, want string) {
	got := "no value"
	if n <= c.L.GetTop() {
		got = c.L.Get(n).Type().String()
	}
	c.bad(n, want+" expected, got "+got)
}

// text returns a string argument; a number is one too.
func (c call) text(n int) string {
	switch v := c.L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return formatNumber(float64(v))
	}
	c.wrongType(n, "string")
	return ""
}

// number returns a number argument; a string that is a numeral is one too.
func (c call) number(n int) float64 {
	if v, ok := toNumber(c.L.Get(n)); ok {
		return v
	}
	c.wrongType(n, "number")
	return 0
}

// integer returns a number argument without its fraction. What no int holds
// becomes the nearest, and NaN the least.
func (c call) integer(n int) int {
	return toInt(c.number(n))
}

// option is integer, with a default for nil and none.
func (c call) option(n, byDefault int) int {
	if c.L.Get(n) == lua.LNil {
		return byDefault
	}
	return c.integer(n)
}

func (c call) table(n int) *lua.LTable {
	t, ok := c.L.Get(n).(*lua.LTable)
	if !ok {
		c.wrongType(n, "table")
	}
	return t
}

func (c call) function(n int) *lua.LFunction {
	f, ok := c.L.Get(n).(*lua.LFunction)
	if !ok {
		c.wrongType(n, "function")
	}
	return f
}

// value raises unless there is an argument n, which may be nil.
func (c call) value(n int) lua.LValue {
	if n > c.L.GetTop() {
		c.bad(n, "value expected")
	}
	return c.L.Get(n)
}

func toInt(v float64) int {
	switch {
	case v >= math.MaxInt:
		return math.MaxInt
	case v > math.MinInt:
		return int(v)
	}
	return math.MinInt
}

// push returns one value to Lua.
func push(L *lua.LState, v lua.LValue) int {
	L.Push(v)
	return 1
}
