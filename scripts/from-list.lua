-- from-list ADDRESS|@DOMAIN...
-- Deletes messages from any of these addresses, or of these domains.
--
--   popherd run @from-list --maildrop inbox.mbox -- news@shop.example @ads.example
--
-- Addresses are compared whole and in any case; a domain has its subdomains,
-- too. The sender is the first address of From. Mail without a sender is kept.

local example = ", as in: -- news@shop.example @ads.example"
assert(arg[1], "name an ADDRESS or @DOMAIN" .. example)

local addresses, domains = {}, {}
for _, given in ipairs(arg) do
  local lower = text.lower(given)
  local before, domain = lower:match("^(.*)@([^@%s]+)$")
  assert(domain, given .. " is neither an ADDRESS nor a @DOMAIN" .. example)
  if before == "" then
    table.insert(domains, domain)
  else
    addresses[lower] = true
  end
end

local function within(domain, wanted)
  return domain == wanted or text.ends_with(domain, "." .. wanted)
end

return function(msg)
  local address = text.lower(msg.from.address)
  if addresses[address] then
    msg:delete("from " .. address)
    return
  end
  for _, wanted in ipairs(domains) do
    if within(msg.from.domain, wanted) then
      msg:delete("from the domain " .. wanted)
      return
    end
  end
end
