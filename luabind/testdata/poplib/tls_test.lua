-- TestPOP3_TLSClass: what it overrides. setup has called stls().

local pop3 = require "pop3"

local M

function setup()
  M = pop3.POP3("localhost", dummy())
  M:stls()
end

function teardown()
  if not M.closed then M:quit() end
end

local function assert_no_stls()
  local e = assert_raises("error_proto", M.stls, M)
  assert_equal(e.message, "-ERR TLS session already established")
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
