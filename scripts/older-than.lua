-- older-than [DAYS]
-- Deletes messages older than DAYS days, 30 if not given.
--
--   popherd run @older-than --maildrop inbox.mbox -- 90
--
-- A message is as old as its Date says. If there is none, or none that can be
-- read, it counts when the message was received; if nobody knows, it is kept.

local days = arg[1] or "30"
assert(days:match("^%d+$") and not arg[2], "DAYS must be a whole number, as in: -- 90")

return {
  name = "older than " .. days .. " days",
  rule = rule.age("> " .. days .. "d"),
  delete = true,
}
