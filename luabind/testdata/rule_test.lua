-- Module rule: predicates, and rule files of them.

local old = {
  from = "Shop <news@shop.example>", to = "me@example.org, Bob <bob@example.org>", cc = "carol@work.example",
  subject = "WEEKLY =?utf-8?q?=C3=84pfel?=", date = "Thu, 01 Jan 1970 00:00:00 +0000",
  list_id = "Deals <deals.shop.example>", x_spam = "Yes", body = "Buy apples now.\r\n",
}
local pdf = {
  from = "Bob <bob@example.org>", subject = "the report", date = "Sat, 31 Jan 1970 00:00:00 +0000",
  content_type = 'application/pdf; name="Report.PDF"', body = ("x"):rep(2000),
}
local now = 45.2 * 86400

local function judge(source, messages, explain)
  return run_script(source, messages or { old, pdf }, { now = now, explain = explain, seen = { 0 } })
end

-- What p says about the two messages, and how it is written.
local function ask(p)
  local plan = judge([[
    local p = ]] .. p .. [[

    local M, held = pop3.account(), {}
    for msg in M:messages() do held[#held + 1] = tostring(p(msg)) end
    print(table.concat(held, " ") .. " " .. tostring(p))
  ]])
  return plan.printed:gsub("\n$", ""), nil
end

function test_each_predicate()
  for _, case in ipairs{
    { 'rule.from("SHOP")', 'true false from("SHOP")' },
    { 'rule.from("nobody", "bob@")', 'false true from("nobody", "bob@")' },
    { 'rule.from{"nobody", "bob@"}', 'false true from("nobody", "bob@")' },
    { 'rule.from("shop <news")', 'true false from("shop <news")' },
    { 'rule.from("@SHOP.example")', 'true false from("@SHOP.example")' },
    { 'rule.from("@example")', 'true false from("@example")' },
    { 'rule.from("@op.example", "hop.example@", "ews@shop.example", "news@shop", "@shop")', 'false false from("@op.example", "hop.example@", "ews@shop.example", "news@shop", "@shop")' },
    { 'rule.from("NEWS@Shop.Example")', 'true false from("NEWS@Shop.Example")' },
    { 'rule.to("@work.example", "@.work.example")', 'true false to("@work.example", "@.work.example")' },
    { 'rule.to("carol@", "arol@")', 'true false to("carol@", "arol@")' },
    { 'rule.to("arol@")', 'false false to("arol@")' },
    { 'rule.subject("@", "report")', 'false true subject("@", "report")' },
    { 'rule.to("bob")', 'true false to("bob")' },
    { 'rule.to("WORK.example")', 'true false to("WORK.example")' },
    { 'rule.to("example.org, Bob")', 'false false to("example.org, Bob")' },
    { 'rule.subject("weekly ä")', 'true false subject("weekly ä")' },
    { 'rule.subject("Report", "x")', 'false true subject("Report", "x")' },
    { 'rule.header("x-spam")', 'true false header("x-spam")' },
    { 'rule.header("X-Spam", "no", "yes")', 'true false header("X-Spam", "no", "yes")' },
    { 'rule.header("X-Spam", "no")', 'false false header("X-Spam", "no")' },
    { 'rule.size("> 1K")', 'false true size("> 1K")' },
    { 'rule.size("<=1.5k")', 'true false size("<= 1.5K")' },
    { 'rule.size(">= 0")', 'true true size(">= 0")' },
    { 'rule.age("> 30d")', 'true false age("> 30d")' },
    { 'rule.age("< 3 w")', 'false true age("< 3w")' },
    { 'rule.age(">= 1084.8h")', 'true false age(">= 1084.8h")' },
    { 'rule.first_seen("> 30d")', 'true false first_seen("> 30d")' },
    { 'rule.first_seen(" <1 h ")', 'false true first_seen("< 1h")' },
    { 'rule.list()', 'true false list()' },
    { 'rule.list("DEALS.")', 'true false list("DEALS.")' },
    { 'rule.list("other")', 'false false list("other")' },
    { 'rule.has_attachment()', 'false true has_attachment()' },
    { 'rule.has_attachment(".pdf")', 'false true has_attachment(".pdf")' },
    { 'rule.has_attachment(".doc")', 'false false has_attachment(".doc")' },
    { [[rule.re("subject", "(?i)weekly\\s+Ä")]], [[true false re("subject", "(?i)weekly\\s+Ä")]] },
    { 'rule.re("From", "^bob", "i")', 'false true re("from", "^bob", "i")' },
    { 'rule.re("to", "^me@")', 'true false re("to", "^me@")' },
    { 'rule.re("cc", "^carol@")', 'true false re("cc", "^carol@")' },
    { 'rule.re("cc", "^me@")', 'false false re("cc", "^me@")' },
    { 'rule.re("Message-Id", ".")', 'false false re("Message-Id", ".")' },
    { 'rule.re("x-spam", "Yes")', 'true false re("x-spam", "Yes")' },
    { 'rule.re("X-Spam", "^Y")', 'true false re("X-Spam", "^Y")' },
    { 'rule.re("text", "apples? now")', 'true false re("text", "apples? now")' },
    { 'rule.re("subject", re.compile("REPORT", "i"))', 'false true re("subject", "(?i)REPORT")' },
    { 'rule.always()', 'true true always()' },
  } do
    assert_equal(ask(case[1]), case[2])
  end
end

function test_combined()
  for _, case in ipairs{
    { 'rule.from("shop") * rule.age("> 30d")', 'true false from("shop") * age("> 30d")' },
    { 'rule.from("shop") + rule.from("bob")', 'true true from("shop") + from("bob")' },
    { '-rule.from("shop")', 'false true -from("shop")' },
    { '-(-rule.from("shop"))', 'true false from("shop")' },
    { 'rule.always() - rule.from("shop")', 'false true always() - from("shop")' },
    { '(rule.from("a@b") + rule.from("bob")) * rule.size("> 1K")', 'false true (from("a@b") + from("bob")) * size("> 1K")' },
    { 'rule.from("a@b") + rule.from("bob") * rule.size("> 1K")', 'false true from("a@b") + from("bob") * size("> 1K")' },
    { '-(rule.list() * rule.from("zz"))', 'true true -(list() * from("zz"))' },
    { '-rule.list() * rule.from("bob")', 'false true -list() * from("bob")' },
    { 'rule.always() - rule.list() - rule.size("> 1K")', 'false false (always() - list()) - size("> 1K")' },
    { 'rule.always() - rule.list() + rule.from("shop")', 'true true (always() - list()) + from("shop")' },
    { 'rule.always() - (rule.list() + rule.from("bob"))', 'false false always() - (list() + from("bob"))' },
    { 'rule.always() - rule.list() * rule.from("bob")', 'true true always() - list() * from("bob")' },
  } do
    assert_equal(ask(case[1]), case[2])
  end
end

function test_with_parsed_messages()
  local p = rule.from("bob") * rule.size("< 1K") * -rule.has_attachment()
  assert_true(p(mail.parse("From: Bob <bob@example.org>\n\nhi\n")))
  assert_false(p(mail.parse("From: Eve <eve@example.org>\n\nhi\n")))
  assert_false(rule.age("<= 0min")(mail.parse("")), "it has no age")
end

-- What strangers choose to be called is not their address, and a message may
-- have several authors.
function test_addresses()
  local function from(text) return mail.parse("From: " .. text .. "\n\n") end
  assert_false(rule.from("@family.example")(from('"@family.example" <x@evil.example>')))
  assert_false(rule.from("@family.example")(from("<x@family.example.evil.example>")))
  assert_false(rule.from("@family.example")(from("<x@notfamily.example>")))
  assert_false(rule.from("mother@")(from('"mother@home" <x@evil.example>')))
  assert_false(rule.from("mother@")(from("<grandmother@family.example>")))
  assert_true(rule.from("mother@")(from("A <a@b.example>, Mother <MOTHER@family.example>")))
  assert_true(rule.from("@family.example")(from("A <a@b.example>, x@mail.family.example")))
  assert_true(rule.from("second")(from("A <a@b.example>, Second <c@d.example>")))
  assert_true(rule.re("from", "^Second")(from("A <a@b.example>, Second <c@d.example>")))
  assert_false(rule.from("@x", "x@")(from("MAILER-DAEMON")))
  assert_true(rule.from("daemon")(from("MAILER-DAEMON")))
  assert_true(rule.from("s@b.example")(mail.parse("Sender: s@b.example\n\n")))
  for _, wrong in ipairs{ "@", "@.", "Bob <bob@example.org>", "bob @example.org", "*@example.org", "a@b,c@d" } do
    for _, name in ipairs{ "from", "to" } do
      assert_contains(assert_raises("ValueError", rule[name], "x", wrong).message, 'a domain such as "@family.example", got ')
    end
  end
  local evidence = run_script('return { rule = rule.from("mother@"), keep = true }',
    { { from = "a@b.example, Mother <mother@family.example>" } }).decisions[1].evidence
  assert_equal(evidence, 'from "Mother <mother@family.example>"')
end

-- What cannot be known is neither so nor otherwise. These are Kleene's tables:
-- u is unknown, y true, n false.
function test_unknown()
  grant{now=100 * 86400}
  local u, y, n = rule.age("> 30d"), rule.always(), -rule.always()
  local msg = mail.parse("Subject: x\n\n")
  local function is(p) return p(msg) and "y" or (-p)(msg) and "n" or "u" end
  assert_equal({ is(u), is(-u), is(y), is(n) }, { "u", "u", "y", "n" })
  local got = {}
  for _, p in ipairs{ u, y, n } do
    for _, q in ipairs{ u, y, n } do
      table.insert(got, is(p) .. is(q) .. is(p * q) .. is(p + q) .. is(p - q))
    end
  end
  assert_equal(got, { "uuuuu", "uyuyn", "unnuu", "yuuyu", "yyyyn", "ynnyy", "nunun", "nynyn", "nnnnn" })
  assert_equal({ is(-(u * n)), is(-(u + y)), is(u * -u), is(u + -u) }, { "y", "n", "u", "u" })
end

function test_unknown_age()
  grant{now=100 * 86400}
  local received = "Received: by a; Thu, 01 Jan 1970 00:00:00 +0000\n"
  for fields, known in pairs{
    [""] = false,
    ["Date: yesterday\n"] = false,
    ["Date: Wed, 31 Dec 1969 23:59:59 +0000\n"] = false,
    ["Date: 1 Jan 1800 00:00:00 +0000\n"] = false,
    ["Date: Mon, 13 Apr 1970 00:00:01 +0000\n"] = false,
    ["Date: 1 Jan 9999 00:00:00 +0000\n" .. received] = false,
    ["Date: Mon, 13 Apr 1970 00:00:00 +0000\n"] = true,
    ["Date: Thu, 01 Jan 1970 00:00:00 +0000\n"] = true,
    ["Date: yesterday\n" .. received] = true,
    [received] = true,
  } do
    local msg, all = mail.parse(fields .. "\n"), {}
    for _, sign in ipairs{ ">", ">=", "<", "<=" } do
      local p = rule.age(sign .. " 30d")
      assert_equal(p(msg) or (-p)(msg), known, sign .. fields)
    end
    if not known then assert_equal({ msg:age(), msg.age_days }, { 0, 0 }, fields) end
  end
end

function test_unknown_is_explained()
  local plan = judge([[return {
    { rule = rule.age("> 30d"), delete = true }, { rule = -rule.age("> 30d"), delete = true },
    { rule = rule.age("> 30d") * rule.re("text", "x") + rule.subject("none"), delete = true } }]],
    { { subject = "x" }, { date = "1 Jan 2050 00:00:00" }, { date = "1 Jan 1960 00:00:00" } }, true)
  assert_equal(plan.explained[1], {
    'rule "rule 1" says nothing', '  unknown: age("> 30d"), no date',
    'rule "rule 2" says nothing', '  unknown: age("> 30d"), no date',
    'rule "rule 3" says nothing', '  unknown: age("> 30d"), no date', '  not asked: re("text", "x")', '  does not hold: subject("none"), subject "x"',
  })
  assert_equal(plan.explained[2][2], '  unknown: age("> 30d"), date 2050-01-01 is in the future')
  assert_equal(plan.explained[3][2], '  unknown: age("> 30d"), date 1960-01-01 is before 1970')
  assert_equal(plan.decisions, {})
  assert_equal(plan.commands, { "LIST", "UIDL", "TOP 1 0", "TOP 2 0", "TOP 3 0", "QUIT" }, "no text is read for what stays unknown")
end

-- Of a text that was cut nobody knows what is not in it.
function test_unknown_text()
  local msg = mail.parse("Subject: x\n\nfirst\n" .. ("x"):rep(4 * 1024 * 1024) .. "last\n")
  local first, last = rule.re("text", "first"), rule.re("text", "last")
  assert_equal({ first(msg), (-first)(msg), last(msg), (-last)(msg) }, { true, false, false, false })
  assert_true((-last)(mail.parse("Subject: x\n\nfirst\n")))
end

-- At the bound itself only the operators with = hold.
function test_bounds()
  grant{now=3600}
  local kilo, hour = mail.parse(("x"):rep(1024)), mail.parse("Date: Thu, 01 Jan 1970 00:00:00 +0000\n\n")
  local got = {}
  for _, sign in ipairs{ ">", ">=", "<", "<=" } do
    table.insert(got, sign .. tostring(rule.size(sign .. "1K")(kilo)) .. tostring(rule.age(sign .. "1h")(hour)))
  end
  assert_equal(got, { ">falsefalse", ">=truetrue", "<falsefalse", "<=truetrue" })
end

function test_arguments()
  local function refused(part, f, ...)
    assert_contains(assert_raises("ValueError", f, ...).message, part)
  end
  for _, name in ipairs{ "from", "to", "subject" } do
    refused("one text or more", rule[name])
    refused("one text or more", rule[name], {})
    for _, wrong in ipairs{ "", 5, true } do refused("text must be a string", rule[name], "a", wrong) end
    refused("text must be a string", rule[name], { "a", 5 })
    refused("text must be a string", rule[name], nil)
  end
  for _, wrong in ipairs{ "", "a b", "a:", "ä" } do
    refused("header field", rule.header, wrong)
    refused("header field", rule.re, wrong, "x")
  end
  for field, text in pairs{
    subjct = 're has no field "subjct"; did you mean "subject"? A header field is written with a capital, as "Received"',
    sub = 're has no field "sub"; did you mean "subject"? A header field is written with a capital, as "Received"',
    received = 're has no field "received"; a header field is written with a capital, as "Received"',
  } do
    assert_equal(assert_raises("ValueError", rule.re, field, "x").message, text)
  end
  refused('pattern must be a string that is not empty, got ""', rule.re, "subject", "")
  refused('pattern must be a string that is not empty, got ""', rule.re, "subject", re.compile("", "i"))
  for name in ("from to subject header size age first_seen list has_attachment re always"):gmatch("%S+") do
    refused("use rule." .. name .. "(...), not rule:" .. name .. "(...)", function() return rule[name](rule, "> 1d", "x") end)
  end
  refused("text must be a string", rule.header, "X", "")
  for _, wrong in ipairs{ "", "1M", "> M", "> 1T", "= 1M", "=> 1M", "> 1e3", "> -1", "> 1.", "> .5", "> 1..2", "> 1 M x", "1 > 2", ("> " .. ("9"):rep(30)) } do
    refused("K, M or G", rule.size, wrong)
  end
  refused("must be a string", rule.size, 5)
  refused("min, h, d (days)", rule.age, "> 1m")
  refused("min, h, d (days)", rule.age, "> 30")
  refused("min, h, d (days)", rule.age, "30d")
  refused("must be a string", rule.list, 5)
  refused("the list of texts is empty", rule.header, "X", {})
  refused("text must be a string", rule.header, "X", nil)
  refused('not empty, got ""; rule.list() is without it', rule.list, "")
  refused("text must be a string, got nil", rule.list, nil)
  refused('not empty, got ""; rule.has_attachment() is without it', rule.has_attachment, "")
  refused("name must be a string, got nil", rule.has_attachment, nil)
  refused("must be a string", rule.has_attachment, {})
  refused("pattern", rule.re, "subject", "(")
  refused("letters of", rule.re, "subject", "x", "g")
  refused("re.compile", rule.re, "subject", re.compile("x"), "i")
  refused('did you mean "subject"', function() return rule.subjects end)
  refused('did you mean "subject"', function() return rule.sub end)
  refused('did you mean "has_attachment"', function() return rule.attachment end)
end

function test_combining_wrongly()
  local p = rule.always()
  for _, f in ipairs{
    function() return p + 1 end, function() return "x" * p end, function() return p - nil end, function() return p * print end,
  } do
    assert_raises("wants a predicate on both sides", f)
  end
  assert_raises("write -p, p * q, p + q", function() return not p * p end)
  for sign, f in pairs{
    [".."] = function() return p .. p end, ["/"] = function() return p / p end, ["%"] = function() return p % 2 end,
    ["^"] = function() return 2 ^ p end, ["<"] = function() return p < p end, ["<="] = function() return p >= p end,
  } do
    assert_contains(assert_raises("ValueError", f).message, "rule: " .. sign .. " is not for predicates")
  end
  assert_raises("tostring(p) is their text", function() return "rule " .. p end)
  assert_raises("p(msg)", function() return p("x") end)
  assert_raises("p(msg)", function() return p() end)
  assert_raises("has no field", function() return p.x end)
  assert_raises("read-only", function() p.x = 1 end)
  assert_equal(getmetatable(p), "predicate")
end

-- A predicate that doubles would never end.
function test_too_large()
  local p = rule.always()
  local e = assert_raises("limit", function() for i = 1, 100 do p = p * p end end)
  assert_contains(e.message, "larger than 10000")
  assert_true(p(mail.parse("")))
  for i = 1, 1000 do p = -p end
  assert_true(p(mail.parse("")))
end

local function decisions(plan)
  local lines = {}
  for _, d in ipairs(plan.decisions) do
    table.insert(lines, table.concat({ d.num, d.action, d.target or "-", d.reason, d.rule or "-", d.evidence or "-" }, "|"))
  end
  return lines
end

function test_a_predicate_rule()
  local plan = judge[[return { name = "old newsletters", rule = rule.from("shop") * rule.age("> 30d"), delete = true }]]
  assert_equal(decisions(plan), {
    '1|delete|-|old newsletters|old newsletters|from "Shop <news@shop.example>" and age 45.2d > 30d',
  })
  assert_equal({ plan.deleted, plan.committed }, { { 1 }, true })
  assert_equal(plan.commands, { "LIST", "UIDL", "TOP 1 0", "TOP 2 0", "QUIT" })
end

function test_evidence()
  for p, want in pairs{
    ['rule.to("work")'] = 'to "carol@work.example"',
    ['rule.subject("weekly")'] = 'subject "WEEKLY Äpfel"',
    ['rule.header("X-Spam", "y")'] = 'header X-Spam "Yes"',
    ['rule.header("X-Spam")'] = 'header X-Spam "Yes"',
    ['rule.size("< 1K")'] = 'size 276 < 1K',
    ['rule.list()'] = 'list "deals.shop.example"',
    ['rule.re("to", "carol")'] = 'to "carol@work.example"',
    ['rule.re("text", "ap+les")'] = 'text has "apples"',
    ['rule.always()'] = 'always()',
    ['rule.from("zz") + rule.list("deals")'] = 'list "deals.shop.example"',
    ['-rule.from("zz")'] = 'not from("zz")',
    ['rule.always() - rule.from("zz")'] = 'always() and not from("zz")',
    ['rule.always() - (rule.from("zz") + rule.from("yy"))'] = 'always() and not (from("zz") + from("yy"))',
  } do
    local evidence = judge("return { rule = " .. p .. ", keep = true }", { old }).decisions[1].evidence
    assert_equal(evidence:gsub("size %d+", "size 276"), want)
  end
  local evidence = judge('return { rule = rule.has_attachment("port"), keep = true }').decisions[1].evidence
  assert_equal(evidence, 'attachment "Report.PDF"')
  local plan = judge('return { rule = rule.subject("x"), keep = true }', { { subject = "x" .. ("ä"):rep(100) .. "\27[31m" } })
  assert_equal(plan.decisions[1].evidence, 'subject "x' .. ("ä"):rep(39) .. '..."')
end

function test_what_a_rule_table_decides()
  assert_equal(decisions(judge[[return { rule = rule.from("shop"), delete = "no more shops" }]]),
    { '1|delete|-|no more shops|rule 1|from "Shop <news@shop.example>"' })
  assert_equal(decisions(judge[[return { rule = rule.from("shop"), deliver = "archive", delete = true }]]), {
    '1|deliver|archive|rule 1|rule 1|from "Shop <news@shop.example>"',
    '1|delete|-|rule 1|rule 1|from "Shop <news@shop.example>"',
  })
  assert_equal(decisions(judge[[return { rule = rule.from("shop"), keep = "mine" }]]),
    { '1|keep|-|mine|rule 1|from "Shop <news@shop.example>"' })
end

function test_a_function()
  local plan = judge[[return function(msg)
    if msg.from.domain == "shop.example" then msg:delete("a shop") end
  end]]
  assert_equal(decisions(plan), { "1|delete|-|a shop|-|-" })
  plan = judge[[return { name = "shops", rule = function(msg) if msg.num == 1 then msg:delete() end end }]]
  assert_equal(decisions(plan), { "1|delete|-|shops|shops|-" })
  plan = judge("return { rule = function(msg)\nif msg.num == 1 then msg:delete() end end }")
  assert_equal(decisions(plan), { "1|delete|-|delete at script.lua:2|rule 1|-" })
  plan = judge[[
    local p, q = rule.from("shop"), rule.list()
    return function(msg) if p(msg) and q(msg) and not rule.size("> 1G")(msg) then msg:delete("x") end end]]
  assert_equal(plan.decisions[1].evidence, 'from "Shop <news@shop.example>" and list "deals.shop.example"')
end

function test_the_first_rule_that_decides_ends()
  local plan = judge[[return {
    { rule = function(msg) end },
    { rule = rule.from("bob"), keep = true },
    { name = "all else", rule = rule.always(), delete = true },
    { rule = rule.always(), keep = true },
  }]]
  assert_equal(decisions(plan), {
    '1|delete|-|all else|all else|always()',
    '2|keep|-|rule 2|rule 2|from "Bob <bob@example.org>"',
  })
end

function test_all_rules_are_asked_and_keep_wins()
  local plan = judge[[return { match = "all",
    { name = "a", rule = rule.always(), delete = true, deliver = "x" },
    { name = "b", rule = rule.from("bob"), keep = true },
    { name = "c", rule = rule.from("shop"), delete = true },
    { name = "d", rule = function(msg) msg:deliver("x") msg:deliver("y") msg:keep("k") msg:delete("k") end },
  }]]
  assert_equal(decisions(plan), {
    '1|deliver|x|a|a|always()', '1|deliver|y|d|d|-', '1|delete|-|a|a|always()',
    '2|deliver|x|a|a|always()', '2|deliver|y|d|d|-', '2|keep|-|b|b|from "Bob <bob@example.org>"',
  })
  plan = judge[[return { match = "all",
    { name = "same", rule = rule.always(), keep = true }, { name = "same", rule = rule.always(), delete = true } }]]
  assert_equal(plan.deleted, {}, "rules are not told apart by their names")
end

function test_explain()
  local plan = judge([[return {
    { name = "newsletters", rule = rule.list() * (rule.from("zz") + rule.age("> 30d")) - rule.size("> 1M"), delete = true },
    { name = "rest", rule = function(msg) end },
    { rule = rule.always(), keep = true },
  }]], nil, true)
  plan.explained[1][5] = plan.explained[1][5]:gsub("%d+$", "N")
  assert_equal(plan.explained[1], {
    'rule "newsletters" says delete',
    '  holds: list(), list "deals.shop.example"',
    '  does not hold: from("zz"), from "Shop <news@shop.example>"',
    '  holds: age("> 30d"), age 45.2d > 30d',
    '  does not hold: size("> 1M"), size N',
    'rule "rest" not asked',
    'rule "rule 3" not asked',
  })
  assert_equal(plan.explained[2], {
    'rule "newsletters" says nothing',
    '  does not hold: list()',
    '  not asked: from("zz")',
    '  not asked: age("> 30d")',
    '  not asked: size("> 1M")',
    'rule "rest" says nothing',
    'rule "rule 3" says keep',
    '  holds: always()',
  })
  assert_equal(judge([[return function(msg) msg:keep() end]], nil, true).explained[1], { "the function says keep" })
end

function test_first_seen_is_shown()
  local source = [[return { { rule = rule.first_seen("> 30d"), delete = true }, { rule = rule.first_seen("<= 0d"), keep = true } }]]
  local plan = judge(source, nil, true)
  assert_equal(decisions(plan), {
    '1|delete|-|rule 1|rule 1|first seen 45.2d ago > 30d',
    '2|keep|-|rule 2|rule 2|first seen 0min ago <= 0d',
  })
  assert_equal(plan.explained[2][2], '  does not hold: first_seen("> 30d"), first seen 0min ago')
  assert_equal(plan.commands, { "LIST", "UIDL", "QUIT" }, "no header is read")
  plan = run_script(source, { old }, { now = now, explain = true, seen = false })
  assert_equal(plan.deleted, {})
  assert_equal({ plan.deleted, plan.decisions }, { {}, {} })
  assert_equal(plan.explained[1][2], '  unknown: first_seen("> 30d"), nobody remembers when it was first seen')
  assert_equal(plan.explained[1][4], '  unknown: first_seen("<= 0d"), nobody remembers when it was first seen')
  assert_false(rule.first_seen("> 1d")(mail.parse("Subject: x\n\n")))
  assert_false((-rule.first_seen("> 1d"))(mail.parse("Subject: x\n\n")))
  for _, wrong in ipairs{ "30d", "> 30", "> d", "", "> 30 months" } do
    assert_raises("ValueError", rule.first_seen, wrong)
  end
end

-- Nothing but sizes needs no header.
function test_only_what_is_needed_is_read()
  local plan = judge[[return { rule = rule.size("> 1K") * rule.subject("report"), delete = true }]]
  assert_equal(plan.commands, { "LIST", "UIDL", "TOP 2 0", "QUIT" })
end

function test_what_is_no_rule_file()
  local function refused(part, source)
    local e = assert_raises("ValueError", judge, source)
    assert_contains(e.message, part)
  end
  refused("a predicate alone", [[return rule.always()]])
  refused("got userdata", [[return re.compile("x")]])
  refused("list of rule tables", [[return {}]])
  refused("list of rule tables", [[return { match = "first" }]])
  refused('match must be "first"', [[return { match = "some", { rule = rule.always(), keep = true } }]])
  refused("entry 1 must be a rule table", [[return { rule.always() }]])
  refused("entry 2 must be a rule table", [[return { { rule = rule.always(), keep = true }, print }]])
  refused("holes", [[return { { rule = rule.always(), keep = true }, nil, { rule = rule.always(), keep = true } }]])
  refused("belongs into a rule table", [[return { name = "x", { rule = rule.always(), keep = true } }]])
  refused('did you mean "match"', [[return { macth = "all", { rule = rule.always(), keep = true } }]])
  refused('did you mean "delete"', [[return { rule = rule.always(), delte = true }]])
  refused("rule 1: rule must be a predicate", [[return { delete = true }]])
  refused('rule 2 "x": rule must be a predicate', [[return { { rule = rule.always(), keep = true }, { name = "x", rule = 5 } }]])
  refused("write -p", [[return { rule = not rule.always(), delete = true }]])
  refused("decides nothing", [[return { rule = rule.always() }]])
  refused("keep goes with nothing else", [[return { rule = rule.always(), keep = true, delete = true }]])
  refused("keep goes with nothing else", [[return { rule = rule.always(), keep = true, deliver = "x" }]])
  refused("delete must be true or a reason", [[return { rule = rule.always(), delete = false }]])
  refused("delete must be true or a reason", [[return { rule = rule.always(), delete = 5 }]])
  refused("keep must be true or a reason", [[return { rule = rule.always(), keep = "" }]])
  refused("target must be a name", [[return { rule = rule.always(), deliver = "" }]])
  refused("deliver must be a string", [[return { rule = rule.always(), deliver = true }]])
  refused("a function decides by msg:delete()", [[return { rule = print, delete = true }]])
  refused("name must be a string", [[return { name = 5, rule = rule.always(), delete = true }]])
  refused("name must have at most", [[return { name = ("x"):rep(201), rule = rule.always(), delete = true }]])
end

-- Lua's "and" and "or" drop one side without a word.
function test_what_is_in_no_rule()
  local function refused(text, source)
    local e = assert_raises("ValueError", judge, source)
    assert_equal(e.message, text .. " was built and is in no rule: predicates combine with * for and, + for or")
  end
  refused('script.lua:2: subject("offer")', 'return {\nname = "x", rule = rule.subject("offer") and rule.list(), delete = true }')
  refused('script.lua:1: from("a") * list()', [[local p = rule.from("a") * rule.list()
    return { { rule = rule.list(), delete = true } }]])
  refused('script.lua:2: -list()', [[local p = rule.list()
    local q = -p
    return { rule = p, delete = true }]])
  for _, source in ipairs{
    [[local p = rule.always() for i = 1, 3000 do p = p - rule.from("a" .. i) end return { rule = p, delete = true }]],
    [[local p = rule.list() return { { rule = p, keep = true }, { rule = p, delete = true } }]],
    [[local p, q = rule.from("a"), rule.list() return { { rule = p, keep = true }, { rule = function(msg) return q(msg) and nil end } }]],
    [[local p = rule.from("a") local _ = p(mail.parse("From: b\n\n")) return { rule = rule.list(), keep = true }]],
    [[local p = -(-rule.list()) return { rule = p, keep = true }]],
    [[local p = rule.from("a") print(p)]],
    [[local t = {} for i = 1, 3000 do t[i] = rule.from("a" .. i) end return { rule = t[1], keep = true }]],
  } do
    judge(source)
  end
end

-- An error in a rule table says where its predicate or function stands.
function test_where_a_rule_table_is_wrong()
  local e = assert_raises("ValueError", judge, 'return {\n{ rule = rule.list(), keep = true },\n{ name = "x", rule = rule.list(), keep = 5 } }')
  assert_contains(e.message, 'script.lua:3: rule 2 "x": keep must be true')
  e = assert_raises("ValueError", judge, 'return {\n\nrule = function(msg) end, keep = 5 }')
  assert_contains(e.message, "script.lua:3: rule 1: a function decides by")
  e = assert_raises("ValueError", judge, 'return { { rule = rule.list(), keep = true }, { rule = 5, keep = true } }')
  assert_match(e.message, "^rule 2: rule must be a predicate")
end

function test_what_a_function_may_not_return()
  local e = assert_raises("ValueError", judge, [[return function(msg) return true end]])
  assert_contains(e.message, "a rule returns nothing, got true; it decides by msg:delete()")
  e = assert_raises("ValueError", judge, [[return { name = "x", rule = function(msg) return nil, "delete" end }]])
  assert_contains(e.message, 'rule "x": a rule returns nothing')
  judge[[return function(msg) return nil end]]
end

function test_a_script_that_returns_no_rules()
  for _, value in ipairs{ "", "nil", "5", "'+OK'", "true" } do
    local plan = judge("return " .. value)
    assert_equal({ plan.decisions, plan.committed }, { {}, false })
  end
end

-- What a rule raises ends the run, and nothing is committed.
function test_a_rule_that_raises()
  assert_raises("script.lua:1: attempt to index", judge, [[return function(msg) local _ = msg.uidl.x.y end]])
  assert_raises("ValueError", judge, [[return function(msg) local _ = msg.subjet end]])
end
