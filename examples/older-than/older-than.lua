-- Deletes messages older than N days, by their Date header.
-- Arguments: N, 30 if not given.
local getpass = require "getpass"
local pop3 = require "pop3"
local time = require "time"

local days = tonumber(arg[1] or "30")
if not days or days < 1 then
  error("the first argument is a number of days, as in: -- 30")
end

-- header returns the value of the first field of that name, or nil.
local function header(lines, name)
  for _, line in ipairs(lines) do
    local field, value = line:match("^([^:]+):%s*(.*)$")
    if field and field:lower() == name then
      return value
    end
  end
end

local M = pop3.POP3_SSL{host = "pop.example.org", timeout = 30}
M:user(getpass.getuser())
M:pass_(getpass.getpass())

local oldest = time.now() - days * 24 * 60 * 60
local count = M:stat()
for i = 1, count do
  local _, lines = M:top(i, 0)
  local sent = time.parse(header(lines, "date") or "")
  -- A message without a date that can be read is kept: better safe.
  if sent and sent < oldest then
    M:dele(i)
  end
end
M:quit()
