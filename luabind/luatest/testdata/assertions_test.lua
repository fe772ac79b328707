-- What holds: each of these must pass.

function test_equal()
  assert_equal(1, 1)
  assert_equal("a", "a", "with a note")
  assert_equal({ 1, { a = { true } } }, { 1, { a = { true } } })
  local loop = {}
  loop.self = loop
  assert_equal(loop, loop)
  assert_not_equal({ 1 }, { 1, 2 })
  assert_not_equal("1", 1)
end

function test_truth()
  assert_true(1 == 1)
  assert_false(1 == 2)
  assert_nil(nil)
  assert_equal(assert_not_nil(false), false)
end

function test_text()
  assert_contains("a(b)c", "(b)")
  assert_match("a12", "%d+$")
end

function test_raises()
  assert_raises("policy", pop3.POP3, "pop.example.org")
  assert_raises("--allow-net", pop3.POP3, "pop.example.org")
  assert_raises("not gr%a+ed", pop3.POP3, "pop.example.org")
  local e = assert_raises("boom", function() error("boom") end)
  assert_match(e, "assertions_test.lua:%d+: boom")
  assert_equal(assert_raises("table", error, { 1 }), { 1 })
end

function test_libraries()
  assert_equal(("x"):rep(3), "xxx")
  assert_equal(table.concat({ 1, 2 }, ","), "1,2")
  assert_equal(math.max(1, 2), 2)
  assert_nil(io)
  assert_nil(os)
end
