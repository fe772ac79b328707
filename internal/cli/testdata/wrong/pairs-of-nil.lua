local config = {}
for name, value in pairs(config.rules) do
  print(name, value)
end
