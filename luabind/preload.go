package luabind

import (
	"runtime/debug"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Preload registers the modules of the package comment in L, for require and
// as globals. Nil g grants nothing. The base library must be open for require,
// the package library need not be; if it is wanted, open it before. Who runs rule
// files goes on with the Binding, others ignore it.
func Preload(L *lua.LState, g *Grants) *Binding {
	if g == nil {
		g = &Grants{}
	}
	b := &binding{grants: g}
	b.sessionMethods = b.newSessionMethods(L)
	b.message = b.newMessageType(L)
	for name, newModule := range b.modules() {
		register(L, name, newModule(L))
	}
	return &Binding{b}
}

// A Binding is the modules in one Lua state, for the host that preloaded them.
type Binding struct{ binding *binding }

// A binding is the modules in one Lua state.
type binding struct {
	grants         *Grants
	sessionMethods map[string]*lua.LFunction
	message        messageType
	predicate      *lua.LTable    // the metatable of predicates
	judged         *messageObject // that a rule file judges; nil if none does
	built          built
	patterns       patterns
	zones          map[string]*time.Location
	array          *lua.LTable // the metatable by which module json knows arrays
}

// modules are what makes each module, by name.
func (b *binding) modules() map[string]func(*lua.LState) *lua.LTable {
	return map[string]func(*lua.LState) *lua.LTable{
		"pop3":    b.newPOP3,
		"getpass": b.newGetpass,
		"base64":  b.newBase64,
		"hash":    b.newHash,
		"json":    b.newJSON,
		"log":     b.newLog,
		"mail":    b.newMail,
		"re":      b.newRe,
		"rule":    b.newRule,
		"script":  b.newScript,
		"state":   b.newState,
		"text":    b.newText,
		"time":    b.newTime,
	}
}

// register makes a module known to require, which looks into _LOADED before
// all else, and sets it as a global.
func register(L *lua.LState, name string, module *lua.LTable) {
	if loaded, ok := L.FindTable(L.Get(lua.RegistryIndex).(*lua.LTable), "_LOADED", 1).(*lua.LTable); ok {
		loaded.RawSetString(name, module)
	}
	L.SetGlobal(name, module)
}

// function makes f a Lua function. A Go panic in it reaches the host and not
// the process.
func (b *binding) function(L *lua.LState, f lua.LGFunction) *lua.LFunction {
	return L.NewFunction(func(L *lua.LState) int {
		defer b.caught(L)
		return f(L)
	})
}

// caught turns a Go panic into an error of kind "internal". Lua's own errors
// are panics too and pass.
func (b *binding) caught(L *lua.LState) {
	value := recover()
	if value == nil {
		return
	}
	if _, ok := value.(*lua.ApiError); ok {
		panic(value)
	}
	if b.grants.Panicked != nil {
		b.grants.Panicked(value, debug.Stack())
	}
	raise(L, KindInternal, "a fault in the host, not in the script")
}

// newModule makes a module's table of functions and constants. A name that it
// has not raises, with the name that was meant.
func (b *binding) newModule(L *lua.LState, name string, functions map[string]lua.LGFunction, constants map[string]lua.LValue) *lua.LTable {
	module := L.CreateTable(0, len(functions)+len(constants))
	for key, f := range functions {
		module.RawSetString(key, b.function(L, f))
	}
	for key, value := range constants {
		module.RawSetString(key, value)
	}
	meta := L.CreateTable(0, 2)
	meta.RawSetString("__index", b.missing(L, "module "+name, "name", module))
	meta.RawSetString("__metatable", lua.LString("module "+name))
	L.SetMetatable(module, meta)
	return module
}

// missing is the __index of a table whose keys are all there: it raises for
// any other.
func (b *binding) missing(L *lua.LState, object, what string, table *lua.LTable) *lua.LFunction {
	return b.function(L, func(L *lua.LState) int {
		raise(L, KindValueError, unknownName(object, what, L.Get(2).String(), stringKeys(table)))
		return 0
	})
}
