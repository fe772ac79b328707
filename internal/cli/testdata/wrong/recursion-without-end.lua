local function thread(n)
  return 1 + thread(n + 1)
end
print(thread(1))
