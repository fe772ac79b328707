-- Delivers every message to the target "to".
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password.
local pop3 = require "pop3"

local M = pop3[arg[1]](arg[2], tonumber(arg[3]))
M:user(arg[4])
M:pass_(arg[5])

local count = 0
for msg in M:messages() do
  msg:deliver("to")
  count = count + 1
end
M:quit()
print("tally " .. count .. " -1 -1")
