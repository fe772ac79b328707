-- run with: --maildrop testdata/attack/two.mbox
if arg[1] == nil then arg[1] = "30" end
if arg[1] > 10 then
  print("many")
end
