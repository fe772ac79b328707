-- of returns a message of exactly that many octets.
local function of(octets)
  local header = "Subject: x\r\n\r\n"
  return header .. ("a"):rep(octets - #header - 2) .. "\r\n"
end

local function run(messages, ...)
  return run_script("larger-than.lua", messages, { args = { ... } })
end

function test_larger_and_not_as_large()
  assert_equal(run({ of(100), of(101), of(99) }, "100").deleted, { 2 })
end

function test_units()
  assert_equal(run({ of(1024), of(1025) }, "1K").deleted, { 2 })
  assert_equal(run({ of(2048), of(2049) }, "2k").deleted, { 2 })
  assert_equal(run({ of(2 ^ 20), of(2 ^ 20 + 1) }, "1M").deleted, { 2 })
  assert_equal(run({ of(2 ^ 20) }, "1G").deleted, {})
end

function test_ten_million_if_not_given()
  assert_equal(run({ of(10 * 2 ^ 20), of(10 * 2 ^ 20 + 1) }).deleted, { 2 })
end

function test_a_reason_to_check()
  local d = run({ of(3000) }, "2K").decisions[1]
  assert_equal(d.reason, "larger than 2K")
  assert_equal(d.evidence, "size 2.9K > 2K")
end

-- The listing says it all: no message is read, however broken.
function test_nothing_is_read()
  local plan = run({ "\0", "no header", of(100) }, "50")
  assert_equal(plan.deleted, { 3 })
  for _, command in ipairs(plan.commands) do
    assert_nil(command:match("TOP") or command:match("RETR"))
  end
end

function test_empty_maildrop()
  assert_equal(run({}).decisions, {})
end

-- "10 M" is not 10.
function test_arguments()
  for _, args in ipairs { { "big" }, { "-1" }, { "" }, { "10MB" }, { "1.5M" }, { "K" }, { "10", "M" } } do
    assert_raises("SIZE must be a whole number, or one with K, M or G, as in: %-%- 500K", run, {}, unpack(args))
  end
end
