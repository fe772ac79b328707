-- keep-newest [COUNT]
-- Deletes all but the newest COUNT messages, 100 if not given.
--
--   popherd run @keep-newest --maildrop inbox.mbox -- 50
--
-- The newest are those with the highest numbers: servers list mail as it came.
-- Dates, which senders write, do not count.

local count = arg[1] or "100"
assert(count:match("^%d+$") and tonumber(count) and not arg[2], "COUNT must be a whole number, as in: -- 50")

local M = pop3.account()
local last = M:stat() - tonumber(count)
if last > 0 then
  for msg in M:messages { to = last } do
    msg:delete("not among the newest " .. count)
  end
end
M:quit()
