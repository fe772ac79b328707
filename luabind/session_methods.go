package luabind

import (
	"crypto/tls"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A sessionMethod is a method of session objects, told its own name. Its
// arguments are from position 2 on.
type sessionMethod func(L *lua.LState, s *session, method string) int

// newSessionMethods makes the methods that every session object has.
func (b *binding) newSessionMethods(L *lua.LState) map[string]*lua.LFunction {
	methods := map[string]*lua.LFunction{"close": b.function(L, sessionClose)}
	for name, f := range map[string]sessionMethod{
		"getwelcome":     sessionGetWelcome,
		"set_debuglevel": sessionSetDebugLevel,
		"user":           sessionUser,
		"pass_":          sessionPass,
		"pass":           sessionPass,
		"apop":           sessionAPOP,
		"rpop":           sessionRPOP,
		"stat":           sessionStat,
		"list":           sessionList,
		"uidl":           sessionList,
		"retr":           sessionRetr,
		"top":            sessionTop,
		"dele":           sessionDele,
		"noop":           sessionPlain,
		"rset":           sessionReset,
		"utf8":           sessionPlain,
		"capa":           sessionCapa,
		"stls":           sessionSTLS,
		"quit":           sessionQuit,
		"_shortcmd":      sessionShortCmd,
		"_longcmd":       sessionLongCmd,
		"messages":       sessionMessages,
		"message":        sessionMessage,
		"read_ahead":     sessionReadAhead,
	} {
		methods[name] = b.function(L, func(L *lua.LState) int {
			s := self(L, name)
			s.mustBeOpen(L, name)
			return f(L, s, name)
		})
	}
	return methods
}

// status sends a command and returns its status line to the script.
func (s *session) status(L *lua.LState, method, verb string, args ...string) int {
	line, err := s.conn.Cmd(s.context(), verb, args...)
	if err != nil {
		s.fail(L, method, err)
	}
	L.Push(lua.LString(line))
	return 1
}

// text sends a command and returns response, lines and octets to the script.
func (s *session) text(L *lua.LState, method, verb string, args ...string) int {
	text, err := s.conn.CmdText(s.context(), verb, args...)
	if err != nil {
		s.fail(L, method, err)
	}
	var lines lineTexts
	_, err = text.WriteTo(&lines)
	if err != nil {
		s.fail(L, method, err)
	}
	L.Push(lua.LString(text.Response()))
	L.Push(lines.table(L))
	L.Push(lua.LNumber(lines.octets))
	return 3
}

func sessionClose(L *lua.LState) int {
	self(L, "close").close()
	return 0
}

func sessionGetWelcome(L *lua.LState, s *session, _ string) int {
	L.Push(lua.LString(s.conn.Greeting()))
	return 1
}

func sessionSetDebugLevel(L *lua.LState, s *session, method string) int {
	level, ok := integer(L.Get(2))
	if !ok || level < 0 {
		raise(L, KindValueError, method+": level must be 0, 1 or 2, got "+describe(L.Get(2)))
	}
	s.debug.level.Store(int32(level))
	return 0
}

func sessionUser(L *lua.LState, s *session, method string) int {
	return s.status(L, method, "USER", secretText(L, 2, method, "name"))
}

func sessionPass(L *lua.LState, s *session, method string) int {
	return s.status(L, method, "PASS", secretText(L, 2, method, "password"))
}

func sessionRPOP(L *lua.LState, s *session, method string) int {
	return s.status(L, method, "RPOP", secretText(L, 2, method, "name"))
}

// sessionAPOP refuses a greeting of "+ok", as poplib does.
func sessionAPOP(L *lua.LState, s *session, method string) int {
	user, secret := secretText(L, 2, method, "name"), secretText(L, 3, method, "secret")
	if !strings.HasPrefix(s.conn.Greeting(), "+OK") {
		raise(L, KindErrorProto, "-ERR APOP not supported by server")
	}
	line, err := s.conn.APOP(s.context(), user, secret)
	if err != nil {
		s.fail(L, method, err)
	}
	L.Push(lua.LString(line))
	return 1
}

func sessionStat(L *lua.LState, s *session, method string) int {
	drop, err := s.conn.Stat(s.context())
	if err != nil {
		s.fail(L, method, statError(err))
	}
	s.debug.stat(drop)
	L.Push(lua.LNumber(drop.Count))
	L.Push(lua.LNumber(drop.Octets))
	return 2
}

// sessionList is list and uidl. Which 0 goes to the server, as in poplib.
func sessionList(L *lua.LState, s *session, method string) int {
	verb := strings.ToUpper(method)
	if L.Get(2) == lua.LNil {
		return s.text(L, method, verb)
	}
	return s.status(L, method, verb, messageNumber(L, 2, method, 0))
}

func sessionRetr(L *lua.LState, s *session, method string) int {
	return s.text(L, method, "RETR", messageNumber(L, 2, method, 1))
}

func sessionTop(L *lua.LState, s *session, method string) int {
	number := messageNumber(L, 2, method, 1)
	return s.text(L, method, "TOP", number, lineCount(L, 3, method))
}

// sessionDele tells a Marker where the script stands; another Session just
// that it said DELE.
func sessionDele(L *lua.LState, s *session, method string) int {
	number := messageNumber(L, 2, method, 1)
	var line string
	var err error
	if marker, ok := s.conn.(Marker); ok {
		where, _ := stack(L)
		line, err = marker.Mark(s.context(), number, method+" at "+where)
	} else {
		line, err = s.conn.Cmd(s.context(), "DELE", number)
	}
	if err != nil {
		s.fail(L, method, err)
	}
	if n, ok := integer(lua.LString(number)); ok {
		s.noteMark(n)
	}
	L.Push(lua.LString(line))
	return 1
}

// sessionReset is rset.
func sessionReset(L *lua.LState, s *session, method string) int {
	count := sessionPlain(L, s, method)
	s.marked = nil
	return count
}

// sessionPlain is a command named as its verb, without arguments.
func sessionPlain(L *lua.LState, s *session, method string) int {
	return s.status(L, method, strings.ToUpper(method))
}

func sessionCapa(L *lua.LState, s *session, method string) int {
	capabilities, err := s.conn.Capabilities(s.context())
	if err != nil {
		s.fail(L, method, capaError(err))
	}
	table := L.CreateTable(0, len(capabilities))
	for _, name := range keys(capabilities) {
		args := L.CreateTable(len(capabilities[name]), 0)
		for _, arg := range capabilities[name] {
			args.Append(lua.LString(arg))
		}
		table.RawSetString(name, args)
	}
	L.Push(table)
	return 1
}

// sessionSTLS checks in poplib's order and with its texts: a server that lists
// the capability in lower case does not have it.
func sessionSTLS(L *lua.LState, s *session, method string) int {
	if s.secure() {
		raise(L, KindErrorProto, "-ERR TLS session already established")
	}
	config := s.tlsConfig(L, method)
	ctx := s.context()
	capabilities, err := s.conn.Capabilities(ctx)
	if err != nil {
		s.fail(L, method, capaError(err))
	}
	if _, ok := capabilities["STLS"]; !ok {
		raise(L, KindErrorProto, "-ERR STLS not supported by server")
	}
	line, err := s.conn.STLS(ctx, config)
	if err != nil {
		s.fail(L, method, err)
	}
	s.tls = true
	L.Push(lua.LString(line))
	return 1
}

// secure reports whether the session has TLS, by the script or by the host.
func (s *session) secure() bool {
	if conn, ok := s.conn.(interface {
		TLS() (tls.ConnectionState, bool)
	}); ok {
		_, secure := conn.TLS()
		return secure
	}
	return s.tls
}

// tlsConfig is the configuration of stls's context; nil if it has none.
func (s *session) tlsConfig(L *lua.LState, method string) *tls.Config {
	given := L.Get(2)
	if given == lua.LNil {
		return nil
	}
	c := contextValue(given)
	if c == nil {
		raise(L, KindValueError, method+": context must be made by pop3.create_default_context, got "+describe(given))
	}
	configure := s.binding.grants.TLSConfig
	if configure == nil {
		configure = func(c *TLSContext) (*tls.Config, error) { return c.Config(nil) }
	}
	config, err := configure(c)
	if err != nil {
		s.fail(L, method, err)
	}
	return config
}

func sessionQuit(L *lua.LState, s *session, method string) int {
	L.Push(lua.LString(s.quit(L, method)))
	return 1
}

func sessionShortCmd(L *lua.LState, s *session, method string) int {
	verb, args := s.rawLine(L, method)
	if strings.EqualFold(verb, "QUIT") {
		return sessionQuit(L, s, method)
	}
	return s.status(L, method, verb, args...)
}

func sessionLongCmd(L *lua.LState, s *session, method string) int {
	verb, args := s.rawLine(L, method)
	return s.text(L, method, verb, args...)
}

// rawLine splits a line at its blanks, so that the same line goes out.
func (s *session) rawLine(L *lua.LState, method string) (verb string, args []string) {
	line := secretText(L, 2, method, "line")
	verb, rest, more := strings.Cut(line, " ")
	grants := s.binding.grants
	if grants.Asked != nil {
		grants.Asked("raw", strings.Clone(verb), grants.Raw)
	}
	if !grants.Raw {
		raise(L, KindPolicy, method+": commands of a script's own are not granted; allow them with --allow-raw")
	}
	if more {
		args = strings.Split(rest, " ")
	}
	return verb, args
}
