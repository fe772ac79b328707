package script

import (
	"context"
	"io"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/luabind"
)

// Options are what one call of a Program is given.
type Options struct {
	Args   []string        // the table arg, from 1; arg[0] is the script's name
	Stdout io.Writer       // where print goes, a write for each call; nil discards
	Grants *luabind.Grants // what the script may reach; nil is nothing
}

// Run calls the program in a fresh Lua state until it returns, raises, or ctx
// ends. What it raised, and ctx's end, come back as *Error.
//
// ctx stops Lua code; a call into the host stops when the host's own contexts
// do, for which see luabind.Grants.Context.
func (p *Program) Run(ctx context.Context, o Options) error {
	if o.Stdout == nil {
		o.Stdout = io.Discard
	}
	if o.Grants == nil {
		o.Grants = &luabind.Grants{}
	}
	L := lua.NewState(lua.Options{
		SkipOpenLibs:     true,
		CallStackSize:    200,
		RegistrySize:     1024,
		RegistryMaxSize:  256 << 10,
		RegistryGrowStep: 8192,
	})
	defer L.Close()
	p.prepare(L, o)
	L.SetContext(ctx)
	L.Push(L.NewFunctionFromProto(p.proto))
	return p.explain(ctx, L.PCall(0, 0, nil))
}

// prepare fills the fresh state.
func (p *Program) prepare(L *lua.LState, o Options) {
	openLibrary(L, o.Stdout)
	globals := L.Get(lua.GlobalsIndex).(*lua.LTable)
	builtin := names(globals)
	luabind.Preload(L, o.Grants)
	loaded := map[string]lua.LValue{}
	for _, name := range names(globals) {
		if !slices.Contains(builtin, name) {
			loaded[name] = globals.RawGetString(name)
		}
	}
	modules(L, loaded)
	args := L.NewTable()
	args.RawSetInt(0, lua.LString(p.name))
	for i, arg := range o.Args {
		args.RawSetInt(i+1, lua.LString(arg))
	}
	L.SetGlobal("arg", args)
}
