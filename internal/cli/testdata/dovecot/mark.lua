-- Marks each message whose number ends in 1, 2 or 3, and then does what the
-- last argument says.
-- Arguments: POP3 or POP3_SSL, the host, the port, the user, the password, the
-- ending, and for "wait" the port of a server that never greets.
local way, host, port, user, password, ending = arg[1], arg[2], tonumber(arg[3]), arg[4], arg[5], arg[6]

local M = pop3[way](host, port)
M:user(user)
M:pass_(password)
local count = M:stat()
local marked = 0
for i = 1, count do
  if i % 10 >= 1 and i % 10 <= 3 then
    M:dele(i)
    marked = marked + 1
  end
end
assert(M:stat() == count - marked)

if ending == "quit" then
  print(M:quit())
elseif ending == "error" then
  error("on purpose")
elseif ending == "error_proto" then
  M:retr(count + 1)
elseif ending == "close" then
  M:close()
elseif ending == "rset" then
  M:rset()
  M:quit()
elseif ending == "loop" then
  M:noop() -- shows in the trace that all is marked
  while true do
  end
elseif ending == "wait" then
  M:noop()
  pop3.POP3(host, tonumber(arg[7]))
else
  assert(ending == "nothing")
end
