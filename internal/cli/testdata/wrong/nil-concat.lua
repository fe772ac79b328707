local headers = {}
print("Subject: " .. headers.subject)
