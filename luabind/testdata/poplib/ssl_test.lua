-- TestPOP3_SSLClass: what it overrides and adds.

local pop3 = require "pop3"

local M, port

function setup()
  port = dummy { tls = true }
  M = pop3.POP3_SSL("localhost", port)
end

function teardown()
  M:close()
end

local function assert_no_stls()
  local e = assert_raises("error_proto", M.stls, M)
  assert_equal(e.message, "-ERR TLS session already established")
end

function test__all__()
  assert_equal(type(pop3.POP3_SSL), "function")
end

-- Deviation 1: CPython's context does not verify; ours cannot be made so. It
-- verifies by CAFILE, and must be what the host is given.
function test_context()
  assert_raises("policy", pop3.create_default_context, { check_hostname = false })
  assert_raises("policy", pop3.create_default_context, { verify = false })
  local ctx = pop3.create_default_context { cafile = CAFILE }
  for _, files in ipairs { { keyfile = CAFILE }, { certfile = CAFILE }, { keyfile = CAFILE, certfile = CAFILE } } do
    files.host, files.port, files.context = "localhost", port, ctx
    assert_raises("arguments are mutually exclusive", pop3.POP3_SSL, files)
    assert_raises("ValueError", pop3.POP3_SSL, "localhost", port, files.keyfile, files.certfile, nil, ctx)
  end

  M:quit()
  M = pop3.POP3_SSL { host = "localhost", port = port, context = ctx }
  assert_equal(dialed().tls, true)
  assert_equal(dialed().cafile, CAFILE)
  assert_equal(M:noop():sub(1, 3), "+OK")
end

function test_stls()
  assert_no_stls()
end

function test_stls_context()
  assert_no_stls()
end

function test_stls_capa()
  assert_nil(M:capa().STLS)
end
