local M = pop3.POP3SSL("pop.example.org")
