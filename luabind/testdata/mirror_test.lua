-- What neither CPython's tests nor the golden dialogues cover.

local pop3 = require "pop3"

local function play(...)
  local port, heard = serve("+OK ready\r\n", { ... })
  return pop3.POP3("127.0.0.1", port), heard
end

function test_constants()
  assert_equal({ pop3.POP3_PORT, pop3.POP3_SSL_PORT }, { 110, 995 })
  assert_equal({ pop3.CR, pop3.LF, pop3.CRLF }, { "\r", "\n", "\r\n" })
  assert_equal(pop3.error_proto, "error_proto")
  assert_equal(require "pop3", pop3)
  assert_equal(require "getpass", getpass)
end

function test_every_command_on_the_wire()
  local M, heard = play("+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK 1 2\r\n", "+OK\r\n.\r\n", "+OK\r\n",
    "+OK\r\n.\r\n", "+OK\r\n", "+OK\r\n.\r\n", "+OK\r\n.\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n.\r\n",
    "+OK\r\n", "+OK bye\r\n")
  M:user("g u\233")
  M:pass_(" p w ")
  M:pass("x")
  M:rpop("guido")
  M:stat()
  M:list()
  M:list(1)
  M:uidl()
  M:uidl("2")
  M:retr(3.0)
  M:top("4", "0")
  M:dele(5)
  M:noop()
  M:rset()
  M:capa()
  M:utf8()
  assert_equal(M:quit(), "+OK bye")
  assert_equal(heard(), { "USER g u\233", "PASS  p w ", "PASS x", "RPOP guido", "STAT", "LIST", "LIST 1", "UIDL",
    "UIDL 2", "RETR 3", "TOP 4 0", "DELE 5", "NOOP", "RSET", "CAPA", "UTF8", "QUIT" })
end

function test_integers_print_without_a_fraction()
  local count, size = play("+OK 3 4294967296\r\n"):stat()
  assert_equal(tostring(count) .. " " .. tostring(size), "3 4294967296")
  local _, _, octets = play("+OK\r\nab\r\n.\r\n"):retr(1)
  assert_equal(tostring(octets), "4")
end

function test_fields()
  local port = serve("+OK ready\r\n")
  local M = pop3.POP3("127.0.0.1", port)
  assert_equal({ M.welcome, M.host, M.port, M.closed }, { "+OK ready", "127.0.0.1", port, false })
  assert_equal(tostring(M), "POP3 session with 127.0.0.1:" .. port)
  assert_raises("read-only", function() M.port = 1 end)
  assert_raises("read-only", function() M.new = 1 end)
  M:close()
  assert_true(M.closed)
  assert_contains(tostring(M), "(closed)")
  assert_equal(M.welcome, "+OK ready")
end

function test_metatables_are_closed()
  local M = play()
  assert_equal(getmetatable(M), "session")
  assert_equal(getmetatable(pop3), "module pop3")
  assert_equal(getmetatable(pop3.create_default_context()), "TLS context")
  local _, e = pcall(M.retr, M)
  assert_equal(getmetatable(e), "error")
end

-- The server drops the marks of a session that ends without QUIT.
function test_close_without_quit()
  local M, heard = play("+OK\r\n", "+OK\r\n")
  M:dele(1)
  M:close()
  M:close()
  for _, name in ipairs { "stat", "list", "uidl", "noop", "rset", "utf8", "capa", "stls", "quit", "getwelcome" } do
    local e = assert_raises("closed", M[name], M)
    assert_equal(e.message, name .. ": the session is closed")
  end
  for _, name in ipairs { "retr", "dele", "user", "pass_", "pass", "rpop", "_shortcmd", "_longcmd", "set_debuglevel" } do
    assert_raises("closed", M[name], M, 1)
  end
  assert_raises("closed", M.top, M, 1, 1)
  assert_raises("closed", M.apop, M, "u", "s")
  assert_equal(heard(), { "DELE 1" })
end

function test_rset()
  local M, heard = play("+OK marked\r\n", "+OK unmarked\r\n")
  M:dele(1)
  assert_equal(M:rset(), "+OK unmarked")
  assert_equal(heard(), { "DELE 1", "RSET" })
end

function test_refusal()
  local M = play("-ERR no such message\r\n", "+OK\r\n")
  local e = assert_raises("error_proto", M.retr, M, 9)
  assert_equal(tostring(e), "error_proto: -ERR no such message")
  assert_equal({ e.kind, e.message, e.response }, { "error_proto", "-ERR no such message", "-ERR no such message" })
  assert_equal({ e.code, e.command, e.temporary, e.fatal }, { nil, "RETR 9", false, false })
  assert_false(M.closed)
  assert_equal(M:noop(), "+OK")
end

function test_response_codes()
  local M = play("-ERR [IN-USE] locked\r\n", "-ERR [AUTH] no\r\n")
  local e = assert_raises("error_proto", M.pass_, M, "tanstaaf")
  assert_equal({ e.code, e.temporary, e.command }, { "IN-USE", true, "PASS" })
  e = assert_raises("error_proto", M.pass_, M, "tanstaaf")
  assert_equal({ e.code, e.temporary }, { "AUTH", false })
end

function test_greeting_refused()
  local port = serve("-ERR [SYS/TEMP] not today\r\n")
  local e = assert_raises("error_proto", pop3.POP3, "127.0.0.1", port)
  assert_equal({ e.message, e.code, e.temporary, e.fatal }, { "-ERR [SYS/TEMP] not today", "SYS/TEMP", true, true })
  port = serve("hello\r\n")
  assert_equal(assert_raises("error_proto", pop3.POP3, "127.0.0.1", port).message, "hello")
  port = serve("")
  assert_equal(assert_raises("error_proto", pop3.POP3, "127.0.0.1", port).message, "-ERR EOF")
end

function test_connection_refused()
  -- a port of loopback on which nothing listens
  assert_raises("socket", pop3.POP3, "127.0.0.1", 1)
end

-- Deviation 5: poplib returns "+OK by".
function test_partial_line()
  local port = serve("+OK ready\r\n", { "+OK bye" })
  local M = pop3.POP3("127.0.0.1", port)
  assert_equal(assert_raises("error_proto", M.quit, M).message, "-ERR EOF")
end

function test_lost_commit_is_told()
  local M = play("+OK\r\n")
  M:dele(1)
  assert_contains(assert_raises("error_proto", M.quit, M).message, "deletions may or may not be done")
end

-- Deviation 3.
function test_reply_nobody_asked_for()
  local M = play("+OK\r\n+OK again\r\n")
  M:noop()
  local e = assert_raises("error_proto", M.noop, M)
  assert_true(e.fatal)
  e = assert_raises("closed", M.noop, M)
  assert_contains(e.message, "more than was asked for")
end

-- Deviation 7: poplib drops the injected octets silently.
function test_octets_injected_at_stls()
  local M = play("+OK\r\nSTLS\r\n.\r\n", "+OK begin\r\n+OK injected\r\n")
  local e = assert_raises("error_proto", M.stls, M)
  assert_true(e.fatal)
  assert_raises("closed", M.noop, M)
end

-- Deviation 9: poplib has an IndexError, and a UnicodeDecodeError.
function test_odd_capabilities()
  assert_equal(play("+OK\r\n\r\nTOP\r\n\255 x\r\n.\r\n"):capa(), { TOP = {}, ["\255"] = { "x" } })
  local M = play("+OK\r\nTOP\r\n")
  local e = assert_raises("error_proto", M.capa, M)
  assert_equal(e.message, "-ERR CAPA not supported by server")
  assert_true(e.fatal)
end

-- Deviation 2.
function test_plaintext_is_refused()
  grant { plain = false }
  local M, heard = play("+OK\r\nTOP\r\n.\r\n")
  local e = assert_raises("policy", M.user, M, "guido")
  assert_contains(e.message, "--allow-plaintext=127.0.0.1")
  assert_contains(e.message, "stls")
  assert_false(e.fatal)
  assert_raises("policy", M.pass_, M, "secret")
  assert_raises("policy", M.stat, M)
  assert_equal(M:capa(), { TOP = {} })
  assert_equal(heard(), { "CAPA" })
end

-- Deviation 1.
function test_certificate_is_verified()
  assert_raises("tls", pop3.POP3_SSL, "127.0.0.1", dummy { tls = true })
  local e = assert_raises("tls", pop3.POP3_SSL, { host = "localhost", port = serve("+OK this is not TLS\r\n") })
  assert_true(e.fatal)
end

function test_debug_output()
  local M = play("+OK\r\n", "+OK\r\n", "+OK 2 320\r\n", "+OK\r\na\r\n.\r\n", "-ERR it's \27 tanstaaf\r\n")
  M:user("before") -- silent
  M:set_debuglevel(1)
  M:pass_("tanstaaf")
  M:stat()
  assert_equal(debugged(), "*cmd* 'PASS'\n*cmd* 'STAT'\n*stat* ['+OK', '2', '320']\n")
  M:set_debuglevel(2)
  M:retr(1)
  pcall(M.noop, M)
  assert_contains(debugged(), "*cmd* 'RETR 1'\n*put* 'RETR 1'\n*get* '+OK'\n*resp* '+OK'\n*get* 3 octets\n")
  assert_contains(debugged(), [[*get* '-ERR it\'s \x1b ***']]) -- deviation 10
  M:set_debuglevel(0)
end

-- No way of printing a session shows what it was told.
function test_secrets_stay_inside()
  local M = play("+OK\r\n", "-ERR tanstaaf is wrong\r\n")
  M:pass_("tanstaaf")
  local e = assert_raises("error_proto", M.noop, M)
  assert_equal(e.message, "-ERR *** is wrong")
  for _, object in ipairs { M, e, pop3 } do
    for _, format in ipairs { "%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%p", "%T" } do
      assert_nil(string.format(format, object):find("tanstaaf"), format)
    end
    assert_nil(tostring(object):find("tanstaaf"))
  end
end

function test_raw_commands()
  local M, heard = play("+OK\r\n", "+OK\r\n", "+OK\r\na\r\n.\r\n", "+OK bye\r\n")
  assert_equal(M:_shortcmd("XTND A  B "), "+OK")
  M:_shortcmd("noop")
  assert_equal({ M:_longcmd("LIST") }, { "+OK", { "a" }, 3 })
  assert_equal(M:_shortcmd("quit"), "+OK bye")
  assert_true(M.closed)
  assert_equal(heard(), { "XTND A  B ", "NOOP", "LIST", "QUIT" })
end

function test_raw_commands_that_cannot_be()
  local M, heard = play("+OK\r\n")
  for _, line in ipairs { "", " x", "a\r\nDELE 1", "NOOP \0", "STLS", "AUTH PLAIN", "RETR 1  2" } do
    assert_raises("ValueError", M._shortcmd, M, line)
  end
  M:noop()
  assert_equal(heard(), { "NOOP" })
end

function test_raw_commands_need_a_grant()
  grant { raw = false }
  local M = play()
  assert_contains(assert_raises("policy", M._shortcmd, M, "NOOP").message, "--allow-raw")
  assert_contains(assert_raises("policy", M._longcmd, M, "LIST").message, "--allow-raw")
end

function test_many_lines()
  local rows = {}
  for i = 1, 30000 do rows[i] = i .. " 1000" end
  local octets = table.concat({ unpack(rows, 1, 200) }, "\r\n")
  local M = play("+OK\r\n" .. (octets .. "\r\n"):rep(150) .. ".\r\n")
  local _, lines, size = M:list()
  assert_equal(#lines, 30000)
  assert_equal({ lines[1], lines[200], lines[201], lines[30000] }, { "1 1000", "200 1000", "1 1000", "200 1000" })
  assert_equal(size, 150 * (#octets + 2))
end

-- with

function test_with_quits()
  local M, heard = play("+OK 1 2\r\n", "+OK\r\n")
  assert_equal({ pop3.with(M, function(m) return "a", m:stat() end) }, { "a", 1, 2 })
  assert_equal(heard(), { "STAT", "QUIT" })
  assert_true(M.closed)
end

function test_with_drops_what_raises()
  local M, heard = play("+OK\r\n", "+OK\r\n")
  local thrown = { "whole" }
  local ok, e = pcall(pop3.with, M, function(m) m:dele(1) error(thrown) end)
  assert_false(ok)
  assert_true(rawequal(e, thrown))
  assert_true(M.closed)
  assert_equal(heard(), { "DELE 1" })

  M = play("-ERR no\r\n")
  e = assert_raises("error_proto", pop3.with, M, function(m) m:dele(1) end)
  assert_equal(e.command, "DELE 1")
  assert_contains(e.traceback, "mirror_test.lua")

  local _, text = pcall(pop3.with, play(), function() error("boom", 0) end)
  assert_equal(text, "boom")
end

function test_with_arguments()
  local port, heard = serve("+OK ready\r\n", { "+OK\r\n" })
  pop3.with({ host = "127.0.0.1", port = port, tls = false }, function(m) assert_equal(m.port, port) end)
  assert_equal(heard(), { "QUIT" })
  port = dummy { tls = true }
  assert_equal(pop3.with({ host = "localhost", port = port }, function(m) return m:noop() end), "+OK done nothing.")
  assert_raises('did you mean "timeout"', pop3.with, { host = "x", timout = 1 }, print)
  assert_raises("ValueError", pop3.with, { host = "x", tls = 1 }, print)
  assert_raises("ValueError", pop3.with, "x", print)
  assert_raises("ValueError", pop3.with, { host = "x" })
end

function test_with_a_session_that_ended_inside()
  local M, heard = play("+OK bye\r\n")
  pop3.with(M, function(m) m:quit() end)
  assert_equal(heard(), { "QUIT" })
  assert_raises("closed", pop3.with, M, print)
  M = play()
  pop3.with(M, function(m) m:close() end)
  -- a fault that the function hid: nothing was committed, and with says so
  M = play("nonsense\r\n")
  local e = assert_raises("closed", pop3.with, M, function(m) pcall(m.dele, m, 1) end)
  assert_contains(e.message, "nonsense")
end
