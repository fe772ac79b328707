-- big-senders [COUNT]
-- Shows who sent the most octets, the first COUNT senders, 20 if not given.
--
--   popherd run @big-senders --maildrop inbox.mbox -- 10
--
-- Senders are told apart by address, in any case. Changes nothing.

local count = arg[1] or "20"
assert(count:match("^%d+$") and tonumber(count) and not arg[2], "COUNT must be a whole number, as in: -- 10")
count = tonumber(count)
local width = 30 -- of the longest bar, in characters

local M = pop3.account()
local senders, by_address = {}, {}
local messages, octets = 0, 0
for msg in M:messages() do
  local address = msg.from.address ~= "" and text.lower(msg.from.address) or "(no sender)"
  local sender = by_address[address]
  if not sender then
    sender = { address = address, messages = 0, octets = 0 }
    by_address[address] = sender
    table.insert(senders, sender)
  end
  sender.messages, sender.octets = sender.messages + 1, sender.octets + msg.size
  messages, octets = messages + 1, octets + msg.size
end
M:quit()

table.sort(senders, function(a, b)
  if a.octets ~= b.octets then
    return a.octets > b.octets
  end
  return a.address < b.address
end)

local line = "%10d octets  %5d messages  %-" .. width .. "s  %s"
for i = 1, math.min(count, #senders) do
  local s = senders[i]
  local share = s.octets / math.max(1, senders[1].octets)
  local bar = ("#"):rep(math.max(1, math.floor(share * width + 0.5)))
  print(line:format(s.octets, s.messages, bar, (text.clean(s.address):gsub("%s", " "))))
end
if #senders > count then
  print(("and %d more senders"):format(#senders - count))
end
print(("%d senders, %d messages, %d octets"):format(#senders, messages, octets))
