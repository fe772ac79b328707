-- The module getpass.

local getpass = require "getpass"

function test_granted()
  grant { getuser = "guido", getpass = "python" }
  assert_equal(getpass.getuser(), "guido")
  assert_equal(getpass.getpass(), "Password: python")
  assert_equal(getpass.getpass("For you: "), "For you: python")
  assert_equal(getpass.getpass { prompt = "" }, "python")
  assert_raises('did you mean "prompt"?', getpass.getpass, { promt = "x" })
  assert_raises("ValueError", getpass.getpass, 1)
end

function test_not_granted()
  assert_contains(assert_raises("policy", getpass.getuser).message, "getuser: ")
  assert_contains(assert_raises("policy", getpass.getpass).message, "there is nobody to ask")
end

function test_nobody_to_ask()
  grant { noterminal = true }
  local e = assert_raises("policy", getpass.getpass)
  assert_equal({ e.message, e.fatal }, { "getpass: no terminal", false })
  assert_equal(assert_raises("policy", getpass.getuser).message, "getuser: no name")
end
