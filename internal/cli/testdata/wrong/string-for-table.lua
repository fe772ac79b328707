for _, line in ipairs("one line") do
  print(line)
end
