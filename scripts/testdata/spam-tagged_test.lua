local function run(messages, ...)
  return run_script("spam-tagged.lua", messages, { args = { ... } })
end

-- results is a message with that Authentication-Results.
local function results(value)
  return { from = "Bank <a@bank.example>", ["Authentication-Results"] = value }
end

function test_tags()
  local plan = run {
    { x_spam_flag = "YES" },
    { x_spam_status = "Yes, score=8.1 required=5.0 tests=BAYES_99" },
    { x_spam = "yes" },
    { x_spam_flag = "NO", x_spam_status = "No, score=-1.9 required=5.0", x_spam = "no" },
    { x_spam_flag = "yesterday", x_spam = "no, or yes?" },
    { x_spam = "Not detected", x_spam_status = "", subject = "***SPAM***" },
  }
  assert_equal(plan.deleted, { 1, 2, 3 })
  assert_equal(plan.decisions[1].reason, "X-Spam-Flag: YES")
  assert_equal(plan.decisions[2].reason, "X-Spam-Status: Yes, score=8.1 required=5.0 tests=BAYES_99")
end

-- The topmost is of the server that came last.
function test_the_topmost_tag_counts()
  assert_equal(run({ "X-Spam-Status: No\nX-Spam-Status: Yes\n\n" }).deleted, {})
end

function test_a_reason_is_short()
  local d = run({ { x_spam_status = "Yes, " .. ("x"):rep(5000) } }).decisions[1]
  assert_true(#d.reason < 100)
end

function test_dmarc_only_when_asked()
  local mail = results("mx.home.example; dmarc=fail (p=reject) header.from=bank.example")
  assert_equal(run({ mail }).deleted, {})
  local plan = run({ mail }, "dmarc")
  assert_equal(plan.deleted, { 1 })
  assert_equal(plan.decisions[1].reason, "dmarc=fail for bank.example, says mx.home.example")
end

function test_other_results_are_kept()
  local plan = run({
    results("mx; dmarc=pass"), results("mx; dmarc=none"), results("mx; dmarc=temperror"),
    results("mx; spf=fail; dkim=fail"), results("mx; none"), results("dmarc=fail"), results(""), results(";;;"),
  }, "dmarc")
  assert_equal(plan.deleted, {})
end

-- Fields below are the own server's if they say so. Others anybody can write.
function test_who_says_so()
  local plan = run({
    "Authentication-Results: mx; spf=pass\nAuthentication-Results: mx; dmarc=fail\n\n",
    "Authentication-Results: mx; dmarc=pass\nAuthentication-Results: evil; dmarc=fail\n\n",
    "Authentication-Results: mx; none\nAuthentication-Results: evil; dmarc=fail\n\n",
    "Authentication-Results: mx; dmarc=fail\nAuthentication-Results: evil; dmarc=pass (p=none)\n\n",
  }, "dmarc")
  assert_equal(plan.deleted, { 1, 4 })
end

-- A domain that asks for nothing mostly does not know all who send for it.
function test_domains_that_ask_for_nothing()
  local plan = run({
    results("mx; dmarc=fail (p=NONE sp=NONE dis=NONE) header.from=bank.example"),
    results("mx; dmarc=fail (p=REJECT sp=NONE dis=NONE) header.from=bank.example"),
  }, "dmarc")
  assert_equal(plan.deleted, { 2 })
end

function test_lists_break_dmarc()
  local mail = results("mx; dmarc=fail (p=reject)")
  mail.list_id = "<friends.home.example>"
  assert_equal(run({ mail }, "dmarc").deleted, {})
  mail.x_spam_flag = "YES"
  assert_equal(run({ mail }, "dmarc").deleted, { 1 })
end

function test_broken_mail_is_kept()
  assert_equal(run({ "", "X-Spam-Flag", "no header", "\0\27[2J", "Subject: x\n\nX-Spam-Flag: YES" }, "dmarc").deleted, {})
end

function test_no_body_is_read()
  for _, command in ipairs(run({ { x_spam_flag = "YES" }, { subject = "x" } }, "dmarc").commands) do
    assert_nil(command:match("RETR"))
  end
end

function test_empty_maildrop()
  assert_equal(run({}).decisions, {})
end

function test_arguments()
  for _, args in ipairs { { "DMARC" }, { "" }, { "spf" }, { "dmarc", "spf" } } do
    assert_raises("the argument must be dmarc, or none, as in: %-%- dmarc", run, {}, unpack(args))
  end
end
