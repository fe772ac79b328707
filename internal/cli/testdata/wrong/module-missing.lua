local imap = require "imap"
