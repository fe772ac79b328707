local file = io.open("uids.txt", "w")
