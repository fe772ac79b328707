-- attachments [SIZE]
-- Shows the attachments of SIZE octets or more, all if not given.
--
--   popherd run @attachments --maildrop inbox.mbox -- 1M
--
-- SIZE is in octets, or with K, M or G in units of 1024, 1024^2 or 1024^3.
-- Changes nothing, but retrieves messages of that size whole.

local number, unit = (arg[1] or "0"):upper():match("^(%d+)([KMG]?)$")
assert(number and tonumber(number) and not arg[2], "SIZE must be a whole number, or one with K, M or G, as in: -- 1M")
local least = tonumber(number) * ({ [""] = 1, K = 1024, M = 1024 ^ 2, G = 1024 ^ 3 })[unit]

local M = pop3.account()
local digits = #tostring((M:stat()))
local line = "%" .. digits .. "d  %9d octets  %-24s  %s"
local count, total = 0, 0
for msg in M:messages { body = true } do
  if msg.size >= least then -- a smaller one has no attachment of that size
    for _, part in ipairs(msg:attachments()) do
      if part.size >= least then
        print(line:format(msg.num, part.size, part.type, part.name ~= "" and part.name or "(no name)"))
        count, total = count + 1, total + part.size
      end
    end
  end
end
M:close() -- and not quit: some servers take what was retrieved, then quit, for read
print(("%d attachments, %d octets"):format(count, total))
