-- Prints every line of every message, as the example in Python's manual of
-- poplib does.
local getpass = require "getpass"
local pop3 = require "pop3"

local M = pop3.POP3_SSL{host = "pop.example.org", timeout = 30}
M:user(getpass.getuser())
M:pass_(getpass.getpass())

local _, messages = M:list()
for i = 1, #messages do
  local _, lines = M:retr(i)
  for _, line in ipairs(lines) do
    print(line)
  end
end
M:quit()
