-- Logs in as the arguments say, and prints what STAT says.
-- Arguments: POP3, STLS, POP3_SSL or APOP, the host, the port, the user, the password.
local way, host, port, user, password = arg[1], arg[2], tonumber(arg[3]), arg[4], arg[5]

local M
if way == "POP3_SSL" then
  M = pop3.POP3_SSL(host, port)
else
  M = pop3.POP3(host, port)
end
if way == "STLS" then
  print(M:stls())
end
if way == "APOP" then
  M:apop(user, password)
else
  M:user(user)
  M:pass_(password)
end
print(("%d messages, %d octets"):format(M:stat()))
print(M:quit())
