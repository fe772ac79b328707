-- The clock stands at 14 September 2020, 08:00 UTC.
local now = 1600070400

local function run(messages, ...)
  return run_script("older-than.lua", messages, { args = { ... }, now = now })
end

function test_thirty_days_if_not_given()
  local plan = run {
    { date = "Sat, 15 Aug 2020 07:59:59 +0000" }, -- thirty days and a second
    { date = "Sat, 15 Aug 2020 08:00:00 +0000" }, -- thirty days
    { date = "Mon, 14 Sep 2020 07:00:00 +0000" },
  }
  assert_equal(plan.deleted, { 1 })
  assert_true(plan.committed)
end

function test_a_reason_to_check()
  local plan = run({ { date = "Thu, 10 Sep 2020 08:00:00 +0000" } }, "3")
  local d = plan.decisions[1]
  assert_equal(d.reason, "older than 3 days")
  assert_equal(d.evidence, "age 4d > 3d")
end

function test_zones_count()
  local plan = run({ { date = "Sun, 13 Sep 2020 09:30:00 +0200" }, { date = "Sun, 13 Sep 2020 09:30:00 -0200" } }, "1")
  assert_equal(plan.deleted, { 1 })
end

function test_when_it_was_received_if_there_is_no_date()
  local received = "from a by b; Tue, 1 Sep 2020 08:00:00 +0000"
  local plan = run({ { received = received }, { received = received, date = "yesterday, I think" } }, "7")
  assert_equal(plan.deleted, { 1, 2 })
end

function test_date_wins_over_received()
  local plan = run { { received = "from a; Tue, 1 Jan 2019 08:00:00 +0000", date = "Mon, 14 Sep 2020 07:00:00 +0000" } }
  assert_equal(plan.deleted, {})
end

function test_what_has_no_age_is_kept()
  local plan = run({ { subject = "no date" }, { date = "" }, { date = "Mon, 99 Foo 2020" }, "", "no header at all", "\0\27[2J" }, "0")
  assert_equal(plan.deleted, {})
end

function test_dates_to_come_are_kept()
  assert_equal(run({ { date = "Fri, 1 Jan 2100 00:00:00 +0000" } }, "0").deleted, {})
end

function test_no_body_is_read()
  local plan = run { { date = "Sat, 1 Aug 2020 08:00:00 +0000" } }
  for _, command in ipairs(plan.commands) do
    assert_false(command:find("RETR") ~= nil, command)
  end
end

function test_empty_maildrop()
  assert_equal(run({}).decisions, {})
end

function test_arguments()
  for _, args in ipairs { { "soon" }, { "-5" }, { "" }, { "30d" }, { "1e3" }, { "0x10" }, { "nan" }, { "1.5" }, { "1", "000" } } do
    assert_raises("DAYS must be a whole number, as in: %-%- 90", run, {}, unpack(args))
  end
end
