package script

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/luabind"
)

// Options are what one call of a Program is given.
type Options struct {
	Args   []string        // the table arg, from 1; arg[0] is the script's name
	Stdout io.Writer       // where print goes, a write for each call; nil discards
	Grants *luabind.Grants // what the script may reach; nil is nothing

	Folders []fs.FS // where require looks for .lua files, in this order
	Steps   int64   // instructions that the script may take; 0 means DefaultSteps
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
	defer p.prepare(L, o)()
	steps := newBudget(ctx, cmp.Or(o.Steps, DefaultSteps))
	L.SetContext(steps)
	L.Push(L.NewFunctionFromProto(p.proto))
	return p.explain(steps, call(L))
}

// call runs the function on top of the stack. A panic of gopher-lua's is an
// error too: it compiles a lone break in a generic for to a jump out of the
// code, and PCall does not catch what follows.
func call(L *lua.LState) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the Lua machine: %v", fault)
		}
	}()
	return L.PCall(0, 0, nil)
}

// prepare fills the fresh state, and returns what ends its coroutines.
func (p *Program) prepare(L *lua.LState, o Options) (stop func()) {
	stop = openLibrary(L, o.Stdout)
	globals := L.Get(lua.GlobalsIndex).(*lua.LTable)
	builtin := names(globals)
	luabind.Preload(L, o.Grants)
	l := &library{folders: o.Folders, loaded: map[string]lua.LValue{}}
	for _, name := range names(globals) {
		if !slices.Contains(builtin, name) {
			l.loaded[name] = globals.RawGetString(name)
		}
	}
	L.SetGlobal("require", L.NewFunction(l.require))
	args := L.NewTable()
	args.RawSetInt(0, lua.LString(p.name))
	for i, arg := range o.Args {
		args.RawSetInt(i+1, lua.LString(arg))
	}
	L.SetGlobal("arg", args)
	return stop
}

// A key of a table above this is hashed: as an index it would need memory for
// all keys below it. gopher-lua has it for the whole process.
func init() { lua.MaxArrayIndex = 4 << 20 }
