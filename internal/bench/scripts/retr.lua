-- Retrieves every message and counts.
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password.
local pop3 = require "pop3"

local M = pop3[arg[1]](arg[2], tonumber(arg[3]))
M:user(arg[4])
M:pass_(arg[5])

local count, octets = 0, 0
for msg in M:messages{body = true} do
  count = count + 1
  octets = octets + #msg:raw()
end
M:quit()
print("tally " .. count .. " " .. octets .. " -1")
