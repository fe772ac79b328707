local rules = require "../rules"
