package luabind

import (
	"fmt"
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// What the modules beyond the mirror give out at most, so that a hostile
// message cannot make them fill the memory.
const (
	maxResult  = 16 << 20  // octets of a string; or as many as the argument has
	maxEntries = 1<<20 - 1 // entries of a table: what gopher-lua can keep in an array
)

// Positional are a call's arguments by position. The call is named in full:
// "text.split: sep must be a string, got nil".
type positional struct {
	*lua.LState
	call string
}

func (p positional) refuse(format string, args ...any) {
	raise(p.LState, KindValueError, p.call+": "+fmt.Sprintf(format, args...))
}

// tooLarge raises that a bound was passed.
func (p positional) tooLarge(format string, args ...any) {
	raise(p.LState, KindLimit, p.call+": "+fmt.Sprintf(format, args...))
}

// text returns argument n, which must be a string.
func (p positional) text(n int, name string) string {
	s, ok := p.Get(n).(lua.LString)
	if !ok {
		p.refuse("%s must be a string, got %s", name, describe(p.Get(n)))
	}
	return string(s)
}

// textOr is text, with a default for nil.
func (p positional) textOr(n int, name, byDefault string) string {
	if p.Get(n) == lua.LNil {
		return byDefault
	}
	return p.text(n, name)
}

// countOr returns argument n, a whole number of least or more, or for nil the
// default.
func (p positional) countOr(n int, name string, least, byDefault int) int {
	v := p.Get(n)
	if v == lua.LNil {
		return byDefault
	}
	count, ok := integer(v)
	if !ok || count < least {
		p.refuse("%s must be an integer of %d or more, got %s", name, least, describe(v))
	}
	return count
}

// number returns argument n, which must be a finite number.
func (p positional) number(n int, name string) float64 {
	v, ok := p.Get(n).(lua.LNumber)
	if !ok || math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
		p.refuse("%s must be a number, got %s", name, describe(p.Get(n)))
	}
	return float64(v)
}

// named returns argument n, a table of named arguments, or for nil none.
func (p positional) named(n int, names ...string) arguments {
	switch v := p.Get(n).(type) {
	case *lua.LTable:
		return namedArguments(p.LState, p.call, v, names...)
	case *lua.LNilType:
		return arguments{L: p.LState, call: p.call}
	default:
		p.refuse("wants named arguments in a table, such as {%s=...}, got %s", names[0], describe(v))
	}
	return arguments{}
}

// mayHave raises unless a result of so many octets may be given for input.
func (p positional) mayHave(octets int, input string) {
	if most := max(maxResult, len(input)); octets > most {
		p.tooLarge("the result would have more than %d octets", most)
	}
}

// give returns one value to Lua.
func (p positional) give(v lua.LValue) int {
	p.Push(v)
	return 1
}

// fail returns nil and the reason: what foreign text that is not as it should
// be comes to.
func (p positional) fail(format string, args ...any) int {
	p.Push(lua.LNil)
	p.Push(lua.LString(fmt.Sprintf(format, args...)))
	return 2
}

// entries collects strings for a table of at most maxEntries.
type entries struct {
	positional
	table *lua.LTable
	count int
}

func (p positional) newEntries() *entries {
	return &entries{positional: p, table: p.CreateTable(0, 0)}
}

func (e *entries) add(v lua.LValue) {
	if e.count++; e.count > maxEntries {
		e.tooLarge("the table would have more than %d entries", maxEntries)
	}
	e.table.Append(v)
}

// piece is s[from:to] for a script to keep: a copy when it is small beside s,
// since a slice would keep all of s in memory.
func piece(s string, from, to int) lua.LString {
	if to-from < len(s)/2 {
		return lua.LString(strings.Clone(s[from:to]))
	}
	return lua.LString(s[from:to])
}

// stopped returns why the script has to end, or nil. Calls that take long ask
// it now and then.
func (b *binding) stopped(L *lua.LState) error {
	if ctx := L.Context(); ctx != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return b.grants.context().Err()
}
