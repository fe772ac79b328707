package luastd

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	maxNested = 200 // pcall in pcall, as Lua's LUAI_MAXCCALLS
	maxStates = 4   // kept for the next call
)

// registryKey is where Lua's registry has the library.
const registryKey = "popherd luastd"

// A link says which state waits for which.
type link struct{ state, caller *lua.LState }

// Caller returns the state whose pcall, xpcall or resume runs L, or nil if
// none does: a traceback of L goes on there. It works while L runs.
func Caller(L *lua.LState) *lua.LState {
	ud, ok := L.G.Registry.RawGetString(registryKey).(*lua.LUserData)
	if !ok {
		return nil
	}
	lib := ud.Value.(*library)
	calls, t := lib.calls, lib.current
	for {
		for _, l := range calls {
			if l.state == L {
				return l.caller
			}
		}
		if t == nil {
			return nil
		}
		calls, t = t.below, t.from
	}
}

// pcall is Lua's. It runs the function on a state of its own, because when an
// error is raised gopher-lua closes the upvalues of the whole state: with its
// pcall, closures lose the variables they share with the functions that go on.
func (lib *library) pcall(L *lua.LState) int {
	call{L, "pcall"}.value(1)
	return lib.protect(L, L.Get(1), 2, nil)
}

// xpcall is Lua's. The handler runs where the error was raised.
func (lib *library) xpcall(L *lua.LState) int {
	c := call{L, "xpcall"}
	c.value(2)
	handler := c.function(2)
	L.SetTop(2) // the function gets no arguments
	// When a handler returns, gopher-lua leaves the upvalues of the functions
	// that failed open, in a stack that is gone. An error in the handler makes
	// it close them; its object is what xpcall returns.
	return lib.protect(L, L.Get(1), 3, L.NewFunction(func(L *lua.LState) int {
		L.Push(handler)
		L.Push(L.Get(1))
		L.Call(1, 1)
		L.Error(L.Get(-1), 0)
		return 0
	}))
}

// protect calls f with L's arguments from first on, and returns what pcall
// does.
func (lib *library) protect(L *lua.LState, f lua.LValue, first int, handler *lua.LFunction) int {
	if len(lib.calls) >= maxNested {
		raise(L, "stack overflow (%d nested calls of pcall)", maxNested)
	}
	state := lib.state(L)
	state.Push(f)
	move(L, first, state)
	depth := len(lib.calls)
	lib.calls = append(lib.calls, link{state, L})
	failure := run(state, handler)
	lib.calls = lib.calls[:depth]
	L.SetTop(0)
	if failure != nil {
		L.Push(lua.LFalse)
		L.Push(failure)
	} else {
		L.Push(lua.LTrue)
		move(state, 1, L)
	}
	lib.release(state)
	return L.GetTop()
}

// run calls the function at the bottom of a state of its own with what lies
// above it, and leaves the results there, or returns what was raised.
func run(state *lua.LState, handler *lua.LFunction) lua.LValue {
	f := state.Get(1)
	if _, ok := f.(*lua.LFunction); !ok {
		if _, ok := state.GetMetaField(f, "__call").(*lua.LFunction); !ok {
			return lua.LString("attempt to call a " + f.Type().String() + " value")
		}
	}
	err := state.PCall(state.GetTop()-1, lua.MultRet, handler)
	if err == nil {
		return nil
	}
	var raised *lua.ApiError
	if !errors.As(err, &raised) {
		return lua.LString(err.Error())
	}
	if raised.Type == lua.ApiErrorPanic {
		state.Dead = true // its upvalues are still open
	}
	return noPlace(f, raised.Object)
}

// noPlace takes away the blank that gopher-lua puts between a place and a
// message when there is no place: no Lua code called the function.
func noPlace(f, raised lua.LValue) lua.LValue {
	message, ok := raised.(lua.LString)
	if called, isFunction := f.(*lua.LFunction); ok && isFunction && called.IsG {
		return lua.LString(strings.TrimPrefix(string(message), " "))
	}
	return raised
}

// move pushes L's values from first on, in their order, and drops them.
func move(from *lua.LState, first int, to *lua.LState) {
	top := from.GetTop()
	for i := first; i <= top; i++ {
		to.Push(from.Get(i))
	}
	from.SetTop(min(first-1, top))
}

// state returns an empty state that shares L's globals and context.
func (lib *library) state(L *lua.LState) *lua.LState {
	if n := len(lib.states); n > 0 {
		state := lib.states[n-1]
		lib.states = lib.states[:n-1]
		share(L, state)
		return state
	}
	return newState(L)
}

// newState makes a state with a small stack that grows as L's may. NewThread
// would derive a context with a Done of its own, which costs a goroutine when
// the context is not of package context, and hides the host's.
func newState(L *lua.LState) *lua.LState {
	ctx, options := L.Context(), L.Options
	if ctx != nil {
		L.RemoveContext()
	}
	if small := 256; options.RegistryMaxSize > small {
		L.Options.RegistrySize = small
		L.Options.RegistryGrowStep = small
	}
	state, _ := L.NewThread()
	L.Options, state.Options = options, options
	if ctx != nil {
		L.SetContext(ctx)
	}
	share(L, state)
	return state
}

// share gives a state the context that L has now.
func share(L, state *lua.LState) {
	if ctx := L.Context(); ctx != nil {
		state.SetContext(ctx)
	}
}

// release keeps an empty state for later.
func (lib *library) release(state *lua.LState) {
	state.SetTop(0)
	if len(lib.states) < maxStates && !state.Dead {
		lib.states = append(lib.states, state)
	}
}
