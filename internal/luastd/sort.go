package luastd

import (
	"cmp"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// A sorting is one call of table.sort.
type sorting struct {
	lib    *library
	L      *lua.LState
	less   *lua.LFunction // nil is "<"
	asked  int            // comparisons
	values []lua.LValue
}

// sort is table.sort(t [, comp]). It sorts a copy: an error leaves the table
// as it was. The number of comparisons is bounded whatever comp says, so that
// an inconsistent one gives some order, or an error where it is seen to be so.
func (lib *library) sort(L *lua.LState) int {
	c := call{L, "sort"}
	t := c.table(1)
	s := sorting{lib: lib, L: L}
	if L.Get(2) != lua.LNil {
		s.less = c.function(2)
	}
	s.values = make([]lua.LValue, t.Len())
	for i := range s.values {
		s.values[i] = entry(t, i+1)
	}
	slices.SortFunc(s.values, s.order())
	for i, v := range s.values {
		t.RawSetInt(i+1, v)
	}
	return 0
}

// order chooses how to compare: without asking Lua if the values are all
// numbers or all strings.
func (s *sorting) order() func(a, b lua.LValue) int {
	switch {
	case s.less != nil:
		return s.call
	case all[lua.LNumber](s.values):
		return compare[lua.LNumber](s)
	case all[lua.LString](s.values):
		return compare[lua.LString](s)
	}
	return func(a, b lua.LValue) int { return negativeIf(s.L.LessThan(a, b)) }
}

func all[T lua.LValue](values []lua.LValue) bool {
	return !slices.ContainsFunc(values, func(v lua.LValue) bool {
		_, ok := v.(T)
		return !ok
	})
}

func compare[T interface {
	lua.LValue
	cmp.Ordered
}](s *sorting) func(a, b lua.LValue) int {
	return func(a, b lua.LValue) int {
		s.poll()
		return negativeIf(a.(T) < b.(T))
	}
}

// negativeIf is the only answer that slices.SortFunc asks for: less or not.
func negativeIf(less bool) int {
	if less {
		return -1
	}
	return 0
}

// call asks Lua's function.
func (s *sorting) call(a, b lua.LValue) int {
	s.L.Push(s.less)
	s.L.Push(a)
	s.L.Push(b)
	s.L.Call(2, 1)
	less := lua.LVAsBool(s.L.Get(-1))
	s.L.Pop(1)
	return negativeIf(less)
}

// poll ends the sort when Options.Stop says so.
func (s *sorting) poll() {
	if s.asked++; s.asked%1024 != 0 {
		return
	}
	if err := s.lib.stop(s.L); err != nil {
		raise(s.L, "%s", err.Error())
	}
}
