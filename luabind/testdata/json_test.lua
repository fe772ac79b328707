-- The module json.

local json = require "json"

function test_decode()
  assert_equal(json.decode '{"a": [1, 2.5, -3e2], "b": {"c": true, "d": false}}', { a = { 1, 2.5, -300 }, b = { c = true, d = false } })
  assert_equal(json.decode ' "x" ', "x")
  assert_equal(json.decode '"\\u00e4\\n\\"\\/\\ud83d\\ude00"', 'ä\n"/😀')
  assert_equal(json.decode '"\\ud83d alone, \\ude00"', "\239\191\189 alone, \239\191\189")
  assert_equal(json.decode '"\255"', "\255", "octets stay")
  assert_equal(json.decode '{"a":1,"a":2}', { a = 2 }, "the last counts")
  assert_equal(json.decode '[]', {})
  assert_equal(json.decode '-0', 0)
end

function test_null()
  assert_equal(json.decode "null", json.null)
  assert_equal(json.decode("[1,null,3]")[2] == json.null, true)
  assert_equal(#json.decode "[null,null]", 2)
  assert_equal(tostring(json.null), "json.null")
  assert_equal(json.encode { json.null }, "[null]")
  assert_equal(getmetatable(json.null), "json.null")
end

function test_decode_errors()
  for text, want in pairs {
    [""] = "line 1, column 1: the end of the text where a value should be",
    ["{"] = "line 1, column 2: the end of the text where a key should be, a string",
    ["[1,\n 2,,3]"] = 'line 2, column 4: "," where a value should be',
    ["[1 2]"] = 'line 1, column 4: "2" where a comma or \']\' should be',
    ["[1,]"] = 'line 1, column 4: "]" where a value should be',
    ['{"a" 1}'] = 'line 1, column 6: "1" where a colon should be',
    ["{a:1}"] = 'line 1, column 2: "a" where a key should be, a string',
    ["01"] = "line 1, column 1: a number must begin with one 0, or with 1 to 9",
    ["-"] = "line 1, column 2: a number must begin with one 0, or with 1 to 9",
    ["1."] = "line 1, column 3: the end of the text where a digit should be",
    ["1e"] = "line 1, column 3: the end of the text where a digit should be",
    ["1e999"] = "line 1, column 1: the number is too large",
    ['"a\nb"'] = 'line 1, column 3: "\\n" in a string',
    ['"abc'] = "line 1, column 5: the end of the text in a string",
    ['"\\x"'] = 'line 1, column 2: a backslash before "x"',
    ['"\\u12g4"'] = "line 1, column 2: \\u without four hex digits",
    ["1 2"] = 'line 1, column 3: "2" behind the value',
    ["nul"] = 'line 1, column 1: "n" where a value should be',
    ["\239\187\1911"] = 'line 1, column 1: "\239\187\191" where a value should be',
    [("["):rep(101)] = "line 1, column 101: nested more than 100 deep",
  } do
    local value, reason = json.decode(text)
    assert_nil(value, text)
    if text:byte() ~= 239 then assert_equal(reason, want) end
  end
  assert_not_nil((json.decode(("["):rep(100) .. ("]"):rep(100))))
  assert_raises("json.decode: s must be a string, got nil", json.decode)
end

function test_encode()
  assert_equal(json.encode { b = 1, a = { true, false, "x" } }, '{"a":[true,false,"x"],"b":1}')
  assert_equal(json.encode(1), "1")
  assert_equal(json.encode(1e15), "1000000000000000")
  assert_equal(json.encode(0.1), "0.1")
  assert_equal(json.encode(1e21), "1e+21")
  assert_equal(json.encode(-1e-7), "-1e-07")
  assert_equal(json.encode 'a"\\\n\t\r\b\f\1\127/ä', [["a\"\\\n\t\r\b\f\u0001\u007f/ä"]])
  assert_equal(json.encode "\255a\195", '"\239\191\189a\239\191\189"', "what is not UTF-8 is replaced")
end

function test_empty_tables()
  assert_equal(json.encode {}, "{}")
  assert_equal(json.encode(json.array {}), "[]")
  assert_equal(json.encode(json.array()), "[]")
  assert_equal(json.encode(json.array { 1 }), "[1]")
  assert_equal(json.encode(json.decode '{"a":[],"b":{}}'), '{"a":[],"b":{}}')
  local list = json.decode "[1]"
  table.remove(list)
  assert_equal(json.encode(list), "[]", "an array stays one")
end

function test_indent()
  assert_equal(json.encode({ a = { 1, {} }, b = json.array() }, { indent = 2 }), [[
{
  "a": [
    1,
    {}
  ],
  "b": []
}]])
  assert_equal(json.encode({ 1 }, { indent = 0 }), "[1]")
  assert_raises("json.encode: indent must be an integer from 0 to 8, got 9", json.encode, 1, { indent = 9 })
  assert_raises([[json.encode has no argument "indnet"; did you mean "indent"?]], json.encode, 1, { indnet = 1 })
  assert_raises("json.encode: wants named arguments in a table, such as {indent=...}, got 2", json.encode, 1, 2)
end

function test_encode_refuses()
  local loop = {}
  loop.list = { 1, loop }
  local deep = {}
  for _ = 1, 100 do deep = { deep } end
  for want, value in pairs {
    ["value has no JSON: function"] = print,
    ["value.a[2] has no JSON: function"] = { a = { 1, print } },
    ["value.n has no JSON: NaN"] = { n = 0 / 0 },
    ["value has no JSON: +Inf"] = 1 / 0,
    ["value.list[2] is a table that it is in itself"] = loop,
    ["nested more than 100 deep"] = deep,
    ["value has 3 entries but the last is number 4; fill the holes with json.null"] = { 1, 2, nil, 4 },
    ["value has 1 entries but the last is number 7"] = { [7] = 1 },
    ['value has the key "a" beside numbers'] = { 1, a = 2 },
    ["value has the key 1.5; keys must be strings, or 1, 2, 3"] = { [1.5] = 1 },
    ["value has a key that is a boolean"] = { [true] = 1 },
    ['value is a json.array with the key "a"'] = (function()
      local t = json.array()
      t.a = 1
      return t
    end)(),
  } do
    assert_contains(assert_raises("ValueError", json.encode, value).message, "json.encode: ")
    assert_contains(assert_raises("ValueError", json.encode, value).message, want)
  end
  assert_raises("json.encode: value has no JSON: nil; use json.null", json.encode, nil)
  assert_raises("json.encode: wants a value", json.encode)
  assert_raises("json.array: wants a table, got 1", json.array, 1)
  assert_raises("the table has a metatable already", json.array, setmetatable({}, {}))
end

-- The same table twice is no cycle.
function test_shared()
  local t = { 1 }
  assert_equal(json.encode { t, t }, "[[1],[1]]")
end

function test_limits()
  local s = ("x"):rep(2 ^ 20)
  local t = {}
  for i = 1, 20 do t[i] = s end
  assert_raises("limit: json.encode: the result would have more than 16777216 octets", json.encode, t)
  local wide = { s:sub(1, 1e5) }
  for _ = 1, 30 do wide = { wide, wide } end
  assert_raises("limit", json.encode, wide)
  assert_raises("limit: json.decode: the value would take more than", json.decode, "[" .. ('{"":0},'):rep(2e5) .. "0]")
end
