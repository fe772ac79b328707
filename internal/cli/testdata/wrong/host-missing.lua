-- run with: --maildrop testdata/attack/two.mbox
local M = pop3.POP3_SSL()
