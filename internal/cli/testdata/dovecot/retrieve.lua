-- Prints the scan listing and every message in a form from which the octets
-- can be put together again: a line with the message-number, its octets and
-- how many lines follow, then the lines.
-- Arguments: the host, the port, the user, the password.
local M = pop3.POP3_SSL(arg[1], tonumber(arg[2]))
M:user(arg[3])
M:pass_(arg[4])

local _, listing = M:list()
print("listing", #listing)
for _, row in ipairs(listing) do
  print(row)
end
for i = 1, #listing do
  local _, lines, octets = M:retr(i)
  print("message", i, octets, #lines)
  for _, line in ipairs(lines) do
    print(line)
  end
end
M:quit()
