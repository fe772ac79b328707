-- TestTimeouts: what a socket's gettimeout is to CPython, the request that
-- reaches the host is to us.

local pop3 = require "pop3"

local port

function setup()
  port = serve("+ Hola mundo\n") -- LF alone, and no "OK"
end

function test_testTimeoutDefault()
  grant { default_timeout = 30 }
  local M = pop3.POP3("127.0.0.1", port)
  assert_equal(dialed().timeout, 30)
  assert_equal(M:getwelcome(), "+ Hola mundo")
  M:close()
end

-- None is "no timeout" to CPython. Here nil is the host's default: every wait
-- ends.
function test_testTimeoutNone()
  grant { default_timeout = 30 }
  local M = pop3.POP3 { host = "127.0.0.1", port = port, timeout = nil }
  assert_equal(dialed().timeout, 30)
  M:close()
end

function test_testTimeoutValue()
  local M = pop3.POP3 { host = "127.0.0.1", port = port, timeout = 5 }
  assert_equal(dialed().timeout, 5)
  M:close()
  local e = assert_raises("ValueError", pop3.POP3, { host = "127.0.0.1", port = port, timeout = 0 })
  assert_equal(e.message, "Non-blocking socket (timeout=0) is not supported")
end
