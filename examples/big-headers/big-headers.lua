-- Prints the headers of the messages of N octets or more: a report of what
-- fills the maildrop. Save it with: > report.txt
-- Arguments: N, 1000000 if not given.
local getpass = require "getpass"
local pop3 = require "pop3"

local limit = tonumber(arg[1] or "1000000")
if not limit then
  error("the first argument is a number of octets, as in: -- 500000")
end

local M = pop3.POP3_SSL{host = "pop.example.org", timeout = 30}
M:user(getpass.getuser())
M:pass_(getpass.getpass())

local _, listing = M:list()
local found, total = 0, 0
for _, row in ipairs(listing) do
  local number, octets = row:match("^(%d+) (%d+)")
  octets = tonumber(octets)
  if octets >= limit then
    found, total = found + 1, total + octets
    print(("--- message %s, %d octets"):format(number, octets))
    local _, lines = M:top(number, 0)
    for _, line in ipairs(lines) do
      if line ~= "" then
        print(line)
      end
    end
  end
end
print(("=== %d of %d messages have %d octets or more, %d octets in all"):format(found, #listing, limit, total))
M:quit()
