-- Does with the pop3 module what driver.py does with poplib: see there.
local function encode(value)
  if type(value) == "number" then
    return ("%d"):format(value)
  elseif type(value) == "string" then
    return "x" .. value:gsub(".", function(octet)
      return ("%02x"):format(octet:byte())
    end)
  end
  assert(type(value) == "table", type(value))
  local parts = {}
  if #value > 0 or next(value) == nil then
    for i, v in ipairs(value) do
      parts[i] = encode(v)
    end
    return "[" .. table.concat(parts, " ") .. "]"
  end
  local names = {}
  for name in pairs(value) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = encode(name) .. "=" .. encode(value[name])
  end
  return "{" .. table.concat(parts, " ") .. "}"
end

-- report prints what a call comes to; it returns the first result, or nothing
-- when the call raised.
local function show(ok, ...)
  local first = ...
  if not ok then
    print("raise " .. first.kind .. " " .. encode(first.message))
    return nil
  end
  local results = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    results[i] = type(value) == "userdata" and "session" or encode(value)
  end
  print("ok " .. (#results > 0 and table.concat(results, " ") or "nothing"))
  return first
end

local function report(f, ...)
  return show(pcall(f, ...))
end

local way, host, port, timeout = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local session = report(pop3[way], {host = host, port = port, timeout = timeout})
if session == nil then
  return
end
for i = 6, #arg do
  local name, rest = arg[i]:match("^(%S+) ?(.*)$")
  local args = {}
  for word in rest:gmatch("%S+") do
    if word:match("^%d+$") then
      args[#args + 1] = tonumber(word)
    else
      args[#args + 1] = word:gsub("%%(%x%x)", function(octet)
        return string.char(tonumber(octet, 16))
      end)
    end
  end
  report(session[name], session, unpack(args))
end
