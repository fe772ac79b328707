-- Looks at every header with 20 rules, as a loop of poplib's does, and counts
-- the messages that one of them is for, or plans to delete them.
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password,
-- "rules" to count only.
local pop3 = require "pop3"

-- header returns the first field of each name, by its name in lower case.
local function header(lines)
  local fields, name = {}, nil
  for _, line in ipairs(lines) do
    if line:find("^[ \t]") then
      if name then
        fields[name] = fields[name] .. line
      end
    else
      local value
      name, value = line:match("^([^:]+):%s*(.*)$")
      name = name and name:lower()
      if name and not fields[name] then
        fields[name] = value
      else
        name = nil
      end
    end
  end
  return fields
end

local function has(h, name, part)
  local value = h[name]
  return value and value:find(part, 1, true)
end

local function fits(h, name, pattern)
  local value = h[name]
  return value and value:find(pattern)
end

local rules = {
  function(h) return has(h, "from", "@deals.example") end,
  function(h) return has(h, "from", "@shop.example") end,
  function(h) return fits(h, "from", "%.news%.example>?$") end,
  function(h) return has(h, "from", "no-reply@social.example") end,
  function(h) return fits(h, "from", "bounce%-%d+@") end,
  function(h) return has(h, "subject", "weekly deals") end,
  function(h) return fits(h, "subject", "^%[SPAM%]") end,
  function(h) return fits(h, "subject", "%d+%% off") end,
  function(h) return has(h, "subject", "unsubscribe") end,
  function(h) return fits(h, "subject", "!!!$") end,
  function(h) return has(h, "list-id", "<announce.") end,
  function(h) return has(h, "list-id", "<dev.") end,
  function(h) return h["precedence"] == "bulk" end,
  function(h) return h["x-spam-flag"] == "YES" end,
  function(h) return fits(h, "x-spam-level", "^%*%*%*%*%*") end,
  function(h) return has(h, "x-mailer", "MassMail") end,
  function(h) return h["auto-submitted"] and h["auto-submitted"] ~= "no" end,
  function(h) return has(h, "to", "old-address@example.org") end,
  function(h) return h["return-path"] == "<>" end,
  function(h) return fits(h, "received", "^from unknown") end,
}

local M = pop3[arg[1]](arg[2], tonumber(arg[3]))
M:user(arg[4])
M:pass_(arg[5])

local count = M:stat()
local hits = 0
for i = 1, count do
  local _, lines = M:top(i, 0)
  local h = header(lines)
  for _, rule in ipairs(rules) do
    if rule(h) then
      hits = hits + 1
      if arg[6] ~= "rules" then
        M:dele(i)
      end
      break
    end
  end
end
M:quit()
print("tally " .. count .. " -1 " .. hits)
