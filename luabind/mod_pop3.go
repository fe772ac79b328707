package luabind

import (
	"errors"
	"slices"

	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// newPOP3 makes the module pop3. error_proto is the kind itself, so that
// e.kind == pop3.error_proto and pop3.is(e, pop3.error_proto) agree.
func (b *binding) newPOP3(L *lua.LState) *lua.LTable {
	return b.newModule(L, "pop3", map[string]lua.LGFunction{
		"POP3":                   b.pop3,
		"POP3_SSL":               b.pop3SSL,
		"account":                b.account,
		"create_default_context": b.createDefaultContext,
		"with":                   b.with,
		"try":                    try,
		"is":                     is,
	}, map[string]lua.LValue{
		"POP3_PORT":     lua.LNumber(pop3.Port),
		"POP3_SSL_PORT": lua.LNumber(pop3.TLSPort),
		"CR":            lua.LString("\r"),
		"LF":            lua.LString("\n"),
		"CRLF":          lua.LString("\r\n"),
		"error_proto":   lua.LString(KindErrorProto),
	})
}

// pop3 is pop3.POP3.
func (b *binding) pop3(L *lua.LState) int {
	L.Push(b.connect(L, takeArguments(L, "POP3", "host", "port", "timeout"), false))
	return 1
}

// pop3SSL is pop3.POP3_SSL. The order of its arguments is that of Python 3.11.
func (b *binding) pop3SSL(L *lua.LState) int {
	a := takeArguments(L, "POP3_SSL", "host", "port", "keyfile", "certfile", "timeout", "context")
	L.Push(b.connect(L, a, true))
	return 1
}

// connect dials what a constructor's arguments name.
func (b *binding) connect(L *lua.LState, a arguments, secure bool) *lua.LUserData {
	d := &debugLog{w: b.grants.Debug}
	r := DialRequest{Host: a.host(), Port: a.port(pop3.Port), TLS: secure, Context: a.context(), Debug: d.trace}
	if secure {
		r.Port = a.port(pop3.TLSPort)
	}
	r.Timeout = a.timeout(b.grants.DefaultTimeout, b.grants.MaxTimeout)
	if b.grants.Dial == nil {
		raise(L, KindPolicy, a.call+": connecting is not granted; allow it with --allow-net="+r.Address())
	}
	conn, err := b.grants.Dial(b.grants.context(), r)
	if err != nil {
		e := callError(a.call, r.Host, err)
		e.Fatal = true // there is no session
		Raise(L, e)
	}
	return b.newSession(L, conn, r, d)
}

// account is pop3.account([name]): a session that the host logs in. The script
// never sees the secret.
func (b *binding) account(L *lua.LState) int {
	p := positional{L, "account"}
	name := p.textOr(1, "name", "")
	if L.GetTop() > 0 && name == "" && L.Get(1) != lua.LNil || len(name) > maxName {
		p.refuse("name must be that of an account, got %s", quote(name))
	}
	if b.grants.Account == nil {
		raise(L, KindPolicy, "account: there is no account here; run the script with -a ACCOUNT or --maildrop SRC")
	}
	d := &debugLog{w: b.grants.Debug}
	a, err := b.grants.Account(b.grants.context(), name, d.trace)
	if err != nil {
		e := callError(p.call, a.Host, err)
		e.Fatal = true // there is no session
		Raise(L, e)
	}
	return p.give(b.newSession(L, a.Session, DialRequest{Host: a.Host, Port: a.Port, TLS: a.TLS}, d))
}

// context returns the context given, or one of keyfile and certfile, or nil.
func (a arguments) context() *TLSContext {
	keyFile, certFile := a.text("keyfile"), a.text("certfile")
	given := a.get("context")
	if given == lua.LNil {
		if keyFile == "" && certFile == "" {
			return nil
		}
		c := &TLSContext{KeyFile: keyFile, CertFile: certFile}
		checkKey(a.L, c)
		return c
	}
	for _, name := range []string{"keyfile", "certfile"} {
		if a.get(name) != lua.LNil {
			raise(a.L, KindValueError, "context and "+name+" arguments are mutually exclusive")
		}
	}
	c := contextValue(given)
	if c == nil {
		a.refuse("context must be made by pop3.create_default_context, got %s", describe(given))
	}
	return c
}

// with is pop3.with: QUIT when the function returns, close when it raises, its
// error raised again whole.
func (b *binding) with(L *lua.LState) int {
	wantFunction(L, 2, "with")
	object := b.withSession(L)
	s := sessionValue(object)
	base := L.GetTop()
	L.Push(L.Get(2))
	L.Push(object)
	if err := L.PCall(1, lua.MultRet, nil); err != nil {
		s.close()
		L.Error(raised(err), 0)
	}
	if s.ended == nil || !errors.Is(s.ended, pop3.ErrClosed) {
		s.mustBeOpen(L, "with")
		s.quit(L, "with")
	}
	return L.GetTop() - base
}

// withSession is the session that with was given, or that its table of
// arguments asks for: those of POP3_SSL, or with tls=false of POP3.
func (b *binding) withSession(L *lua.LState) lua.LValue {
	if s := sessionValue(L.Get(1)); s != nil {
		s.mustBeOpen(L, "with")
		return L.Get(1)
	}
	table, ok := L.Get(1).(*lua.LTable)
	if !ok {
		raise(L, KindValueError, "with: wants a session or named arguments in a table, got "+describe(L.Get(1)))
	}
	names := []string{"host", "port", "keyfile", "certfile", "timeout", "context", "tls"}
	a := namedArguments(L, "with", table, names...)
	secure := a.get("tls")
	if !slices.Contains([]lua.LValueType{lua.LTNil, lua.LTBool}, secure.Type()) {
		a.refuse("tls must be true or false, got %s", describe(secure))
	}
	return b.connect(L, a, secure != lua.LFalse)
}

// try is pop3.try: what the function returns, or nil and what it raised.
func try(L *lua.LState) int {
	wantFunction(L, 1, "try")
	if err := L.PCall(L.GetTop()-1, lua.MultRet, nil); err != nil {
		L.Push(lua.LNil)
		L.Push(raised(err))
		return 2
	}
	return L.GetTop()
}

// raised returns the value that a protected call's error carries.
func raised(err error) lua.LValue {
	if api := (*lua.ApiError)(nil); errors.As(err, &api) && api.Object != nil {
		return api.Object
	}
	return lua.LString(err.Error())
}

func wantFunction(L *lua.LState, n int, call string) {
	if L.Get(n).Type() != lua.LTFunction {
		raise(L, KindValueError, call+": wants a function, got "+describe(L.Get(n)))
	}
}

// is is pop3.is: whether a value is an error of a kind.
func is(L *lua.LState) int {
	kind, ok := L.Get(2).(lua.LString)
	if !ok {
		raise(L, KindValueError, "is: kind must be a string, got "+describe(L.Get(2)))
	}
	if !slices.Contains(kinds(), string(kind)) {
		raise(L, KindValueError, unknownName("is", "kind of error", string(kind), kinds()))
	}
	e := errorValue(L.Get(1))
	L.Push(lua.LBool(e != nil && e.Kind == string(kind)))
	return 1
}
