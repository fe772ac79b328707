package luabind

import (
	"context"
	"fmt"

	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A session is what stands behind a script's session object. It holds no
// secrets, and what does is behind a pointer.
type session struct {
	binding *binding
	conn    Session
	host    string
	port    int
	tls     bool        // as far as the script is concerned
	debug   *debugLog   // what set_debuglevel sets
	fields  *lua.LTable // methods and fields, what a script indexes
	ended   *Error      // why no call can be made any more; nil while one can

	ctx      context.Context // of every call; nil is that of the grants
	hasTop   bool            // TOP has shown a header
	asked    bool            // CAPA was looked at for TOP,
	lists    bool            // which it lists
	untopped int             // the message whose TOP was refused last
	topless  bool            // TOP does not work here
	marked   map[int]bool    // what DELE marked, of a session that is no Decider
	scratch  []byte          // where headers are read into
	listed   []Listed        // the listing by which single messages were found
}

// newSession makes the session object for a connection. Its __index is a table
// of its own, methods first, since a table is three times as fast as a
// function, and since a table behind a shared one would not know the session.
func (b *binding) newSession(L *lua.LState, conn Session, r DialRequest, d *debugLog) *lua.LUserData {
	s := &session{binding: b, conn: conn, host: r.Host, port: r.Port, tls: r.TLS, debug: d}
	s.fields = L.CreateTable(0, len(b.sessionMethods)+4)
	for name, method := range b.sessionMethods {
		s.fields.RawSetString(name, method)
	}
	s.fields.RawSetString("welcome", lua.LString(conn.Greeting()))
	s.fields.RawSetString("host", lua.LString(r.Host))
	s.fields.RawSetString("port", lua.LNumber(r.Port))
	s.fields.RawSetString("closed", lua.LFalse)
	behind := L.CreateTable(0, 1)
	behind.RawSetString("__index", b.missing(L, "session", "method or field", s.fields))
	L.SetMetatable(s.fields, behind)

	object := L.NewUserData()
	object.Value = s
	meta := L.CreateTable(0, 4)
	meta.RawSetString("__index", s.fields)
	meta.RawSetString("__newindex", b.function(L, sessionNewIndex))
	meta.RawSetString("__tostring", b.function(L, sessionToString))
	meta.RawSetString("__metatable", lua.LString("session"))
	object.Metatable = meta
	return object
}

func sessionNewIndex(L *lua.LState) int {
	raise(L, KindValueError, "the fields of a session are read-only")
	return 0
}

func sessionToString(L *lua.LState) int {
	s := sessionValue(L.Get(1))
	text := fmt.Sprintf("POP3 session with %s:%d", s.host, s.port)
	if s.ended != nil {
		text += " (closed)"
	}
	L.Push(lua.LString(text))
	return 1
}

// sessionValue returns the session behind v, or nil.
func sessionValue(v lua.LValue) *session {
	if object, ok := v.(*lua.LUserData); ok {
		s, _ := object.Value.(*session)
		return s
	}
	return nil
}

// self returns the session that a method was called on.
func self(L *lua.LState, method string) *session {
	s := sessionValue(L.Get(1))
	if s == nil {
		raise(L, KindValueError, fmt.Sprintf("%s: use M:%s(), not M.%s()", method, method, method))
	}
	return s
}

// end marks the session as over. The first reason counts.
func (s *session) end(reason *Error) {
	if s.ended == nil {
		s.ended = reason
		s.fields.RawSetString("closed", lua.LTrue)
	}
}

// over is the reason of a session that its script ended.
func over() *Error {
	return &Error{Kind: KindClosed, Message: "the session is closed", Fatal: true, Err: pop3.ErrClosed}
}

// broken is the reason of a session that a fault ended.
func broken(fault *Error) *Error {
	return &Error{Kind: KindClosed, Message: "the session ended before: " + fault.Error(), Fatal: true, Err: pop3.ErrBroken}
}

// mustBeOpen raises once the session has ended.
func (s *session) mustBeOpen(L *lua.LState, method string) {
	if s.ended != nil {
		e := *s.ended
		e.Message = method + ": " + e.Message
		Raise(L, &e)
	}
}

// fail raises what went wrong in a method. A fatal fault ends the session.
func (s *session) fail(L *lua.LState, method string, err error) {
	e := callError(method, s.host, err)
	if e.Fatal {
		s.end(broken(e))
	}
	Raise(L, e)
}

// quit commits and closes, whatever the server says.
func (s *session) quit(L *lua.LState, method string) string {
	line, err := s.conn.Quit(s.context())
	s.end(over())
	if err != nil {
		e := callError(method, s.host, err)
		e.Fatal = true
		Raise(L, e)
	}
	return line
}

// close drops the session. What the connection says to that changes nothing:
// without QUIT the server drops every mark.
func (s *session) close() {
	s.end(over())
	_ = s.conn.Close()
}
