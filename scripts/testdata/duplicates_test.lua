local function run(messages)
  return run_script("duplicates.lua", messages)
end

-- mail returns a message; fields of changed replace its own.
local function mail(changed)
  local fields = {
    message_id = "<1@home.example>", from = "a@home.example", to = "b@home.example",
    subject = "Hello", date = "Mon, 14 Sep 2020 10:12:00 +0200", body = "Hello.\r\n",
  }
  for name, value in pairs(changed or {}) do
    fields[name] = value or nil
  end
  return fields
end

-- retrieved returns the commands of the plan that retrieve.
local function retrieved(plan)
  local all = {}
  for _, command in ipairs(plan.commands) do
    if command:match("^RETR") then
      table.insert(all, command)
    end
  end
  return all
end

function test_the_first_stays()
  local plan = run { mail(), mail(), mail { message_id = "<2@home.example>" }, mail() }
  assert_equal(plan.deleted, { 2, 4 })
  assert_equal(plan.decisions[1].reason, "the same as message 1")
  assert_equal(plan.decisions[2].reason, "the same as message 1")
  assert_true(plan.committed)
end

-- What servers add on the way is no difference.
function test_the_way_does_not_count()
  local plan = run {
    mail { received = "from a by b; Mon, 14 Sep 2020 10:12:01 +0200", x_spam_score = "1" },
    mail { received = "from a by c; Mon, 14 Sep 2020 10:13:59 +0200", ["delivered-to"] = "b@home.example" },
  }
  assert_equal(plan.deleted, { 2 })
end

-- The same id is no proof: broken programs give it twice, and anybody can copy it.
function test_what_a_reader_sees_must_be_the_same()
  local changes = {
    from = "someone@else.example", sender = "list@else.example", reply_to = "c@home.example", to = "c@home.example",
    cc = "c@home.example", subject = "Re: Hello", date = "Mon, 14 Sep 2020 10:12:01 +0200",
    content_type = "text/html", content_transfer_encoding = "base64", mime_version = "1.0",
  }
  for name, value in pairs(changes) do
    local plan = run { mail(), mail { [name] = value } }
    assert_equal(plan.deleted, {}, name)
    assert_equal(retrieved(plan), {}, name)
  end
end

-- A list's copy is sorted by its List-Id, the direct one by nothing. Two copies
-- by the list are one too many.
function test_the_copy_of_a_list_stays()
  local copy = mail { list_id = "<friends.home.example>" }
  assert_equal(run({ mail(), copy }).deleted, {})
  assert_equal(run({ copy, mail(), copy }).deleted, { 3 })
  local footer = mail { list_id = "<friends.home.example>", body = "Hello.\r\n-- \r\nfriends\r\n" }
  assert_equal(run({ copy, footer }).deleted, {})
end

function test_other_bodies_are_kept()
  local plan = run { mail(), mail { body = "Hello!" }, mail { body = "Hello.\r\n\r\n" }, mail { body = "Hello!" } }
  assert_equal(plan.deleted, { 4 })
  assert_equal(plan.decisions[1].reason, "the same as message 2")
end

function test_empty_bodies()
  assert_equal(run({ mail { body = "" }, mail { body = "" } }).deleted, { 2 })
  assert_equal(run({ mail { body = "" }, mail() }).deleted, {})
end

-- Without an empty line nobody knows where the body begins: all must be equal.
function test_no_empty_line()
  local one = "Message-ID: <1@home.example>\r\nReceived: by a\r\n"
  local two = "Message-ID: <1@home.example>\r\nReceived: by b\r\n"
  assert_equal(run({ one, two, one }).deleted, { 3 })
end

function test_no_id_is_kept()
  local none = mail { message_id = false }
  assert_equal(run({ none, none, mail { message_id = "" }, mail { message_id = "" }, "", "", "\0\27", "\0\27" }).deleted, {})
end

-- Two of a field are not one of them.
function test_fields_that_are_there_twice()
  local one = "Message-ID: <1@a>\nTo: b@home.example\n\nHello."
  local two = "Message-ID: <1@a>\nTo: b@home.example\nTo: c@home.example\n\nHello."
  assert_equal(run({ one, two }).deleted, {})
end

function test_only_what_may_be_the_same_is_retrieved()
  local plan = run { mail(), mail { message_id = "<2@a>" }, mail { from = "c@a" }, mail(), mail() }
  assert_equal(plan.deleted, { 4, 5 })
  assert_equal(retrieved(plan), { "RETR 1", "RETR 4", "RETR 5" })
end

function test_empty_maildrop()
  local plan = run {}
  assert_equal(plan.decisions, {})
  assert_true(plan.committed)
end

function test_arguments()
  assert_raises("there are no arguments, as in: popherd run @duplicates", run_script, "duplicates.lua", {}, { args = { "x" } })
end
