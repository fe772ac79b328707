-- newsletters [DAYS]
-- Deletes mail of lists and newsletters older than DAYS days, 30 if not given.
--
--   popherd run @newsletters --maildrop inbox.mbox -- 14
--
-- Such mail has a List-Id, List-Unsubscribe, List-Post or Mailing-List field.
-- One whose age nobody can tell is kept.

local days = arg[1] or "30"
assert(days:match("^%d+$") and not arg[2], "DAYS must be a whole number, as in: -- 14")

return {
  name = "newsletter older than " .. days .. " days",
  rule = rule.list() * rule.age("> " .. days .. "d"),
  delete = true,
}
