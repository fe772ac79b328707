-- Reads every header, as a loop of poplib's does, and counts.
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password.
local pop3 = require "pop3"

local M = pop3[arg[1]](arg[2], tonumber(arg[3]))
M:user(arg[4])
M:pass_(arg[5])

local count = M:stat()
for i = 1, count do
  local _, lines = M:top(i, 0)
  assert(#lines > 0)
end
M:quit()
print("tally " .. count .. " -1 -1")
