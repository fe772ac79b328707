-- Module state: what scripts keep from run to run.

local function run(source, options)
  return run_script(source, {}, options)
end

function setup()
  grant{now=1000}
  M = maildrop({ "Subject: x\n\n" }, { seen={} })
end

function test_what_is_set_is_read_back()
  for _, value in ipairs{
    "text", "", "42", "-1", "1.5", "1e+20", "007", "0x10", "nan", "NaN", "+Inf", "inf", "true", "false", "nil", "'", "'a", "''",
    "a'b", "\0\255\r\n", (" "):rep(65535), ("'"):rep(65535), 0, 42, -1, 1.5, 0.1, 1/3, 1e15, 2^53, -2^53, 2^53 * 2, 1e300, 5e-324, true, false,
  } do
    state.set("k", value)
    assert_equal(state.get("k"), value)
  end
  assert_nil(state.set("k", 1), "it returns nothing")
  assert_nil(state.get("other"))
end

function test_nil_removes()
  state.set("k", "v")
  state.set("k", nil)
  assert_nil(state.get("k"))
  state.set("k", nil)
  assert_equal(state.incr("k"), 1)
end

function test_names_are_octets()
  for _, name in ipairs{ "a", "A", "\0", "\255", "ä b", ("x"):rep(255) } do
    state.set(name, name)
  end
  assert_equal({ state.get("a"), state.get("A"), state.get("\255") }, { "a", "A", "\255" })
end

function test_incr()
  assert_equal({ state.incr("n"), state.incr("n"), state.incr("n", 40), state.incr("n", -50), state.incr("n", 0) }, { 1, 2, 42, -8, -8 })
  assert_equal(state.get("n"), -8)
  state.set("n", 2^53 - 1)
  assert_equal(state.incr("n"), 2^53)
  assert_contains(assert_raises("limit", state.incr, "n").message, "state.incr: the sum of 9007199254740992 and 1 is beyond 2^53")
  assert_equal(state.get("n"), 2^53)
  state.set("n", -2^53)
  assert_raises("limit", state.incr, "n", -1)
  for _, value in ipairs{ "x", "1", "", 1.5, true } do
    state.set("n", value)
    assert_contains(assert_raises("ValueError", state.incr, "n").message, "not a whole number")
    assert_equal(state.get("n"), value)
  end
end

function test_expiry()
  state.set("k", "v", 10)
  state.set("n", 1, 10)
  state.set("short", "v", 0.5)
  assert_equal({ state.get("k"), state.get("short") }, { "v", "v" })
  grant{now=1001}
  assert_nil(state.get("short"))
  assert_equal(state.incr("n"), 2)
  grant{now=1010}
  assert_nil(state.get("k"))
  assert_equal(state.incr("n"), 1, "incr does not change when it expires, and this is a new one")
  grant{now=2000}
  assert_equal(state.get("n"), 1)
end

function test_expire()
  assert_false(state.expire("k", 10))
  state.set("k", "v")
  assert_true(state.expire("k", 10))
  grant{now=1009}
  assert_equal(state.get("k"), "v")
  assert_true(state.expire("k", nil))
  grant{now=9999}
  assert_equal(state.get("k"), "v")
  assert_true(state.expire("k", 1))
  state.set("k", "w")
  grant{now=99999}
  assert_equal(state.get("k"), "w", "set without seconds lets it last")
end

-- quit commits; close and rset are the session's.
function test_what_lasts()
  state.set("k", 1)
  M:rset()
  assert_equal(state.get("k"), 1, "rset takes back marks alone")
  M:close()
  assert_nil(state.get("k"))
  state.set("k", 2)
  pop3.account():quit()
  state.set("k", 3)
  pop3.account():close()
  assert_equal(state.get("k"), 2)
end

function test_require_and_names()
  assert_equal(require "state", state)
  assert_contains(assert_raises("ValueError", function() return state.gte end).message, 'did you mean "get"?')
end

function test_wrong_arguments()
  for _, f in ipairs{ state.get, state.set, state.incr, state.expire } do
    for _, name in ipairs{ "", ("x"):rep(256), 1, true, {} } do
      assert_contains(assert_raises("ValueError", f, name, 1).message, "name must be")
    end
    assert_raises("name must be a string, got nil", f)
  end
  for _, value in ipairs{ {}, print, M, 0/0, 1/0, -1/0 } do
    assert_contains(assert_raises("ValueError", state.set, "k", value).message, "state.set: value must be")
  end
  assert_raises("json.encode", state.set, "k", {})
  assert_raises("nil removes", state.set, "k")
  assert_raises("nil is never", state.expire, "k")
  assert_equal(assert_raises("limit", state.set, "k", ("x"):rep(65536)).message, "state.set: value has 65536 octets, at most 65535 are kept")
  for _, seconds in ipairs{ 0, -1, "10", 0/0, 1/0, 3153600001, true } do
    assert_raises("seconds must be", state.set, "k", 1, seconds)
    assert_raises("seconds must be", state.expire, "k", seconds)
  end
  for _, by in ipairs{ 1.5, "1", 0/0, 1/0, 2^54, {} } do
    assert_raises("by must be", state.incr, "k", by)
  end
  assert_nil(state.get("k"))
end

local calls = {
  function() state.get("k") end, function() state.set("k", 1) end, function() state.incr("k") end, function() state.expire("k", 1) end,
}

function test_not_granted()
  grant{nostate=false}
  for _, call in ipairs(calls) do
    assert_match(assert_raises("policy", call).message, "^state%.%w+: nothing is kept from run to run here; run the script with %-%-state%-dir DIR$")
  end
end

function test_host_errors()
  for _, call in ipairs(calls) do
    grant{brokenstate=true}
    local e = assert_raises("internal", call)
    assert_match(e.message, "^state%.%w+: the disk is gone$")
    assert_equal({ e.fatal, M:noop() }, { false, "+OK" })
    grant{fullstate=true}
    assert_match(assert_raises("limit", call).message, "^state%.%w+: the disk is full$")
    grant{nostate=true}
    e = assert_raises("policy", call)
    assert_equal(e.hint, "allow it with --allow-net=pop.example.org:995")
  end
end

-- run_script: one run.

function test_committed_run()
  local plan = run([[
    local M = pop3.account()
    state.incr("runs")
    state.set("last", "id")
    state.set("old", nil)
    M:quit()
  ]], { state={ runs=41, old=true, other="x" } })
  assert_equal(plan.state, { runs=42, last="id", other="x" })
end

function test_runs_that_change_nothing()
  local before = { runs=1 }
  assert_equal(run([[pop3.account() state.incr("runs")]], { state=before }).state, before, "no quit")
  assert_equal(run([[local M = pop3.account() state.incr("runs") print(state.get("runs")) M:quit()]], { state=before, dry_run=true }).state, before)
  assert_equal(run([[local M = pop3.account() state.incr("runs") M:close()]], { state=before }).state, before)
  assert_raises("stop", run, [[state.incr("runs") error("stop")]], { state=before })
end

function test_rule_file_run()
  local plan = run_script([[return function(msg) state.set(msg.from.address, state.incr("n")) end]],
    { { from="a@example.org" }, { from="b@example.org" } })
  assert_equal(plan.state, { n=2, ["a@example.org"]=1, ["b@example.org"]=2 })
end

function test_new_and_saved_in_a_run()
  local source = [[
    local M = pop3.account()
    for msg in M:messages{new=true} do
      print(msg.num, msg.first_seen)
      for _, part in ipairs(msg:attachments()) do part:save("files") end
    end
    M:quit()]]
  local messages = { { subject="seen" }, { content_type='application/pdf; name="a.pdf"', body="%PDF" } }
  local plan = run_script(source, messages, { seen={ 10 }, now=500 })
  assert_equal(plan.printed, "2\t500\n")
  assert_equal(plan.saved, { { target="files", name="a.pdf", content=plan.saved[1].content } })
  assert_match(plan.saved[1].content, "^%%PDF")
  assert_equal(run_script(source, messages).printed:gsub("%d%d+", "T"), "1\tT\n2\tT\n")
  assert_raises("--state-dir", run_script, source, messages, { seen=false })
end

function test_wrong_options()
  for option, wrong in pairs{ seen=true, state="x" } do
    assert_raises("must be", run, "", { [option]=wrong })
  end
  assert_raises("must be", run, "", { seen={ x=1 } })
  assert_raises("value must be", run, "", { state={ k={} } })
end
