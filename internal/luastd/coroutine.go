package luastd

import (
	lua "github.com/yuin/gopher-lua"
)

// coroutineFunctions are the table coroutine.
func (lib *library) coroutineFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"create":  lib.coCreate,
		"resume":  lib.coResume,
		"running": lib.coRunning,
		"status":  lib.coStatus,
		"wrap":    lib.coWrap,
		"yield":   lib.coYield,
	}
}

// thread returns an argument that is a coroutine.
func (c call) thread(n int) *thread {
	t, ok := c.L.Get(n).(*thread)
	if !ok {
		c.bad(n, "coroutine expected")
	}
	return t
}

// coCreate is coroutine.create(f).
func (lib *library) coCreate(L *lua.LState) int {
	return push(L, lib.create(L, call{L, "create"}.function(1)))
}

// coResume is coroutine.resume(co, ...).
func (lib *library) coResume(L *lua.LState) int {
	t := call{L, "resume"}.thread(1)
	if failure := lib.resume(L, t, 2); failure != nil {
		L.Push(lua.LFalse)
		L.Push(failure)
		return 2
	}
	L.Replace(1, lua.LTrue)
	return L.GetTop()
}

// coWrap is coroutine.wrap(f). As in Lua, an error that is a string gets the
// place of the call before it.
func (lib *library) coWrap(L *lua.LState) int {
	t := lib.create(L, call{L, "wrap"}.function(1))
	return push(L, L.NewFunction(func(L *lua.LState) int {
		failure := lib.resume(L, t, 1)
		if message, ok := failure.(lua.LString); ok {
			failure = lua.LString(place(L)) + message
		}
		if failure != nil {
			L.Error(failure, 0)
		}
		return L.GetTop()
	}))
}

// coYield is coroutine.yield(...).
func (lib *library) coYield(L *lua.LState) int {
	if lib.current == nil {
		raise(L, "attempt to yield from outside a coroutine")
	}
	return lib.current.pause(L)
}

// coRunning is coroutine.running(): nil for the main one.
func (lib *library) coRunning(L *lua.LState) int {
	if lib.current == nil {
		return push(L, lua.LNil)
	}
	return push(L, lib.current)
}

// coStatus is coroutine.status(co).
func (lib *library) coStatus(L *lua.LState) int {
	return push(L, lua.LString(call{L, "status"}.thread(1).status))
}
