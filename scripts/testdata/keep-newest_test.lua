local five = { { subject = "1" }, { subject = "2" }, "\0 no header", "", { subject = "5" } }

local function run(messages, ...)
  return run_script("keep-newest.lua", messages, { args = { ... } })
end

function test_the_highest_numbers_stay()
  assert_equal(run(five, "2").deleted, { 1, 2, 3 })
  assert_equal(run(five, "5").deleted, {})
  assert_equal(run(five, "6").deleted, {})
  assert_equal(run(five, "999999999999").deleted, {})
  assert_equal(run(five, "0").deleted, { 1, 2, 3, 4, 5 })
end

function test_a_hundred_if_not_given()
  local many = {}
  for n = 1, 102 do
    many[n] = { subject = tostring(n) }
  end
  assert_equal(run(many).deleted, { 1, 2 })
end

-- Anybody can write a date to come.
function test_dates_do_not_count()
  local plan = run({ { date = "Fri, 1 Jan 2100 00:00:00 +0000" }, { date = "Mon, 1 Jan 1990 00:00:00 +0000" } }, "1")
  assert_equal(plan.deleted, { 1 })
end

function test_a_reason_to_check()
  assert_equal(run(five, "4").decisions[1].reason, "not among the newest 4")
end

function test_nothing_is_read()
  for _, command in ipairs(run(five, "2").commands) do
    assert_nil(command:match("TOP") or command:match("RETR"))
  end
end

function test_empty_maildrop()
  local plan = run {}
  assert_equal(plan.decisions, {})
  assert_true(plan.committed)
end

function test_arguments()
  for _, args in ipairs { { "x" }, { "-1" }, { "" }, { "1.5" }, { "1e1" }, { "1", "000" }, { ("9"):rep(30) } } do
    assert_raises("COUNT must be a whole number, as in: %-%- 50", run, five, unpack(args))
  end
end
