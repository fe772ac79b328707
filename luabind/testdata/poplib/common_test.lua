-- The cases of CPython's TestPOP3Class that its classes for POP3_SSL and for
-- POP3 with stls() inherit. CLASS is "plain", "ssl" or "tls".

local pop3 = require "pop3"

local M

local function connect(port)
  if CLASS == "ssl" then return pop3.POP3_SSL("localhost", port) end
  local session = pop3.POP3("localhost", port)
  if CLASS == "tls" then session:stls() end
  return session
end

function setup()
  M = connect(dummy { tls = CLASS == "ssl" })
end

-- The TLS class quits, as CPython's does; after test_too_long_lines that raises.
function teardown()
  if CLASS == "tls" and not M.closed then pcall(M.quit, M) end
  M:close()
end

local function assert_ok(response)
  assert_equal(response:sub(1, 3), "+OK")
end

local MESSAGE = {
  "From: postmaster@python.org", "Content-Type: text/plain", "MIME-Version: 1.0", "Subject: Dummy",
  "", "line1", "line2", "line3",
}

function test_getwelcome()
  assert_equal(M:getwelcome(), "+OK dummy pop3 server ready. <timestamp>")
  assert_equal(M.welcome, M:getwelcome())
end

function test_exceptions()
  assert_raises("error_proto", M._shortcmd, M, "echo -err")
end

function test_user()
  assert_ok(M:user("guido"))
  assert_raises("error_proto", M.user, M, "invalid")
end

function test_pass_()
  assert_ok(M:pass_("python"))
  assert_raises("error_proto", M.user, M, "invalid") -- sic
end

function test_stat()
  assert_equal({ M:stat() }, { 10, 100 })
  -- what CPython mocks, a server says: one session each, since a reply that is
  -- no drop listing ends it (deviation 3)
  local function stat(reply)
    local port = serve("+OK ready\r\n", { reply .. "\r\n" })
    return pop3.POP3("127.0.0.1", port):stat()
  end
  assert_raises("Invalid STAT response format", stat, "+OK")
  assert_raises("Invalid STAT response data: non-numeric values", stat, "+OK abc def")
  assert_raises("error_proto", stat, "+OK")
  assert_equal({ stat("+OK 1 2 3 4 5") }, { 1, 2 })
end

function test_list()
  local _, lines, octets = M:list()
  assert_equal(lines, { "1 1", "2 2", "3 3", "4 4", "5 5" })
  assert_equal(octets, 25)
  assert_match(M:list("1"), "OK 1 1$")
end

function test_retr()
  assert_equal({ M:retr("foo") }, { "+OK 116 bytes", MESSAGE, 113 })
end

function test_too_long_lines()
  assert_raises("error_proto", M._shortcmd, M, "echo +" .. ("a"):rep(2048 + 10))
  assert_raises("closed", M.noop, M) -- deviation 3
end

function test_dele()
  assert_ok(M:dele("foo"))
end

function test_noop()
  assert_ok(M:noop())
end

function test_rpop()
  assert_ok(M:rpop("foo"))
end

function test_apop_normal()
  assert_ok(M:apop("foo", "dummypassword"))
end

-- CPython swaps the greeting of a living session; ours is read-only, and one
-- of a megabyte does not pass the limit of a status line.
function test_apop_REDOS()
  local port = serve("+OK " .. ("<"):rep(2042) .. "\r\n", { "+OK\r\n" })
  local evil = pop3.POP3("127.0.0.1", port)
  assert_raises("-ERR APOP not supported by server", evil.apop, evil, "a", "kb")
  port = serve("+OK" .. ("<"):rep(1000000) .. "\r\n")
  assert_raises("error_proto", pop3.POP3, "127.0.0.1", port)
end

function test_top()
  assert_equal({ M:top(1, 1) }, { "+OK 116 bytes", MESSAGE, 113 })
end

function test_uidl()
  M:uidl()
  M:uidl("foo")
end

function test_utf8_raises_if_unsupported()
  assert_raises("error_proto", M.utf8, M)
end

function test_utf8()
  local knows = connect(dummy { tls = CLASS == "ssl", utf8 = true })
  assert_equal(knows:utf8(), "+OK I know RFC6856")
  knows:close()
end

function test_capa()
  assert_equal(M:capa().IMPLEMENTATION, { "python-testlib-pop-server" })
end

function test_quit()
  assert_ok(M:quit())
  assert_true(M.closed)
  assert_raises("closed", M.noop, M)
end

function test_control_characters()
  for n = 0, 32 do
    local c = string.char(n == 32 and 127 or n)
    assert_raises("ValueError", M.user, M, "user" .. c)
    assert_raises("ValueError", M.pass_, M, c .. "pass")
  end
  assert_ok(M:noop()) -- nothing was sent, the session is as it was
end
