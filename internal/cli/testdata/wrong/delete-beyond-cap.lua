-- run with: --maildrop testdata/attack/two.mbox --allow-delete=1
local M = pop3.POP3_SSL("pop.example.org")
M:user("anna")
M:pass_("secret")
M:dele(1)
M:dele(2)
M:quit()
