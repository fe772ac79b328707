-- Answers cases: one function call each, its results as one line of text. The
-- test runs this both under lua5.1 and with package luastd.

local function unhex(s)
  return (s:gsub("%x%x", function(h) return string.char(tonumber(h, 16)) end))
end

local function hex(s)
  return (s:gsub("[^\n]", function(c) return string.format("%02x", string.byte(c)) end):gsub("\n", "0a"))
end

local function show(...)
  local out = {}
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    out[i] = type(v) == "string" and "'" .. hex(v) .. "'" or tostring(v)
  end
  return table.concat(out, " ")
end

local function each(s, p)
  local out = {}
  for a, b, c in s:gmatch(p) do
    out[#out + 1] = "<" .. show(a, b, c) .. ">"
  end
  return table.concat(out)
end

local calls = {
  find = function(s, p, r) return string.find(s, p, tonumber(r)) end,
  match = function(s, p, r) return string.match(s, p, tonumber(r)) end,
  gmatch = function(s, p) return each(s, p) end,
  gsub = function(s, p, r) return string.gsub(s, p, r) end,
  gsubn = function(s, p, r) return string.gsub(s, p, "<%0>", tonumber(r)) end,
  gsubf = function(s, p, r)
    return string.gsub(s, p, function(...) return "[" .. show(...) .. "]" .. r end)
  end,
  gsubt = function(s, p, r) return string.gsub(s, p, {a = r, b = false, ["1"] = 1.5, ab = "<ab>"}) end,
  sub = function(s, p, r) return string.sub(s, tonumber(p), tonumber(r)) end,
  byte = function(s, p, r) return string.byte(s, tonumber(p), tonumber(r)) end,
  case = function(s) return string.lower(s), string.upper(s), string.reverse(s), string.len(s) end,
  quote = function(s) return string.format("%q", s) end,
  number = function(s) return tonumber(s) end,
  base = function(s, p) return tonumber(s, tonumber(p)) end,
  print = function(s) return tostring(tonumber(s)) end,
  format = function(s, p) return string.format(p, tonumber(s)) end,
  formats = function(s, p) return string.format(p, s) end,
}

-- answer takes "op hex hex hex".
function answer(line)
  local op, s, p, r = line:match("^(%w+) (%x*) (%x*) (%x*)$")
  local function result(ok, ...)
    if ok then return show(...) end
    return "error: " .. tostring((...)):gsub("^[^:]*:%d+: ", "")
  end
  return (result(pcall(calls[op], unhex(s), unhex(p), unhex(r))))
end
