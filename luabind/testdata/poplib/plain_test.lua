-- TestPOP3Class: what its subclasses override.

local pop3 = require "pop3"

local M, port

function setup()
  port = dummy()
  M = pop3.POP3("127.0.0.1", port)
end

function teardown()
  M:close()
end

function test_stls_capa()
  assert_equal(M:capa().STLS, {})
end

-- Deviation 1: without a context the certificate is verified too, so that the
-- server must be called by its name.
function test_stls()
  M = pop3.POP3("localhost", port)
  assert_equal(M:stls(), "+OK Begin TLS negotiation")
  assert_equal(M:noop(), "+OK done nothing.")
end

function test_stls_context()
  local ctx = pop3.create_default_context { cafile = CAFILE }
  assert_equal(ctx.verify, true)
  assert_equal(ctx.check_hostname, true)
  local e = assert_raises("tls", M.stls, M, ctx)
  assert_contains(e.message, "127.0.0.1")
  M = pop3.POP3("localhost", port)
  assert_equal(M:stls(ctx), "+OK Begin TLS negotiation")
end
