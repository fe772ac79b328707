package luabind

import lua "github.com/yuin/gopher-lua"

// A Script is what a script may know of itself: the module script.
type Script struct {
	Name   string   // as errors call it
	Args   []string // what the user gave behind the script's name
	DryRun bool     // what it decides is shown, not done
}

// newScript makes the module script. A script that writes into it changes its
// own copy.
func (b *binding) newScript(L *lua.LState) *lua.LTable {
	args := L.CreateTable(len(b.grants.Script.Args), 0)
	for _, arg := range b.grants.Script.Args {
		args.Append(lua.LString(arg))
	}
	return b.newModule(L, "script", nil, map[string]lua.LValue{
		"name":    lua.LString(b.grants.Script.Name),
		"args":    args,
		"dry_run": lua.LBool(b.grants.Script.DryRun),
	})
}
