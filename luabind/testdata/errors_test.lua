-- Error objects: fields, place, pcall, try, is.

local pop3 = require "pop3"

local function refused()
  local M = pop3.POP3("127.0.0.1", (serve("+OK ready\r\n", { "-ERR no\r\n" })))
  M:dele(7) -- line 7
end

function test_where()
  local e = assert_raises("error_proto", function() return (refused()) end)
  assert_match(e.where, "errors_test.lua:7$")
  assert_match(e.traceback, "^stack traceback:\n\t%[G%]: in function dele\n\t%S*errors_test.lua:7: in function refused\n")
end

-- A rethrow keeps the object, and where it was first raised.
function test_rethrow()
  local _, first = pcall(refused)
  local ok, again = pcall(function() error(first) end)
  assert_false(ok)
  assert_true(rawequal(first, again))
  assert_match(again.where, "errors_test.lua:7$")
end

function test_xpcall()
  local _, e = xpcall(refused, function(e) return e end)
  assert_equal(e.kind, "error_proto")
end

function test_a_deep_stack()
  local function deep(n)
    if n == 0 then return (refused()) end
    return (deep(n - 1))
  end
  local _, e = pcall(deep, 150)
  local _, lines = e.traceback:gsub("\n", "")
  assert_equal(lines, 20)
end

function test_try()
  assert_equal({ pop3.try(function(a, b) return b, a end, 1, 2) }, { 2, 1 })
  assert_equal(select("#", pop3.try(function() end)), 0)
  local nothing, e = pop3.try(refused)
  assert_nil(nothing)
  assert_equal(e.kind, "error_proto")
  local M = pop3.POP3("127.0.0.1", (serve("+OK ready\r\n", { "-ERR no\r\n" })))
  nothing, e = pop3.try(M.retr, M, 1)
  assert_nil(nothing)
  assert_equal(e.message, "-ERR no")
  nothing, e = pop3.try(error, "text", 0)
  assert_equal(e, "text")
  assert_raises("try: wants a function, got nil", pop3.try, nil)
end

function test_is()
  local _, e = pcall(refused)
  assert_true(pop3.is(e, pop3.error_proto))
  assert_true(e.kind == pop3.error_proto)
  assert_false(pop3.is(e, "timeout"))
  assert_false(pop3.is("text", pop3.error_proto))
  assert_false(pop3.is(nil, pop3.error_proto))
  assert_raises('did you mean "timeout"?', pop3.is, e, "timout")
  assert_raises("ValueError", pop3.is, e)
end

function test_fields_are_read_only()
  local _, e = pcall(refused)
  assert_raises("read-only", function() e.kind = "x" end)
  assert_raises('error has no field "mesage"; did you mean "message"?', function() return e.mesage end)
end

function test_in_a_text()
  local _, e = pcall(refused)
  assert_equal("failed: " .. e, "failed: error_proto: -ERR no")
  assert_equal(e .. "!", "error_proto: -ERR no!")
end

function test_policy_of_the_host()
  grant { policy = true }
  local e = assert_raises("policy", pop3.POP3_SSL, "pop.example.org")
  assert_equal(e.hint, "allow it with --allow-net=pop.example.org:995")
  assert_contains(tostring(e), "(allow it with --allow-net=pop.example.org:995)")
end

function test_no_dial()
  grant { dial = false }
  local e = assert_raises("policy", pop3.POP3_SSL, "pop.example.org")
  assert_contains(e.message, "--allow-net=pop.example.org:995")
end

function test_cancelled()
  local M = pop3.POP3("127.0.0.1", (serve("+OK ready\r\n", { SILENCE })))
  grant { cancelled = true }
  local e = assert_raises("cancelled", M.noop, M)
  assert_true(e.fatal)
  assert_raises("closed", M.noop, M)
end

function test_a_fault_in_the_host()
  grant { panic = true }
  local e = assert_raises("internal", pop3.POP3, "127.0.0.1")
  assert_equal(e.message, "a fault in the host, not in the script")
end
