-- Retrieves every message, as a loop of poplib's does, and counts. Only the
-- permission to read ahead is popherd's.
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password.
local pop3 = require "pop3"

local M = pop3[arg[1]](arg[2], tonumber(arg[3]))
M:user(arg[4])
M:pass_(arg[5])
M:read_ahead(true)

local count = M:stat()
local octets = 0
for i = 1, count do
  local _, lines, size = M:retr(i)
  assert(#lines > 0)
  octets = octets + size
end
M:quit()
print("tally " .. count .. " " .. octets .. " -1")
