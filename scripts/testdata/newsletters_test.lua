-- The clock stands at 14 September 2020, 08:00 UTC.
local now = 1600070400
local old, new = "Sat, 1 Aug 2020 08:00:00 +0000", "Sun, 13 Sep 2020 08:00:00 +0000"

local function run(messages, ...)
  return run_script("newsletters.lua", messages, { args = { ... }, now = now })
end

function test_every_sign_of_a_list()
  local plan = run {
    { date = old, list_id = "<deals.shop.example>" },
    { date = old, list_unsubscribe = "<mailto:leave@shop.example>" },
    { date = old, list_post = "<mailto:deals@shop.example>" },
    { date = old, mailing_list = "deals" },
    { date = old, from = "newsletter@shop.example", precedence = "bulk" },
  }
  assert_equal(plan.deleted, { 1, 2, 3, 4 })
end

function test_a_reason_to_check()
  local d = run({ { date = old, list_id = "Deals <deals.shop.example>" } }, "14").decisions[1]
  assert_equal(d.reason, "newsletter older than 14 days")
  assert_contains(d.evidence, "deals.shop.example")
  assert_contains(d.evidence, "age 44d > 14d")
end

function test_young_ones_are_kept()
  assert_equal(run({ { date = new, list_id = "<deals.shop.example>" } }).deleted, {})
end

function test_what_has_no_age_is_kept()
  local plan = run({ { list_id = "<a.b>" }, { list_id = "<a.b>", date = "once" }, "List-Id: <a.b>", "List-Id" }, "0")
  assert_equal(plan.deleted, {})
end

-- Such a text in the subject or the body is no field.
function test_fields_only()
  local plan = run { { date = old, subject = "List-Id: <a.b>", body = "List-Id: <a.b>" } }
  assert_equal(plan.deleted, {})
end

function test_empty_maildrop()
  assert_equal(run({}).decisions, {})
end

function test_arguments()
  for _, args in ipairs { { "abc" }, { "-1" }, { "" }, { "2w" }, { "30", "days" } } do
    assert_raises("DAYS must be a whole number, as in: %-%- 14", run, {}, unpack(args))
  end
end
