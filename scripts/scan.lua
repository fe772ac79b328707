-- scan
-- Shows one line for each message: number, octets, date, sender, subject.
--
--   popherd run @scan --maildrop inbox.mbox
--
-- Dates are in UTC. Long senders and subjects are cut. Changes nothing.

assert(not arg[1], "there are no arguments, as in: popherd run @scan --maildrop inbox.mbox")

-- cut makes one line of what a stranger wrote, of at most that many characters.
local function cut(s, most)
  local line = text.clean(s):gsub("%s", " ")
  return re.match(line, "^.{0," .. most .. "}")
end

-- padded fills up with blanks. A character may take two columns, or none.
local function padded(s, columns)
  return s .. (" "):rep(columns - text.width(s))
end

local M = pop3.account()
local count, octets = M:stat()
local line = "%" .. #tostring(count) .. "d  %9d  %-10s  %s  %s"
for msg in M:messages() do
  local from = msg.from.name ~= "" and msg.from.name or msg.from.address
  local date = msg.date and pop3.try(time.format, msg.date, "%F") -- some dates are absurd
  print(line:format(msg.num, msg.size, date or "no date",
    padded(cut(from ~= "" and from or "(no sender)", 24), 24),
    cut(msg.subject ~= "" and msg.subject or "(no subject)", 100)))
end
M:quit()
print(("%d messages, %d octets"):format(count, octets))
