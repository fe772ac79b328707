local function run(messages, ...)
  return run_script("from-list.lua", messages, { args = { ... } })
end

function test_addresses_are_compared_whole()
  local plan = run({
    { from = "Shop <news@shop.example>" },
    { from = "NEWS@Shop.Example" },
    { from = "oldnews@shop.example" },
    { from = "news@shop.example.org" },
    { from = '"news@shop.example" <friend@home.example>' }, -- a name is no address
    { to = "news@shop.example" },
  }, "news@shop.example")
  assert_equal(plan.deleted, { 1, 2 })
  assert_equal(plan.decisions[2].reason, "from news@shop.example")
end

function test_domains_have_subdomains()
  local plan = run({
    { from = "a@ads.example" },
    { from = "a@mail.ADS.example" },
    { from = "a@badads.example" },
    { from = "a@ads.example.org" },
    { from = "ads.example@home.example" },
  }, "@Ads.Example")
  assert_equal(plan.deleted, { 1, 2 })
  assert_equal(plan.decisions[2].reason, "from the domain ads.example")
end

function test_several()
  local plan = run({ { from = "a@one.example" }, { from = "b@two.example" }, { from = "c@three.example" } },
    "a@one.example", "@two.example")
  assert_equal(plan.deleted, { 1, 2 })
end

-- The first of From counts; only without From that of Sender.
function test_one_sender()
  local plan = run({
    { from = "friend@home.example, a@ads.example" },
    { from = "friend@home.example", sender = "a@ads.example" },
    { sender = "a@ads.example" },
  }, "@ads.example")
  assert_equal(plan.deleted, { 3 })
end

function test_no_sender_is_kept()
  local plan = run({ { subject = "x" }, { from = "" }, { from = "MAILER-DAEMON" }, { from = "<>" }, { from = "@" }, "", "\0\27[2J" },
    "a@b", "@example", "@ads.example")
  assert_equal(plan.deleted, {})
end

function test_no_body_is_read()
  local plan = run({ { from = "a@b" } }, "a@b")
  for _, command in ipairs(plan.commands) do
    assert_nil(command:match("RETR"))
  end
end

function test_empty_maildrop()
  assert_equal(run({}, "a@b").decisions, {})
end

function test_arguments()
  assert_raises("name an ADDRESS or @DOMAIN, as in: %-%- news@shop.example @ads.example", run, {})
  -- "@" alone would be the domain of everybody who has none
  for _, wrong in ipairs { "shop.example", "", "@", "news@", "@ ", "a@b c" } do
    local e = assert_raises("is neither an ADDRESS nor a @DOMAIN, as in: %-%- news@shop.example", run, {}, "a@b", wrong)
    assert_contains(tostring(e), wrong .. " is neither")
  end
end
