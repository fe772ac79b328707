print(("[list] hello"):match("[list"))
