error({reason = "no mail today"})
