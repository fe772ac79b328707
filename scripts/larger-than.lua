-- larger-than [SIZE]
-- Deletes messages larger than SIZE, 10M if not given.
--
--   popherd run @larger-than --maildrop inbox.mbox -- 500K
--
-- SIZE is in octets, or with K, M or G in units of 1024, 1024^2 or 1024^3. What
-- counts is the size that the server lists: attachments as they are encoded.

local size = arg[1] or "10M"
assert(size:upper():match("^%d+[KMG]?$") and not arg[2],
  "SIZE must be a whole number, or one with K, M or G, as in: -- 500K")

return {
  name = "larger than " .. size,
  rule = rule.size("> " .. size),
  delete = true,
}
