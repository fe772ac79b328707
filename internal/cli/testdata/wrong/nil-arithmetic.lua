local size
print(size + 1)
