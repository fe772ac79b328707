-- Keeps the newest N messages and deletes the rest. Servers list messages in
-- the order in which they came, the oldest first.
-- Arguments: N, 100 if not given.
local getpass = require "getpass"
local pop3 = require "pop3"

local keep = tonumber(arg[1] or "100")
if not keep or keep < 0 then
  error("the first argument is how many messages to keep, as in: -- 100")
end

local M = pop3.POP3_SSL{host = "pop.example.org", timeout = 30}
M:user(getpass.getuser())
M:pass_(getpass.getpass())

local count = M:stat()
for i = 1, count - keep do
  M:dele(i)
end
M:quit()
