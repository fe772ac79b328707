package luastd

import (
	lua "github.com/yuin/gopher-lua"
)

// Defaults of Options.
const (
	DefaultMaxString     = 16 << 20 // octets
	DefaultMaxSteps      = 32 << 20 // steps of one call that matches
	DefaultMaxCoroutines = 200
	DefaultMaxResumes    = 50
)

// Options bound what Lua's functions may cost. Zero means the default, and
// every limit is an error that pcall catches.
type Options struct {
	MaxString     int // octets of a string that rep, format or concat makes, or that gsub makes more of
	MaxSteps      int // of one call of find, match, gsub or a gmatch iterator; 64 more for each octet of the subject
	MaxCoroutines int // that are neither dead nor collected
	MaxResumes    int // nested: a coroutine that resumes one that resumes one

	// Stop ends a long call when it returns an error, which is raised. It is
	// asked every few thousand steps, from the state's own goroutine. Nil asks
	// the context of the state (never its Done, which a host may count by).
	Stop func() error
}

// library is what the functions of one Lua state share. It is used by one
// goroutine at a time, as the state is.
type library struct {
	limit Options
	text  *lua.LTable // the table string

	patterns map[patternKey]*pattern
	matchers []*matcher    // not in use
	states   []*lua.LState // not in use; for pcall and coroutines

	calls   []link       // calls of pcall in progress, in this coroutine
	current *thread      // the coroutine that runs; nil is the main one
	depth   int          // resumes in progress
	live    []*coroutine // not dead
	closed  bool
}

// Open installs the functions in L, replacing those of gopher-lua; the package
// comment says which. It needs gopher-lua's base functions to be there, and
// returns what stops all coroutines that are still suspended: call it once,
// when no Lua function of L runs, before L.Close. Without it their goroutines
// stay.
func Open(L *lua.LState, o Options) (stop func()) {
	lib := &library{limit: o.withDefaults(), patterns: map[patternKey]*pattern{}}
	lib.text = functions(L, lib.stringFunctions())
	globals := L.G.Global
	globals.RawSetString("string", lib.text)
	globals.RawSetString("table", functions(L, lib.tableFunctions()))
	globals.RawSetString("coroutine", functions(L, lib.coroutineFunctions()))
	for name, f := range lib.baseFunctions() {
		globals.RawSetString(name, L.NewFunction(f))
	}
	L.G.Registry.RawSetString(registryKey, &lua.LUserData{Value: lib, Metatable: lua.LNil})
	meta := functions(L, arithmetic())
	meta.RawSetString("__index", lib.text)
	meta.RawSetString("__metatable", lua.LString("string"))
	L.SetMetatable(lua.LString(""), meta)
	return lib.close
}

func (o Options) withDefaults() Options {
	byDefault(&o.MaxString, DefaultMaxString)
	byDefault(&o.MaxSteps, DefaultMaxSteps)
	byDefault(&o.MaxCoroutines, DefaultMaxCoroutines)
	byDefault(&o.MaxResumes, DefaultMaxResumes)
	return o
}

func byDefault(limit *int, value int) {
	if *limit <= 0 {
		*limit = value
	}
}

// baseFunctions are the globals.
func (lib *library) baseFunctions() map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		"tonumber": tonumber,
		"tostring": tostring,
		"unpack":   unpack,
		"pcall":    lib.pcall,
		"xpcall":   lib.xpcall,
	}
}

// functions makes a table of Go functions.
func functions(L *lua.LState, all map[string]lua.LGFunction) *lua.LTable {
	t := L.CreateTable(0, len(all))
	for name, f := range all {
		t.RawSetString(name, L.NewFunction(f))
	}
	return t
}

// stop says why a long call must end, or nil.
func (lib *library) stop(L *lua.LState) error {
	if lib.limit.Stop != nil {
		return lib.limit.Stop()
	}
	if ctx := L.Context(); ctx != nil {
		return ctx.Err()
	}
	return nil
}

// bound raises when a function is about to make too long a string.
func (lib *library) bound(L *lua.LState, octets int) {
	if octets > lib.limit.MaxString || octets < 0 {
		raise(L, "resulting string too large: more than %d octets", lib.limit.MaxString)
	}
}
