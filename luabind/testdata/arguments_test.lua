-- Arguments that are refused before anything is sent, by name.

local pop3 = require "pop3"

local M, heard

function setup()
  local port
  port, heard = serve("+OK ready <1@a>\r\n", { "+OK\r\n", "+OK\r\n", "+OK\r\n" })
  M = pop3.POP3("127.0.0.1", port)
end

-- Whatever a test did, nothing was sent and the session can go on.
function teardown()
  M:noop()
  assert_equal(heard(), { "NOOP" })
  M:close()
end

local function message(f, ...)
  return assert_raises("ValueError", f, ...).message
end

function test_message_numbers()
  for method, refused in pairs {
    retr = { 0, -1, 1.5, 0 / 0, 1e300, -1e300, 1 / 0, 2 ^ 31, {}, true, print },
    dele = { 0, -1, 1.5, 0 / 0, 1e300, {}, false },
    list = { -1, 1.5, 0 / 0, 1e300, {}, false },
    uidl = { -1, 0.5, {} },
  } do
    for _, n in ipairs(refused) do
      assert_contains(message(M[method], M, n), method .. ": message number must be a positive integer, got ")
    end
  end
  assert_equal(message(M.retr, M, 1.5), "retr: message number must be a positive integer, got 1.5")
  assert_equal(message(M.retr, M, nil), "retr: message number must be a positive integer, got nil")
  assert_equal(message(M.retr, M, {}), "retr: message number must be a positive integer, got table")
  assert_contains(message(M.dele, M), "dele: message number")
end

function test_message_numbers_of_text()
  for _, word in ipairs { "", " ", "1 2", "1\r\nDELE 2", "\0", "\127", "\233", "1\n" } do
    assert_contains(message(M.retr, M, word), "retr: message number must be one word")
    assert_raises("ValueError", M.list, M, word)
  end
  assert_contains(message(M.retr, M, ("9"):rep(600)), "longer than 255 octets")
end

function test_line_counts()
  for _, n in ipairs { -1, 1.5, 0 / 0, 1e300, {}, true, "x", "-1", "1.5", "" } do
    assert_contains(message(M.top, M, 1, n), "top: number of lines must be an integer of 0 or more, got ")
  end
  assert_contains(message(M.top, M, 1), "got nil")
  assert_contains(message(M.top, M, 0, 1), "top: message number")
end

function test_names_and_passwords()
  for _, text in ipairs { "a\r\nDELE 1", "a\0", "\127", "a\tb" } do
    assert_equal(message(M.user, M, text), "user: name has a control character")
    assert_equal(message(M.pass_, M, text), "pass_: password has a control character")
    assert_equal(message(M.pass, M, text), "pass: password has a control character")
    assert_equal(message(M.rpop, M, text), "rpop: name has a control character")
    assert_equal(message(M.apop, M, text, "s"), "apop: name has a control character")
  end
  assert_contains(message(M.user, M, ("a"):rep(600)), "longer than 255 octets")
  assert_equal(message(M.user, M), "user: name must be a string, got nil")
  assert_equal(message(M.user, M, {}), "user: name must be a string, got table")
  assert_equal(message(M.pass_, M, true), "pass_: password must be a string, got boolean")
  assert_equal(message(M.apop, M, "u"), "apop: secret must be a string, got nil")
end

-- A password is in no error.
function test_secrets_are_not_shown()
  local e = assert_raises("ValueError", M.pass_, M, "tanstaaf\n")
  for _, field in ipairs { "message", "traceback", "where" } do
    assert_nil(e[field]:find("tanstaaf"), field)
  end
  assert_raises("longer than", M.pass_, M, ("tanstaaf"):rep(100))
  for _, format in ipairs { "%v", "%+v", "%#v", "%s", "%d", "%p" } do
    assert_nil(string.format(format, M):find("tanstaaf"), format)
  end
end

function test_debug_level()
  for _, level in ipairs { -1, 1.5, {}, "x", true } do
    assert_contains(message(M.set_debuglevel, M, level), "set_debuglevel: level")
  end
  assert_equal(select("#", M:set_debuglevel(0)), 0)
end

function test_dot_instead_of_colon()
  assert_contains(message(M.list), "use M:list(), not M.list()")
  assert_contains(message(M.retr, 1), "use M:retr(), not M.retr()")
  assert_contains(message(M.close), "use M:close(), not M.close()")
  assert_contains(message(M.noop, pop3.create_default_context()), "use M:noop()")
end

function test_context_of_stls()
  assert_contains(message(M.stls, M, {}), "stls: context must be made by pop3.create_default_context, got table")
  local e = assert_raises("tls", M.stls, M, pop3.create_default_context { cafile = NOFILE })
  assert_contains(e.message, "missing.pem")
  M = pop3.POP3("127.0.0.1", dummy())
  grant { tlsconfig = false }
  assert_raises("policy", M.stls, M, pop3.create_default_context { cafile = CAFILE })
  -- teardown's session
  M:close()
  setup()
end

-- Constructors

function test_hosts()
  for _, host in ipairs { "", "a b", "a\r\n", "\0", 1, true, {} } do
    assert_contains(message(pop3.POP3, host, 1), "POP3: host must be a ")
  end
  assert_contains(message(pop3.POP3), "host must be a string, got nil")
  assert_contains(message(pop3.POP3, {}), "host must be a string, got nil")
end

function test_ports()
  for _, port in ipairs { 0, -1, 65536, 1.5, 0 / 0, "x", "", true, {} } do
    assert_contains(message(pop3.POP3, "h", port), "POP3: port must be an integer from 1 to 65535, got ")
    assert_raises("POP3_SSL: port", pop3.POP3_SSL, { host = "h", port = port })
  end
end

function test_timeouts()
  for _, timeout in ipairs { "1", true, {}, 0 / 0 } do
    assert_contains(message(pop3.POP3, "h", 1, timeout), "POP3: timeout must be a number of seconds, got ")
  end
end

-- Above the host's maximum, an hour here, it is clamped.
function test_timeout_is_clamped()
  for timeout, want in pairs { [1] = 1, [0.5] = 0.5, [3600] = 3600, [3601] = 3600, [1e300] = 3600, [1 / 0] = 3600 } do
    pop3.POP3("127.0.0.1", (serve("+OK\r\n")), timeout):close()
    assert_equal(dialed().timeout, want)
  end
end

function test_forms()
  local port = serve("+OK\r\n")
  pop3.POP3 { host = "127.0.0.1", port = port, timeout = 7 }:close()
  assert_equal(dialed(), { host = "127.0.0.1", port = port, tls = false, timeout = 7 })
  pop3.POP3("127.0.0.1", tostring(port)):close()
  assert_equal(dialed().timeout, 0)
  pcall(pop3.POP3, "127.0.0.1")
  assert_equal(dialed().port, 110)
  pcall(pop3.POP3_SSL, "127.0.0.1")
  assert_equal(dialed().port, 995)
  pcall(pop3.POP3_SSL, "127.0.0.1", 1, "k.pem", "c.pem", 9)
  assert_equal(dialed(), { host = "127.0.0.1", port = 1, tls = true, timeout = 9, cafile = "", keyfile = "k.pem", certfile = "c.pem" })
end

function test_too_many()
  assert_contains(message(pop3.POP3, "h", 1, 1, "k.pem"), "POP3: takes at most 3 arguments (host, port, timeout), got 4")
  assert_contains(message(pop3.POP3, { "h" }), "wants named arguments in a table, such as POP3{host=...}")
end

function test_files()
  assert_equal(message(pop3.POP3_SSL, "h", 1, "k.pem"), "certfile must be specified")
  assert_contains(message(pop3.POP3_SSL, { host = "h", certfile = 1 }), "certfile must be a string, got 1")
  assert_contains(message(pop3.POP3_SSL, { host = "h", context = "x" }), "context must be made by")
  local ctx = pop3.create_default_context()
  assert_equal(message(pop3.POP3_SSL, { host = "h", context = ctx, keyfile = "k" }), "context and keyfile arguments are mutually exclusive")
  assert_equal(message(pop3.POP3_SSL, { host = "h", context = ctx, certfile = "c" }), "context and certfile arguments are mutually exclusive")
end

function test_did_you_mean()
  assert_contains(message(pop3.POP3, { hots = "h" }), 'POP3 has no argument "hots"; did you mean "host"?')
  for name, meant in pairs {
    stats = "stat", lst = "list", delete = "dele", retrieve = "retr", uidls = "uidl", STAT = "stat", tsat = "stat",
    setdebuglevel = "set_debuglevel", wellcome = "welcome", quitt = "quit",
  } do
    assert_equal(message(function() return M[name] end),
      ('session has no method or field "%s"; did you mean "%s"?'):format(name, meant))
  end
  assert_equal(message(function() return M.frobnicate end), 'session has no method or field "frobnicate"')
  assert_equal(message(function() return pop3.POP3S end), 'module pop3 has no name "POP3S"; did you mean "POP3"?')
  assert_contains(message(function() return getpass.getpas end), 'did you mean "getpass"?')
  assert_raises("ValueError", function() return M[1] end)
end
