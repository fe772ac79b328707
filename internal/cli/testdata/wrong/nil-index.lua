local headers = {}
print(headers.subject.text)
