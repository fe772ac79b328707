local context = pop3.create_default_context{verify = false}
