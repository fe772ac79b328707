-- Dialogues whose results were measured on poplib 3.15.2. Where ours differ,
-- "deviation N" says why.

local pop3 = require "pop3"

-- play returns a session with a server that answers with replies, in order,
-- and then closes its side; and a function that tells what the server heard.
local function play(...)
  local port, heard = serve("+OK ready\r\n", { ... })
  return pop3.POP3("127.0.0.1", port), heard
end

-- text plays one RETR whose text is octets, the terminator added.
local function text(octets)
  return play("+OK\r\n" .. octets .. ".\r\n"):retr(1)
end

function test_list()
  local M = play("+OK 2 messages\r\n1 120\r\n2 200\r\n.\r\n")
  assert_equal({ M:list() }, { "+OK 2 messages", { "1 120", "2 200" }, 14 })
end

function test_list_of_nothing()
  local M = play("+OK 0 messages\r\n.\r\n")
  assert_equal({ M:list() }, { "+OK 0 messages", {}, 0 })
end

function test_list_0()
  local M, heard = play("+OK 0 0\r\n", "+OK 0 x\r\n")
  assert_equal(M:list(0), "+OK 0 0")
  assert_equal(M:uidl(0), "+OK 0 x")
  assert_equal(heard(), { "LIST 0", "UIDL 0" })
end

-- Deviation 12: poplib leaves ".x" alone, and has 26 octets.
function test_dots()
  assert_equal({ text("..\r\n...\r\n.x\r\n..leading\r\nend\r\n") },
    { "+OK", { ".", "..", "x", ".leading", "end" }, 25 })
end

-- Deviation 12: to poplib "\n.\n" ends the text; "\n..b" loses a dot.
function test_bare_lf()
  assert_equal({ text("a\n..b\n\n.\r\n") }, { "+OK", { "a", "..b", "", "." }, 10 })
  local M = play("+OK\r\na\n..b\n\n.\n")
  assert_raises("-ERR EOF", M.retr, M, 1)
end

function test_bare_cr()
  assert_equal({ text("\rabc\n\r\na\rb\r\n") }, { "+OK", { "abc", "", "a\rb" }, 12 })
end

function test_eight_bits()
  local _, lines, octets = text("caf\233 \255\0z\r\n")
  assert_equal(lines, { "caf\233 \255\0z" })
  assert_equal(octets, 10)
end

function test_eof_in_a_message()
  for _, octets in ipairs { "a\r\n", "a\r\nhalf", "a\r\n.", "" } do
    local M = play("+OK\r\n" .. octets)
    local e = assert_raises("error_proto", M.retr, M, 1)
    assert_equal(e.message, "-ERR EOF")
    assert_true(e.fatal)
    assert_true(M.closed)
  end
end

-- Deviation 12: to poplib the first "." ends the text, with 2 octets, and the
-- next reply is the mail's.
function test_smuggled_terminator()
  local M = play("+OK\r\na\n.\nb\r\n.\r\n", "+OK\r\n")
  assert_equal({ M:retr(1) }, { "+OK", { "a", ".", "b" }, 7 })
  assert_equal(M:noop(), "+OK")
end

-- Deviation 4: a line of a text may have any length.
function test_long_lines()
  for _, length in ipairs { 2046, 2047, 100000 } do
    local _, lines, octets = text(("a"):rep(length) .. "\r\n")
    assert_equal(#lines[1], length)
    assert_equal(octets, length + 2)
  end
end

-- Deviation 3: poplib's next noop reads the tail of the line.
function test_status_line_limit()
  local M = play("+" .. ("a"):rep(2045) .. "\r\n", "+" .. ("a"):rep(2046) .. "\r\n")
  assert_equal(#M:noop(), 2046)
  local e = assert_raises("error_proto", M.noop, M)
  assert_equal(e.message, "line too long")
  assert_raises("closed", M.noop, M)
end

-- Deviation 3: poplib takes "+OK -1 -5" for (-1, -5); it is no drop listing.
function test_stat()
  assert_raises("Invalid STAT response format", function() play("+OK\r\n"):stat() end)
  assert_raises("non-numeric values", function() play("+OK a b\r\n"):stat() end)
  assert_raises("non-numeric values", function() play("+OK -1 -5\r\n"):stat() end)
  assert_equal({ play("+OK 2 320 foo\r\n"):stat() }, { 2, 320 })
end

function test_capa()
  assert_equal(play("+OK\r\nSASL PLAIN LOGIN\r\n.\r\n"):capa(), { SASL = { "PLAIN", "LOGIN" } })
  assert_equal(play("+OK\r\nSASL A\r\nSASL B C\r\n.\r\n"):capa(), { SASL = { "B", "C" } })
  local M = play("-ERR what?\r\n", "+OK\r\n")
  local e = assert_raises("error_proto", M.capa, M)
  assert_equal(e.message, "-ERR CAPA not supported by server")
  assert_equal(e.response, "-ERR what?")
  assert_equal(M:noop(), "+OK")
end

function test_stls()
  local function refused(...)
    local M = play(...)
    return assert_raises("error_proto", M.stls, M).message
  end
  assert_equal(refused("+OK\r\nTOP\r\n.\r\n"), "-ERR STLS not supported by server")
  assert_equal(refused("+OK\r\nstls\r\n.\r\n"), "-ERR STLS not supported by server")
  assert_equal(refused("-ERR what?\r\n"), "-ERR CAPA not supported by server")
  assert_equal(refused("+OK\r\nSTLS\r\n.\r\n", "-ERR not now\r\n"), "-ERR not now")
end

function test_apop_without_timestamp()
  for _, greeting in ipairs { "+OK ready", "+OK<a@b>", "+ok x <a@b>" } do
    local port, heard = serve(greeting .. "\r\n", { "+OK\r\n" })
    local M = pop3.POP3("127.0.0.1", port)
    local e = assert_raises("error_proto", M.apop, M, "mrose", "tanstaaf")
    assert_equal(e.message, "-ERR APOP not supported by server")
    M:noop()
    assert_equal(heard(), { "NOOP" })
  end
end

-- RFC 1939 section 7.
function test_apop()
  local port, heard = serve("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n", { "+OK\r\n" })
  pop3.POP3("127.0.0.1", port):apop("mrose", "tanstaaf")
  assert_equal(heard(), { "APOP mrose c4c9334bac560ecc979e58001b3e22fb" })
end

function test_status_lines()
  local M = play("+\r\n", "+ cont\r\n", "+ok\r\n", "+OKfoo\r\n", "+OK lf\n", "OK\r\n")
  assert_equal(M:noop(), "+")
  assert_equal(M:noop(), "+ cont")
  assert_equal(M:noop(), "+ok")
  assert_equal(M:noop(), "+OKfoo")
  assert_equal(M:noop(), "+OK lf")
  local e = assert_raises("error_proto", M.noop, M)
  assert_equal(e.message, "OK")
  assert_equal(e.response, "OK")
  assert_raises("closed", M.noop, M) -- deviation 3
end

-- The message of poplib's error_proto is the empty line; ours says so.
function test_empty_status_line()
  local M = play("\r\n")
  local e = assert_raises("error_proto", M.noop, M)
  assert_equal(e.message, "not a POP3 reply")
  assert_equal(e.response, nil)
end

-- Deviation 8: poplib's socket stays open after -ERR.
function test_quit()
  local M = play("-ERR some messages not deleted\r\n")
  local e = assert_raises("error_proto", M.quit, M)
  assert_equal(e.message, "-ERR some messages not deleted")
  assert_true(M.closed)
  assert_raises("closed", M.quit, M)

  M = play()
  assert_equal(assert_raises("error_proto", M.quit, M).message, "-ERR EOF")
end

function test_timeout_values()
  local function refused(timeout)
    return assert_raises("ValueError", pop3.POP3, "127.0.0.1", 1, timeout).message
  end
  assert_equal(refused(0), "Non-blocking socket (timeout=0) is not supported")
  assert_equal(refused(-0.0), "Non-blocking socket (timeout=0) is not supported")
  assert_equal(refused(false), "Non-blocking socket (timeout=0) is not supported")
  assert_equal(refused(-1), "Timeout value out of range")
end

function test_hung_server()
  local port = serve("+OK ready\r\n", { SILENCE })
  local M = pop3.POP3("127.0.0.1", port, 0.05)
  local e = assert_raises("timeout", M.noop, M)
  assert_contains(e.message, "timed out")
  assert_equal({ e.command, e.temporary, e.fatal }, { nil, true, true })
  assert_raises("closed", M.noop, M) -- deviation 3
  assert_raises("closed", M.quit, M)
end
