package luatest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/popherd/popherd/luabind"
	lua "github.com/yuin/gopher-lua"
)

// A verdict is what ends a test: a failure, which was reported already, or a
// skip.
type verdict struct {
	skipped bool
	note    string
}

// verdictOf returns the verdict behind what was raised, or nil.
func verdictOf(v lua.LValue) *verdict {
	if object, ok := v.(*lua.LUserData); ok {
		end, _ := object.Value.(*verdict)
		return end
	}
	return nil
}

// end ends the test in Lua.
func (v verdict) end(L *lua.LState) {
	object := L.NewUserData()
	object.Value = &v
	L.Error(object, 0)
}

// A reporter is told what a test finds; *testing.T is one.
type reporter interface {
	Error(args ...any)
	Log(args ...any)
}

// openAssertions sets the global functions of the package comment.
func openAssertions(t reporter, L *lua.LState) {
	a := assertions{t: t, find: L.GetField(L.GetGlobal("string"), "find")}
	for name, f := range map[string]lua.LGFunction{
		"assert_equal":     a.equal,
		"assert_not_equal": a.notEqual,
		"assert_true":      a.is(lua.LTrue),
		"assert_false":     a.is(lua.LFalse),
		"assert_nil":       a.is(lua.LNil),
		"assert_not_nil":   a.notNil,
		"assert_contains":  a.contains,
		"assert_match":     a.match,
		"assert_raises":    a.raises,
		"fail":             a.fail,
		"skip":             a.skip,
		"print":            a.print,
	} {
		L.SetGlobal(name, L.NewFunction(f))
	}
}

type assertions struct {
	t    reporter
	find lua.LValue // string.find, before a test can replace it
}

// failed reports a failure at the line of the caller in Lua, with the note in
// argument n, and ends the test.
func (a assertions) failed(L *lua.LState, n int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if note := L.Get(n); n > 0 && note != lua.LNil {
		text = note.String() + ": " + text
	}
	a.t.Error(L.Where(1) + " " + text)
	verdict{}.end(L)
}

func (a assertions) equal(L *lua.LState) int {
	if lines := differences(L.Get(1), L.Get(2)); len(lines) > 0 {
		a.failed(L, 3, "%s", strings.Join(lines, "\n\t"))
	}
	return 0
}

func (a assertions) notEqual(L *lua.LState) int {
	if len(differences(L.Get(1), L.Get(2))) == 0 {
		a.failed(L, 3, "got %s, want anything else", show(L.Get(1)))
	}
	return 0
}

func (a assertions) is(want lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int {
		if got := L.Get(1); got != want {
			a.failed(L, 2, "got %s, want %s", show(got), show(want))
		}
		return 0
	}
}

func (a assertions) notNil(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		a.failed(L, 2, "got nil, want anything else")
	}
	L.Push(L.Get(1))
	return 1
}

func (a assertions) contains(L *lua.LState) int {
	got, part := L.CheckString(1), L.CheckString(2)
	if !strings.Contains(got, part) {
		a.failed(L, 3, "got %q, want it to contain %q", got, part)
	}
	return 0
}

func (a assertions) match(L *lua.LState) int {
	got, pattern := L.CheckString(1), L.CheckString(2)
	if !a.matches(L, got, pattern) {
		a.failed(L, 3, "got %q, want it to match %q", got, pattern)
	}
	return 0
}

// matches reports whether a Lua pattern is in s.
func (a assertions) matches(L *lua.LState, s, pattern string) bool {
	err := L.CallByParam(lua.P{Fn: a.find, NRet: 1, Protect: true}, lua.LString(s), lua.LString(pattern))
	if err != nil {
		return false // not a pattern
	}
	found := L.Get(-1) != lua.LNil
	L.Pop(1)
	return found
}

// raises calls a function that must raise. Everything from the function on is
// a call ready to be made.
func (a assertions) raises(L *lua.LState) int {
	want := L.CheckString(1)
	L.CheckFunction(2)
	err := L.PCall(L.GetTop()-2, 0, nil)
	if err == nil {
		a.failed(L, 0, "nothing was raised, want %q", want)
	}
	raised := lua.LValue(lua.LString(err.Error()))
	if api := (*lua.ApiError)(nil); errors.As(err, &api) && api.Object != nil {
		raised = api.Object
	}
	if verdictOf(raised) != nil {
		L.Error(raised, 0)
	}
	kind, text := errorText(raised)
	if kind != want && !strings.Contains(text, want) && !a.matches(L, text, want) {
		a.failed(L, 0, "raised %q, want %q", text, want)
	}
	L.Push(raised)
	return 1
}

func (a assertions) fail(L *lua.LState) int {
	a.failed(L, 0, "%s", L.OptString(1, "failed"))
	return 0
}

func (a assertions) skip(L *lua.LState) int {
	verdict{skipped: true, note: L.OptString(1, "")}.end(L)
	return 0
}

func (a assertions) print(L *lua.LState) int {
	words := make([]string, L.GetTop())
	for i := range words {
		words[i] = L.ToStringMeta(L.Get(i + 1)).String()
	}
	a.t.Log(strings.Join(words, "\t"))
	return 0
}

// errorText is what raised the error, as text.
func errorText(v lua.LValue) (kind, text string) {
	if object, ok := v.(*lua.LUserData); ok {
		if e, ok := object.Value.(*luabind.Error); ok {
			return e.Kind, e.Error()
		}
	}
	return "", v.String()
}
