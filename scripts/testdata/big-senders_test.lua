local function run(messages, ...)
  return run_script("big-senders.lua", messages, { args = { ... } })
end

-- of returns a message of exactly that many octets.
local function of(sender, octets)
  local header = "From: " .. sender .. "\r\n\r\n"
  return header .. ("a"):rep(octets - #header - 2) .. "\r\n"
end

function test_the_largest_first()
  local plan = run { of("a@x", 300), of("B <b@x>", 400), of("B@X", 200), of("c@x", 100) }
  assert_equal(plan.printed, [[
       600 octets      2 messages  ##############################  b@x
       300 octets      1 messages  ###############                 a@x
       100 octets      1 messages  #####                           c@x
3 senders, 4 messages, 1000 octets
]])
  assert_equal(plan.decisions, {})
end

function test_the_first_of_them()
  local plan = run({ of("a@x", 300), of("b@x", 400), of("c@x", 100) }, "1")
  assert_equal(plan.printed, [[
       400 octets      1 messages  ##############################  b@x
and 2 more senders
3 senders, 3 messages, 800 octets
]])
  assert_match(run({ of("a@x", 300) }, "0").printed, "^and 1 more senders\n1 senders")
end

function test_twenty_if_not_given()
  local many = {}
  for n = 1, 21 do
    many[n] = of("a@x" .. n, 100)
  end
  assert_match(run(many).printed, "\nand 1 more senders\n21 senders")
end

function test_equals_by_address()
  assert_match(run({ of("b@x", 100), of("a@x", 100) }).printed, "a@x\n.*b@x\n")
end

-- Who has sent little has a bar, too.
function test_the_shortest_bar()
  assert_match(run({ of("a@x", 9000), of("b@x", 20) }).printed, "20 octets      1 messages  # +b@x\n")
end

function test_no_sender()
  local plan = run { "", "no header", "\0", { from = "<>" }, { subject = "x" } }
  assert_match(plan.printed, "5 messages  #+  %(no sender%)\n1 senders, 5 messages")
end

function test_hostile_senders()
  local plan = run { { from = '"x" <\27]0;t\7@b>' }, { from = "=?utf-8?q?a=0Ab@c?=" } }
  assert_nil(plan.printed:match("[%z\1-\9\11-\31\127]"))
  assert_match(plan.printed, "^[^\n]*\n[^\n]*\n2 senders, 2 messages, %d+ octets\n$")
end

function test_no_body_is_read()
  for _, command in ipairs(run({ of("a@x", 100) }).commands) do
    assert_nil(command:match("RETR"))
  end
end

function test_empty_maildrop()
  assert_equal(run({}).printed, "0 senders, 0 messages, 0 octets\n")
end

function test_arguments()
  for _, args in ipairs { { "x" }, { "-1" }, { "" }, { "1.5" }, { "nan" }, { "1", "0" }, { ("9"):rep(30) } } do
    assert_raises("COUNT must be a whole number, as in: %-%- 10", run, {}, unpack(args))
  end
end
