local function run(messages)
  return run_script("scan.lua", messages)
end

function test_a_line_for_each_message()
  local plan = run {
    { date = "Mon, 14 Sep 2020 10:12:00 +0200", from = "Mother <mother@example.org>", subject = "dinner", body = "Come." },
    { date = "Tue, 15 Sep 2020 01:00:00 +0200", from = "shop@example.org", subject = "Deals" },
    { subject = "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", from = "=?utf-8?b?5ryi5a2X?= <a@b>" },
  }
  assert_equal(plan.printed, [[
1        100  2020-09-14  Mother                    dinner
2         81  2020-09-14  shop@example.org          Deals
3         74  no date     漢字                      Grüße
3 messages, 255 octets
]])
  assert_equal(plan.decisions, {})
end

function test_what_is_missing_is_named()
  for _, broken in ipairs { "", "no header", "\0", "Date: ?\nFrom: <>\nSubject:\n\n" } do
    assert_match(run({ broken }).printed, "^1 +%d+  no date     %(no sender%)               %(no subject%)\n1 messages, %d+ octets\n$")
  end
end

-- The number of lines is that of messages, whatever they hold.
function test_hostile_text()
  local plan = run {
    { subject = "=?utf-8?q?a=0D=0Ab=1B[2J=E2=80=AE?=\tc", from = '"\27]0;t\7x" <a@b>' },
    { subject = ("s"):rep(5000), from = ("f"):rep(5000) .. "@b" },
    { subject = "\255\254", from = "\255" },
  }
  local lines = {}
  for line in plan.printed:gmatch("[^\n]*\n") do
    table.insert(lines, line)
    assert_nil(line:match("[%z\1-\9\11-\31\127]"), line)
    assert_true(#line < 200)
  end
  assert_equal(#lines, 4)
  assert_contains(lines[2], "no date     " .. ("f"):rep(24) .. "  " .. ("s"):rep(100) .. "\n")
end

-- Behind UTC, the last day of 9999 is in a year that is not written.
function test_absurd_dates()
  local plan = run { { date = "Fri, 31 Dec 9999 23:59:59 -2359" }, { date = "Mon, 1 Jan 99999 00:00:00 +0000" } }
  assert_match(plan.printed, "2 messages")
end

function test_numbers_are_aligned()
  local ten = {}
  for n = 1, 10 do
    ten[n] = { subject = "x" }
  end
  local plan = run(ten)
  assert_match(plan.printed, "^ 1         14  no date")
  assert_match(plan.printed, "\n10         14  no date")
end

function test_no_body_is_read()
  for _, command in ipairs(run({ { subject = "x" } }).commands) do
    assert_nil(command:match("RETR"))
  end
end

function test_empty_maildrop()
  assert_equal(run({}).printed, "0 messages, 0 octets\n")
end

function test_arguments()
  assert_raises("there are no arguments, as in: popherd run @scan", run_script, "scan.lua", {}, { args = { "3" } })
end
