package script

import (
	"cmp"
	"context"
	"errors"
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

	// Drive is called once a script has returned rules: it finds them sessions,
	// and has judge ask them about every message of one. targets are those that
	// the rules are known to deliver to. Nil refuses rule files.
	Drive func(targets []string, judge Judge) error
}

// A Judge has the rules of a script decide about every message of a session,
// whose account it names in errors.
type Judge func(ctx context.Context, s luabind.Session, account string) error

// Run calls the program in a fresh Lua state until it returns, raises, or ctx
// ends; and then, if it returned rules, the rules. What they raised, and ctx's
// end, come back as *Error.
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
	binding, stop := p.prepare(L, o)
	defer stop()
	steps := newBudget(ctx, cmp.Or(o.Steps, DefaultSteps))
	L.SetContext(steps)
	return p.explain(steps, call(func() error {
		L.Push(L.NewFunctionFromProto(p.proto))
		if err := L.PCall(0, 1, nil); err != nil {
			return err
		}
		returned := L.Get(-1)
		L.Pop(1)
		return drive(L, binding, returned, o.Drive)
	}))
}

// drive has what the script returned, if they are rules, judge messages.
func drive(L *lua.LState, b *luabind.Binding, returned lua.LValue, by func([]string, Judge) error) error {
	rules, err := b.RuleFile(L, returned)
	if rules == nil || err != nil {
		return err
	}
	if by == nil {
		return errors.New("this is a rule file, and nobody gives it mail")
	}
	return by(rules.Targets(), func(ctx context.Context, s luabind.Session, account string) error {
		return rules.Apply(L, ctx, s, account)
	})
}

// call calls f. A panic of gopher-lua's is an
// error too: it compiles a lone break in a generic for to a jump out of the
// code, and PCall does not catch what follows.
func call(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the Lua machine: %v", fault)
		}
	}()
	return f()
}

// prepare fills the fresh state, and returns what ends its coroutines.
func (p *Program) prepare(L *lua.LState, o Options) (b *luabind.Binding, stop func()) {
	stop = openLibrary(L, o.Stdout)
	globals := L.Get(lua.GlobalsIndex).(*lua.LTable)
	builtin := names(globals)
	b = luabind.Preload(L, o.Grants)
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
	return b, stop
}

// A key of a table above this is hashed: as an index it would need memory for
// all keys below it. gopher-lua has it for the whole process.
func init() { lua.MaxArrayIndex = 4 << 20 }
