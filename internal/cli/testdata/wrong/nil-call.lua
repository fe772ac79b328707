local handlers = {keep = print}
handlers.delete("1")
