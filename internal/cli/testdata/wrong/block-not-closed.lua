-- run with: --maildrop testdata/attack/two.mbox
local M = pop3.POP3_SSL("pop.example.org")
M:user("anna")
M:pass_("secret")
for i = 1, M:stat() do
  if i > 1 then
    M:dele(i)
end
M:quit()
