-- The module time.

local time = require "time"

function test_now()
  local now = time.now()
  assert_equal(now, math.floor(now))
  assert_equal(now > 1700000000, true)
end

function test_parse()
  assert_equal(time.parse("Mon, 14 Sep 2026 10:12:00 +0200"), 1789373520)
  assert_equal(time.parse("Mon Sep 14 08:12:00 2026"), 1789373520)
  local seconds, reason = time.parse("the day before yesterday")
  assert_equal(seconds, nil)
  assert_contains(reason, "the day before yesterday")
  assert_contains(assert_raises("ValueError", time.parse).message, "time.parse: date must be a string, got nil")
  assert_raises('did you mean "parse"?', function() return time.pars end)
end
