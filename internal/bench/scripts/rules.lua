-- Looks at every header with 20 rules, and counts the messages that one of
-- them is for, or plans to delete them.
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password,
-- "rules" to count only.
local pop3 = require "pop3"

local rules = {
  function(msg) return msg.from.domain == "deals.example" end,
  function(msg) return msg.from.domain == "shop.example" end,
  function(msg) return msg.from.domain:find("%.news%.example$") end,
  function(msg) return msg.from.address == "no-reply@social.example" end,
  function(msg) return msg.from.address:find("^bounce%-%d+@") end,
  function(msg) return msg.subject:find("weekly deals", 1, true) end,
  function(msg) return msg.subject:find("^%[SPAM%]") end,
  function(msg) return msg.subject:find("%d+%% off") end,
  function(msg) return msg.subject:find("unsubscribe", 1, true) end,
  function(msg) return msg.subject:find("!!!$") end,
  function(msg) return msg.list_id == "announce.example.net" end,
  function(msg) return msg.list_id == "dev.example.net" end,
  function(msg) return msg:header("Precedence") == "bulk" end,
  function(msg) return msg:header("X-Spam-Flag") == "YES" end,
  function(msg) return (msg:header("X-Spam-Level") or ""):find("^%*%*%*%*%*") end,
  function(msg) return (msg:header("X-Mailer") or ""):find("MassMail", 1, true) end,
  function(msg) return (msg:header("Auto-Submitted") or "no") ~= "no" end,
  function(msg) return (msg:header("To") or ""):find("old-address@example.org", 1, true) end,
  function(msg) return msg:header("Return-Path") == "<>" end,
  function(msg) return (msg:header("Received") or ""):find("^from unknown") end,
}

local M = pop3[arg[1]](arg[2], tonumber(arg[3]))
M:user(arg[4])
M:pass_(arg[5])

local count, hits = 0, 0
for msg in M:messages() do
  count = count + 1
  for i, rule in ipairs(rules) do
    if rule(msg) then
      hits = hits + 1
      if arg[6] ~= "rules" then
        msg:delete("rule " .. i)
      end
      break
    end
  end
end
M:quit()
print("tally " .. count .. " -1 " .. hits)
