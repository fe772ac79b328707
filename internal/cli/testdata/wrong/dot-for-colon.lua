-- run with: --maildrop testdata/attack/two.mbox
local M = pop3.POP3_SSL("pop.example.org")
M:user("anna")
M:pass_("secret")
M.dele(1)
