package script

import (
	"errors"
	"fmt"
	"io"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
	"github.com/popherd/popherd/luabind"
)

// kept are the functions of Lua's base library that scripts have.
var kept = []string{
	"_G", "_VERSION", "assert", "error", "getmetatable", "ipairs", "next",
	"pairs", "pcall", "print", "rawequal", "rawget", "rawset", "require",
	"select", "setmetatable", "tonumber", "tostring", "type", "unpack", "xpcall",
}

// gone says of what Lua has and scripts have not what to use instead.
var gone = map[string]string{
	"io":             "use print for output; scripts open no files",
	"os":             "use the time module for time.now(); scripts start no programs and read no environment",
	"debug":          "use e.where and e.traceback of a caught error",
	"channel":        "a script is one thread",
	"package":        "require knows the modules of popherd",
	"load":           "scripts compile no code",
	"loadstring":     "scripts compile no code",
	"loadfile":       "scripts compile no code",
	"dofile":         "scripts compile no code",
	"module":         "return a table instead",
	"setfenv":        "use a table instead",
	"getfenv":        "use a table instead",
	"newproxy":       "use setmetatable",
	"collectgarbage": "memory is the host's concern",
	"_printregs":     "it is gopher-lua's own",
}

// openLibrary gives L the allow-list and nothing else. The function it returns
// ends what coroutines are left.
func openLibrary(L *lua.LState, stdout io.Writer) (stop func()) {
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.MathLibName: lua.OpenMath} {
		L.Push(L.NewFunction(open))
		L.Push(lua.LString(name))
		L.Call(1, 0)
	}
	stop = luastd.Open(L, luastd.Options{})
	globals := L.Get(lua.GlobalsIndex).(*lua.LTable)
	L.SetGlobal("print", L.NewFunction(printTo(stdout)))
	L.SetGlobal("assert", L.NewFunction(assert))
	allowed := append(slices.Clone(kept), lua.StringLibName, lua.TabLibName, lua.MathLibName, lua.CoroutineLibName)
	for _, name := range names(globals) {
		if !slices.Contains(allowed, name) {
			globals.RawSetString(name, lua.LNil)
		}
	}
	teachGlobals(L, globals)
	return stop
}

// names lists the string keys of a table.
func names(t *lua.LTable) []string {
	var all []string
	t.ForEach(func(key, _ lua.LValue) {
		if name, ok := key.(lua.LString); ok {
			all = append(all, string(name))
		}
	})
	return all
}

// teachGlobals makes the use of a global that does not exist an error: for a
// name that Lua has, it says what to use instead, for another, what may have
// been meant. rawget(_G, name) asks whether there is one.
func teachGlobals(L *lua.LState, globals *lua.LTable) {
	meta := L.NewTable()
	meta.RawSetString("__index", L.NewFunction(func(L *lua.LState) int {
		name := L.Get(2).String()
		if instead, ok := gone[name]; ok {
			L.RaiseError("%s is not available to scripts: %s", name, instead)
		}
		if meant := luabind.Suggest(name, names(globals)); meant != "" {
			L.RaiseError("there is no global %q; did you mean %q?", name, meant)
		}
		L.RaiseError("there is no global %q; set it before it is used, or declare a local", name)
		return 0
	}))
	meta.RawSetString("__metatable", lua.LString("globals"))
	L.SetMetatable(globals, meta)
}

// printTo is Lua's print, to the host's writer, in one write a call. It raises
// when the writer fails, so that no script talks on into a closed pipe.
func printTo(w io.Writer) lua.LGFunction {
	var line []byte
	return func(L *lua.LState) int {
		line = line[:0]
		for i := 1; i <= L.GetTop(); i++ {
			if i > 1 {
				line = append(line, '\t')
			}
			line = append(line, luastd.ToString(L, L.Get(i))...)
		}
		line = append(line, '\n')
		if _, err := w.Write(line); err != nil {
			var kinded interface{ Kind() string }
			if errors.As(err, &kinded) { // the host says what it is
				luabind.Raise(L, fmt.Errorf("print: %w", err))
			}
			L.RaiseError("print: %s", err.Error())
		}
		return 0
	}
}

// assert is Lua's, but raises a message of any type as it is, so that an error
// object that pcall returned can be passed on.
func assert(L *lua.LState) int {
	if L.ToBool(1) {
		return L.GetTop()
	}
	if L.GetTop() == 0 {
		L.RaiseError("bad argument #1 to assert (value expected)")
	}
	if message := L.Get(2); message != lua.LNil {
		L.Error(message, 1)
	}
	L.RaiseError("assertion failed!")
	return 0
}
