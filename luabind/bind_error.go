package luabind

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

// The kinds of errors a script can meet: e.kind.
const (
	KindErrorProto = "error_proto" // the server refused, or did not speak POP3
	KindValueError = "ValueError"  // an argument was refused; nothing was sent
	KindTimeout    = "timeout"     // a wait passed its limit
	KindSocket     = "socket"      // the network's or the host's own error
	KindTLS        = "tls"         // certificate, version, or no TLS at all
	KindAuth       = "auth"        // the host could not log in
	KindClosed     = "closed"      // the session is over
	KindPolicy     = "policy"      // not granted
	KindLimit      = "limit"       // larger or longer than the host allows
	KindCancelled  = "cancelled"   // the host ended the call
	KindInternal   = "internal"    // a fault in the host
)

// kinds returns them all, for pop3.is.
func kinds() []string {
	return []string{KindErrorProto, KindValueError, KindTimeout, KindSocket, KindTLS, KindAuth,
		KindClosed, KindPolicy, KindLimit, KindCancelled, KindInternal}
}

// An Error is the value behind the error object that a script meets. Message,
// Response and what is made of them may hold any octets that a server sent.
type Error struct {
	Kind      string // one of the Kind constants
	Message   string // poplib's text where poplib has one
	Response  string // the server's line, secrets replaced; empty if there was none
	Code      string // its response code: "IN-USE"; empty if it had none
	Command   string // what was sent, without secrets: "RETR 7"; empty if nothing was
	Temporary bool   // the same may succeed later
	Fatal     bool   // the session cannot be used any more
	Where     string // "script.lua:12", where it was raised
	Traceback string // at that moment, innermost first
	Err       error  // the cause; may be nil

	unread *messageObject // the message that the server refused to give
}

// Error implements error: "error_proto: -ERR no such message".
func (e *Error) Error() string { return e.Kind + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what would help, if the cause has a method Hint that does.
func (e *Error) Hint() string {
	var hinted interface{ Hint() string }
	if e.Err != nil && errors.As(e.Err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// ErrorFrom returns the *Error that a script raised and nobody caught, out of
// the error that gopher-lua returned, or nil if it raised something else.
func ErrorFrom(err error) *Error {
	var api *lua.ApiError
	if errors.As(err, &api) {
		if e := errorValue(api.Object); e != nil {
			return e
		}
	}
	var e *Error
	errors.As(err, &e)
	return e
}

// errorValue returns the Error behind an error object, or nil.
func errorValue(v lua.LValue) *Error {
	if object, ok := v.(*lua.LUserData); ok {
		e, _ := object.Value.(*Error)
		return e
	}
	return nil
}

// Raise raises err in L as an error object, and does not return. It is for
// hosts whose own functions fail as the mirror does: an *Error is taken as it
// is, any other is given its kind by what it is or wraps.
func Raise(L *lua.LState, err error) {
	e := newError(err)
	e.Where, e.Traceback = stack(L)
	object := L.NewUserData()
	object.Value = e
	object.Metatable = errorMetatable(L)
	L.Error(object, 1)
}

// raise raises an error that has no cause but the script's.
func raise(L *lua.LState, kind, message string) {
	Raise(L, &Error{Kind: kind, Message: message})
}

// errorMetatable returns the metatable of error objects in L, which the first
// error makes.
func errorMetatable(L *lua.LState) *lua.LTable {
	meta := L.NewTypeMetatable("popherd.error")
	if meta.RawGetString("__index") == lua.LNil {
		L.SetFuncs(meta, map[string]lua.LGFunction{
			"__index":    errorIndex,
			"__newindex": errorNewIndex,
			"__tostring": errorToString,
			"__concat":   errorConcat,
		})
		meta.RawSetString("__metatable", lua.LString("error"))
	}
	return meta
}

// errorFields are the fields of error objects.
func errorFields() map[string]func(*Error) lua.LValue {
	return map[string]func(*Error) lua.LValue{
		"kind":      func(e *Error) lua.LValue { return lua.LString(e.Kind) },
		"message":   func(e *Error) lua.LValue { return lua.LString(e.Message) },
		"response":  func(e *Error) lua.LValue { return optional(e.Response) },
		"code":      func(e *Error) lua.LValue { return optional(e.Code) },
		"command":   func(e *Error) lua.LValue { return optional(e.Command) },
		"temporary": func(e *Error) lua.LValue { return lua.LBool(e.Temporary) },
		"fatal":     func(e *Error) lua.LValue { return lua.LBool(e.Fatal) },
		"hint":      func(e *Error) lua.LValue { return optional(e.Hint()) },
		"where":     func(e *Error) lua.LValue { return lua.LString(e.Where) },
		"traceback": func(e *Error) lua.LValue { return lua.LString(e.Traceback) },
	}
}

// optional is nil for what is not there.
func optional(s string) lua.LValue {
	if s == "" {
		return lua.LNil
	}
	return lua.LString(s)
}

func errorIndex(L *lua.LState) int {
	e, key := errorValue(L.Get(1)), L.Get(2).String()
	fields := errorFields()
	field, ok := fields[key]
	if e == nil || !ok {
		raise(L, KindValueError, unknownName("error", "field", key, keys(fields)))
	}
	L.Push(field(e))
	return 1
}

func errorNewIndex(L *lua.LState) int {
	raise(L, KindValueError, "the fields of an error are read-only")
	return 0
}

func errorToString(L *lua.LState) int {
	L.Push(lua.LString(errorText(L.Get(1))))
	return 1
}

// errorConcat makes "failed: " .. e work, as it does with Lua's own errors.
func errorConcat(L *lua.LState) int {
	L.Push(lua.LString(errorText(L.Get(1)) + errorText(L.Get(2))))
	return 1
}

// errorText is what a script's author reads: the hint is part of it.
func errorText(v lua.LValue) string {
	e := errorValue(v)
	if e == nil {
		return v.String()
	}
	if hint := e.Hint(); hint != "" {
		return e.Error() + " (" + hint + ")"
	}
	return e.Error()
}

// stack returns where the running script is, and a traceback. It looks at the
// innermost calls alone: each look walks the stack from its top, so that a
// whole traceback of a deep recursion takes seconds.
func stack(L *lua.LState) (where, traceback string) {
	const depth = 20
	lines := []string{"stack traceback:"}
	for level := 0; len(lines) <= depth; level++ {
		frame, ok := L.GetStack(level)
		if !ok {
			// A pcall of luastd's has a state of its own.
			if L = luastd.Caller(L); L == nil {
				break
			}
			level = -1
			continue
		}
		L.GetInfo("Sln", frame, lua.LNil)
		place := "[G]"
		if frame.Source != "" {
			place = fmt.Sprintf("%s:%d", frame.Source, frame.CurrentLine)
			if where == "" {
				where = place
			}
		}
		name := frame.Name
		if frame.What != "main" {
			name = "function " + name
		}
		lines = append(lines, fmt.Sprintf("\t%s: in %s", place, name))
	}
	return where, strings.Join(lines, "\n")
}

// keys returns a map's keys, sorted.
func keys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
