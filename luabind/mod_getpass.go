package luabind

import lua "github.com/yuin/gopher-lua"

// newGetpass makes the module getpass.
func (b *binding) newGetpass(L *lua.LState) *lua.LTable {
	return b.newModule(L, "getpass", map[string]lua.LGFunction{
		"getuser": b.getUser,
		"getpass": b.getPass,
	}, nil)
}

// getUser is getpass.getuser: the login name.
func (b *binding) getUser(L *lua.LState) int {
	if b.grants.GetUser == nil {
		raise(L, KindPolicy, "getuser: the login name is not granted here; pass it in arg")
	}
	user, err := b.grants.GetUser()
	if err != nil {
		Raise(L, promptError("getuser", err))
	}
	L.Push(lua.LString(user))
	return 1
}

// getPass is getpass.getpass: asks the person at the terminal.
func (b *binding) getPass(L *lua.LState) int {
	a := takeArguments(L, "getpass", "prompt")
	prompt := "Password: "
	if a.get("prompt") != lua.LNil {
		prompt = a.text("prompt")
	}
	if b.grants.GetPass == nil {
		raise(L, KindPolicy, "getpass: there is nobody to ask for a password here; use an account, whose secret the host knows")
	}
	secret, err := b.grants.GetPass(prompt)
	if err != nil {
		Raise(L, promptError("getpass", err))
	}
	L.Push(lua.LString(secret))
	return 1
}

// promptError is a person who could not be asked. Without a kind of its own it
// is the host's doing, not the network's.
func promptError(call string, err error) *Error {
	e := newError(err)
	e.Message = call + ": " + e.Message
	e.Fatal = false
	if e.Kind == KindSocket {
		e.Kind = KindPolicy
	}
	return e
}
