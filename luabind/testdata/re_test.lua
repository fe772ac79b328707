-- The module re.

local re = require "re"

local function list(...)
  local all = {}
  for i = 1, select("#", ...) do all[i] = tostring((select(i, ...))) end
  return table.concat(all, " ")
end

local function each(pattern, s)
  local all = {}
  for a, b in re.gmatch(s, pattern) do all[#all + 1] = b == nil and tostring(a) or tostring(a) .. "/" .. tostring(b) end
  return table.concat(all, " ")
end

function test_compiled()
  local p = re.compile([[(\w+)@(\w+)]])
  assert_equal(p:test("a@b"), true)
  assert_equal(p:test("a at b"), false)
  assert_equal(list(p:find("to guido@python")), "4 15 guido python")
  assert_equal(list(p:match("to guido@python")), "guido python")
  assert_equal(p:match("nobody"), nil)
  assert_equal(tostring(p), [[pattern "(\\w+)@(\\w+)"]])
  assert_equal(getmetatable(p), "pattern")
end

function test_functions()
  assert_equal(re.test("Subject: spam", "^Subject:"), true)
  assert_equal(list(re.find("a.b", [[\.]])), "2 2")
  assert_equal(re.match("x=12;", "[0-9]+"), "12")
  assert_equal(re.match("x=12;", re.compile("[0-9]+")), "12", "a pattern that is compiled will do")
  assert_equal(re.match("ABC", "(?i)b"), "B")
end

function test_flags()
  assert_equal(re.compile("b", "i"):test("ABC"), true)
  assert_equal(re.compile("^b", "m"):test("a\nb"), true)
  assert_equal(re.compile("^b"):test("a\nb"), false)
  assert_equal(re.compile("a.b", "s"):test("a\nb"), true)
  assert_equal(re.compile("a.B", "ims"):test("a\nb"), true)
  assert_contains(assert_raises("ValueError", re.compile, "a", "x").message, [[re.compile: flags must be letters of "ims", got "x"]])
end

function test_init()
  assert_equal(list(re.find("aXbX", "X", 3)), "4 4")
  assert_equal(list(re.find("aXbX", "X", -1)), "4 4")
  assert_equal(list(re.find("aXbX", "X", -100)), "2 2")
  assert_equal(re.find("aXbX", "X", 6), nil)
  assert_equal(list(re.find("abc", "", 4)), "4 3", "at the end there is nothing")
  assert_equal(re.find("ab", "^b", 2), nil, "^ is the start of the text, not of the search")
  assert_equal(list(re.find("ab b", [[\bb]], 2)), "4 4")
  assert_equal(re.match("äx", ".", 2), "x", "within a character")
  assert_equal(re.match("a1b2", "[0-9]", 3), "2")
  assert_raises("re.find: init must be an integer, got 1.5", re.find, "a", "a", 1.5)
end

function test_gmatch()
  assert_equal(each("[0-9]+", "1, 22 and 333"), "1 22 333")
  assert_equal(each([[(\w)=(\w)]], "a=1 b=2"), "a/1 b/2")
  assert_equal(each("x*", "axxb"), " xx ", "an empty one right behind another is none")
  assert_equal(each("^a", "aaa"), "a", "^ does not hold again")
  assert_equal(each([[(?m)^a]], "a\na\nba"), "a a")
  assert_equal(each([[\b\w]], "one two"), "o t")
  assert_equal(each("(a)|(b)", "ab"), "a/false false/b", "a capture without a part is false")
end

function test_gsub()
  assert_equal({ re.gsub("hello world", "o", "0") }, { "hell0 w0rld", 2 })
  assert_equal({ re.gsub("hello world", "o", "0", 1) }, { "hell0 world", 1 })
  assert_equal({ re.gsub("hello", "o", "0", 0) }, { "hello", 0 })
  assert_equal({ re.gsub("hello", "x", "0") }, { "hello", 0 })
  assert_equal((re.gsub("a=1, b=2", [[(\w)=(\w)]], "%2=%1 (%0)%%")), "1=a (a=1)%, 2=b (b=2)%")
  assert_equal((re.gsub("abc", "b", "[%1]")), "a[b]c", "%1 is the whole where nothing is captured")
  assert_equal((re.gsub("ab", "(a)|(b)", "<%1%2>")), "<a><b>")
  assert_equal((re.gsub("abc", "", "-")), "-a-b-c-")
  assert_equal((re.gsub("a b", [[\w]], 7)), "7 7")
  assert_equal((re.gsub("$name is $age", [[\$(\w+)]], { name = "Guido", age = 42 })), "Guido is 42")
  assert_equal((re.gsub("$name is $sex", [[\$(\w+)]], { name = "Guido" })), "Guido is $sex")
  assert_equal((re.gsub("a1b2", [[(\w)(\d)]], function(letter, digit) return digit .. letter end)), "1a2b")
  assert_equal((re.gsub("a1b2", [[\d]], function(digit) return digit == "1" and "one" end)), "aoneb2")
  assert_equal((re.gsub("x y", [[\w]], function(c) return re.gsub(c, "x", "z") end)), "z y", "one in another")
end

function test_gsub_refuses()
  assert_raises("replacement has %2 but the pattern has 1 captures", re.gsub, "a", "(a)", "%2")
  assert_raises("replacement has a % that no digit follows", re.gsub, "a", "a", "50%")
  assert_raises("replacement must be a string, a table or a function, got nil", re.gsub, "a", "a")
  assert_raises("a replacement must be a string, a number, nil or false, got table", re.gsub, "a", "a", function() return {} end)
  assert_raises("a replacement must be a string, a number, nil or false, got true", re.gsub, "a", "a", function() return true end)
  assert_raises("mine", re.gsub, "a", "a", function() error("mine") end)
  assert_raises("n must be an integer of 0 or more, got -1", re.gsub, "a", "a", "", -1)
end

function test_split()
  assert_equal(re.split("a, b;c", "[,;] *"), { "a", "b", "c" })
  assert_equal(re.split("a, b;c", "[,;] *", 2), { "a", "b;c" })
  assert_equal(re.split(",a,", ","), { "", "a", "" })
  assert_equal(re.split("abc", ""), { "a", "b", "c" })
  assert_equal(re.split("", ","), { "" })
  assert_equal(re.split("a,b", ",", 1), { "a,b" })
end

function test_escape()
  local odd = "a.b*c[\\d](\255)$^\239\191\189ü"
  assert_equal(re.match("x" .. odd .. "y", re.escape(odd)), odd)
  assert_equal(re.escape("1.5"), [[1\.5]])
end

-- Octets in, octets out.
function test_octets()
  assert_equal(re.match("\255a\254", ".a."), "\255a\254")
  assert_equal((re.gsub("\255\128x\195", "x", "\200")), "\255\128\200\195")
  assert_equal(re.split("\255,\254", ","), { "\255", "\254" })
  assert_equal(each(".", "\195\164\255\228"), "\195\164 \255 \228", "each is a character")
  assert_equal(list(re.find("ä.", [[\.]])), "3 3", "positions count octets")
end

function test_bad_patterns()
  for pattern, want in pairs {
    ["a(b"] = [[re.compile: pattern "a(b": missing closing )]],
    ["[a"] = [[octet 1: missing closing ] "[a"]],
    ["x{1001}"] = [[octet 2: invalid repeat count "{1001}"]],
    ["a(?=b)"] = [[octet 2: invalid or unsupported Perl syntax "(?="; there is no look-ahead and no look-behind]],
    ["(a)\\1"] = [[octet 4: invalid escape sequence "\\1"; there are no back-references]],
    ["*"] = "missing argument to repetition operator",
    ["\255"] = "invalid UTF-8",
    ["((((a{100}){10}){10}){10})"] = "invalid repeat count",
    ["(abcdefghijklmnop){1000}"] = "instructions, more than 10000",
    [("()"):rep(101)] = "101 captures are more than 100",
    [("("):rep(4000) .. (")"):rep(4000)] = "expression nests too deeply",
  } do
    if want:find("[a", 1, true) then want = "missing closing ]" end
    assert_contains(assert_raises("ValueError", re.compile, pattern).message, want)
  end
  assert_raises("pattern has 8193 octets, more than 8192", re.compile, ("a"):rep(8193))
end

function test_wrong_arguments()
  assert_raises("re.test: s must be a string, got nil", re.test)
  assert_raises("re.test: pattern must be a string, got nil", re.test, "a")
  local p = re.compile("a")
  assert_raises("re.match: use p:match(), not p.match()", p.match, "a")
  assert_raises("re.match: s must be a string, got 1", p.match, p, 1)
  assert_raises([[pattern has no method "tset"; did you mean "test"?]], function() return p.tset end)
  assert_raises([[module re has no name "gsbu"; did you mean "gsub"?]], function() return re.gsbu end)
end

function test_limits()
  assert_raises("limit: re.gsub: the result would have more than 16777216 octets", re.gsub, ("a"):rep(1e4), "a", ("b"):rep(1e4))
  -- Each search for a match reads all of the text, and ends where it began.
  assert_raises("limit: re.gsub: the pattern takes too long", re.gsub, ("a"):rep(2e4), "a*b|a", "")
  -- What would take a backtracking matcher for ever.
  assert_equal(re.test(("a"):rep(1e5), "(a*)*(a|aa)*b"), false)
end

-- More patterns than are kept.
function test_cache()
  for i = 1, 1000 do assert_equal(re.match("x" .. i, "x(" .. i .. ")"), tostring(i)) end
end
