// Package luabind binds POP3 to Lua: the modules pop3, which mirrors Python's
// poplib, getpass and time, for any host of gopher-lua. Preload puts them into a
// Lua state; Grants say what a script may reach. The package opens no sockets
// and no files: the host does, or refuses to.
//
//	local pop3 = require "pop3"
//	local M = pop3.POP3_SSL("pop.example.org")
//	M:user("guido")
//	M:pass_(require("getpass").getpass())
//	for i = 1, (M:stat()) do
//	  local response, lines, octets = M:retr(i)
//	  for _, line in ipairs(lines) do print(line) end
//	end
//	M:quit()
//
// # The mirror
//
// Names, order of arguments and shapes of replies are poplib's of Python 3.11.
// A tuple is multiple returns, a list a table from 1, a dictionary a table,
// bytes a string that nobody decodes, None is nil.
//
//	pop3.POP3(host [, port=110 [, timeout]])            a session, greeting read
//	pop3.POP3_SSL(host [, port=995 [, keyfile [, certfile [, timeout [, context]]]]])
//	pop3.POP3{host=, port=, timeout=}                   the same by name
//	M:getwelcome()                                      response
//	M:user(name) M:pass_(password) M:pass(password)     response
//	M:apop(name, secret) M:rpop(name)                   response
//	M:stat()                                            count, octets
//	M:list() M:uidl()                                   response, lines, octets
//	M:list(n) M:uidl(n)                                 response
//	M:retr(n) M:top(n, howmuch)                         response, lines, octets
//	M:dele(n) M:noop() M:rset() M:utf8()                response
//	M:capa()                                            {NAME={argument, ...}}
//	M:stls([context])                                   response
//	M:quit()                                            response; commits and closes
//	M:close()                                           nothing; the server forgets marks
//	M:set_debuglevel(level)                             nothing; 1 shows commands, 2 replies too
//	M:_shortcmd(line) M:_longcmd(line)                  as granted by Grants.Raw
//	M.welcome M.host M.port M.closed                    read-only
//	pop3.create_default_context{cafile=, certfile=, keyfile=, min_version=, fingerprint=}
//	pop3.POP3_PORT POP3_SSL_PORT CR LF CRLF error_proto
//	getpass.getuser() getpass.getpass([prompt])         as in Python
//	time.now()                                          seconds since 1970, UTC
//	time.parse(date)                                    the same of a Date field; or nil, why
//
// A message-number is a positive integer, or a string of one word, which the
// server judges. A timeout is in seconds; it bounds each wait.
//
// # Errors
//
// The mirror raises: a refused command never passes silently. What it raises
// is an object, whole through pcall:
//
//	e.kind       error_proto ValueError timeout socket tls auth closed policy limit cancelled internal
//	e.message    poplib's text where it has one, such as "-ERR EOF"
//	e.response   the server's line, or nil
//	e.code       its response code, "IN-USE", or nil
//	e.command    what was sent, secrets replaced, or nil
//	e.temporary  the same may succeed later
//	e.fatal      the session cannot be used any more
//	e.hint       what would help, or nil
//	e.where      "script.lua:12"
//	e.traceback
//
// tostring(e) is "error_proto: -ERR no such message"; pop3.is(e,
// pop3.error_proto) asks for a kind. pop3.try(f, ...) returns what f returns,
// or nil and the error. pop3.with(session, f), or with a table of POP3_SSL's
// arguments (tls=false for POP3's), calls f with the session, then QUIT; when f
// raises it closes instead, and raises the same again. A name that does not
// exist raises, and says which was meant.
//
// # Where it is not poplib
//
// The numbers are those that the documentation gives to users and that the
// tests name.
//
//  1. Certificates and host names are verified, TLS is 1.2 or newer.
//  2. The host permits credentials over plaintext, or they are refused with
//     kind policy.
//  3. After a reply that is not POP3, an over-long line, an early end, a
//     timeout or a failure of TLS every later call raises kind closed. A drop
//     listing that is not two numbers is such a reply.
//  4. Lines of a text may be of any length; status lines end at 2048 octets.
//  5. A partial line at the end of the stream is an error.
//  6. An argument with a control character, and a message-number that is none,
//     raises ValueError and nothing is sent.
//  7. Octets behind STLS's +OK are an error.
//  8. quit closes even when it raises.
//  9. capa survives odd lines.
//  10. Debug output has secrets replaced.
//  11. What dele does until quit is the Session's: *pop3.Client sends DELE, a
//     Marker is told where the script stands.
//  12. Only CR LF . CR LF ends a text; a line that starts with a dot and has
//     more after it loses that dot.
//
// # For hosts
//
// Uncaught, an error object arrives in Go as a *lua.ApiError: ErrorFrom gives
// the *Error in it, which wraps the Go error that caused it. An error of a
// grant with a method Kind() string gets that kind; one with Hint() string
// shows that as e.hint.
//
// Session objects have nothing to collect them: the host closes, behind the
// script's end, what its Dial gave out. Session objects, contexts and errors
// are userdata with closed metatables behind which no secret stands. Calls
// cannot yield.
package luabind
