-- The module text.

local text = require "text"

function test_case()
  assert_equal(text.lower("ÄÖÜ ABC Σ ЖЁ"), "äöü abc σ жё")
  assert_equal(text.upper("äöü abc ß"), "ÄÖÜ ABC ß")
  assert_equal(text.lower("\255A\195"), "\255a\195", "octets that are not UTF-8 stay")
  assert_equal(text.upper(""), "")
end

function test_len_and_width()
  assert_equal(text.len("grüße"), 5)
  assert_equal(text.len("\255\254"), 2)
  assert_equal(text.width("grüße"), 5)
  assert_equal(text.width("日本"), 4)
  assert_equal(text.width("e\204\129"), 1, "a combining accent")
  assert_equal(text.width("a\27\tb"), 2, "controls have none")
end

function test_trim()
  assert_equal(text.trim(" \t\r\n a b \194\160\n"), "a b")
  assert_equal(text.trim("\255 "), "\255")
  assert_equal(text.trim("   "), "")
end

function test_split()
  assert_equal(text.split("a,b,,c", ","), { "a", "b", "", "c" })
  assert_equal(text.split("a,b,,c", ",", 2), { "a", "b,,c" })
  assert_equal(text.split("a--b", "--"), { "a", "b" })
  assert_equal(text.split("", ","), { "" })
  assert_equal(text.split("a.b", "."), { "a", "b" }, "sep is no pattern")
  assert_raises("text.split: sep must not be empty", text.split, "a", "")
  assert_raises("text.split: n must be an integer of 1 or more, got 0", text.split, "a", "b", 0)
end

function test_lines()
  local function lines(s)
    local all = {}
    for line in text.lines(s) do all[#all + 1] = line end
    return all
  end
  assert_equal(lines("a\r\nb\n\nc"), { "a", "b", "", "c" })
  assert_equal(lines("a\n"), { "a" })
  assert_equal(lines("\r\n"), { "" })
  assert_equal(lines("a\rb\r"), { "a\rb\r" }, "a CR alone ends no line")
  assert_equal(lines(""), {})
end

function test_wrap()
  assert_equal(text.wrap("the quick brown fox", 10), "the quick\nbrown fox")
  assert_equal(text.wrap("the  quick\t brown", 100), "the quick brown")
  assert_equal(text.wrap("a verylongword b", 5), "a\nverylongword\nb")
  assert_equal(text.wrap("one\n\n  two\n", 10), "one\n\ntwo\n", "line ends stay")
  assert_equal(text.wrap("日本 日本", 5), "日本\n日本", "columns count")
  assert_equal(text.wrap("größe größe", 11), "größe größe")
  assert_raises("text.wrap: width must be an integer of 1 or more, got nil", text.wrap, "a")
  assert_raises("text.wrap: width must be an integer of 1 or more, got 0", text.wrap, "a", 0)
end

function test_valid_and_clean()
  assert_equal(text.valid("ä"), true)
  assert_equal(text.valid("\228"), false)
  assert_equal(text.clean("a\27[31mred\7\r\n\tb\127"), "a[31mred\n\tb")
  assert_equal(text.clean("c\194\155d \226\128\174evil"), "cd evil", "a control of ISO 8859, and a turn to the left")
  assert_equal(text.clean("\155x"), "\239\191\189x", "what is not UTF-8 is replaced")
end

function test_questions()
  assert_equal(text.starts_with("Re: hello", "Re: "), true)
  assert_equal(text.starts_with("hello", "Re: "), false)
  assert_equal(text.ends_with("a.pdf", ".pdf"), true)
  assert_equal(text.contains("a.c", "."), true)
  assert_equal(text.contains("abc", "."), false, "part is no pattern")
  assert_raises("text.contains: part must be a string, got nil", text.contains, "a")
end

function test_wrong_arguments()
  for _, name in ipairs { "lower", "upper", "trim", "clean", "len", "width", "valid", "lines", "wrap", "split", "starts_with" } do
    assert_raises("text." .. name .. ": s must be a string, got 7", text[name], 7)
  end
  assert_raises('did you mean "lower"?', function() return text.lowr end)
end

function test_limits()
  assert_raises("limit: text.split: the table would have more than 1048575 entries", text.split, (","):rep(2 ^ 20), ",")
  local long = ("\255"):rep(2 ^ 23)
  assert_raises("limit: text.clean: the result would have more than 16777216 octets", text.clean, long)
  local message = ("x"):rep(2 ^ 24 + 1)
  assert_equal(#text.upper(message), 2 ^ 24 + 1, "as much as the argument has")
end
