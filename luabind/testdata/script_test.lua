-- The module script. The host says what is in it before the test begins.

local script = require "script"

function test_script()
  assert_equal(script.name, "rule.lua")
  assert_equal(script.args, { "--days", "30" })
  assert_equal(script.dry_run, true)
  assert_raises('module script has no name "arg"', function() return script.arg end)
  assert_raises('did you mean "dry_run"?', function() return script.dryrun end)
end
