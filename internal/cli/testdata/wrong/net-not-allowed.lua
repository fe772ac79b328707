local M = pop3.POP3_SSL("pop.example.org")
