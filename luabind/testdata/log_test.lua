-- The module log. logged() is what the host was told.

local log = require "log"

function test_log()
  log.info("not heard yet")
  grant { log = true }
  log.debug("d")
  log.info("kept", { uidl = "abc", octets = 12, big = true })
  log.warn("w", {})
  log.error("e", { why = select(2, pcall(error, "x", 0)) })
  assert_equal(logged(), { "debug d", "info kept big=true octets=12 uidl=abc", "warn w", "error e why=x" })
end

function test_host_objects()
  grant { log = true }
  log.error("failed", { err = select(2, pcall(pop3.POP3, "")) })
  assert_contains(logged()[1], "error failed err=ValueError: POP3: host must be a host name")
end

function test_long()
  grant { log = true }
  log.info(("x"):rep(5000))
  assert_equal(logged(), { "info " .. ("x"):rep(4096) .. "... (5000 octets)" })
end

function test_wrong_arguments()
  assert_raises("log.info: message must be a string, got nil", log.info)
  assert_raises("log.warn: fields must be a table such as {uidl=...}, got 3", log.warn, "m", 3)
  assert_raises("log.warn: a field's name must be a string of 1 to 64 octets, got 1", log.warn, "m", { "x" })
  assert_raises('log.warn: field "t" must be a string, a number or a boolean, got table', log.warn, "m", { t = {} })
  local many = {}
  for i = 1, 65 do many["f" .. i] = i end
  assert_raises("log.info: fields are more than 64", log.info, "m", many)
  assert_raises('did you mean "warn"?', function() return log.warning end)
end
