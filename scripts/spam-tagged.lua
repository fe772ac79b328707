-- spam-tagged [dmarc]
-- Deletes what a spam filter tagged; with dmarc also what failed DMARC.
--
--   popherd run @spam-tagged --maildrop inbox.mbox -- dmarc
--
-- A filter says Yes in X-Spam-Flag, X-Spam-Status or X-Spam. DMARC's result is
-- in the topmost Authentication-Results and others of the same server: the own
-- one, if it writes any. It does not count for mail of lists, which break DMARC
-- by honest work, nor where the sender's domain asks for nothing (p=none).

assert(not arg[1] or arg[1] == "dmarc" and not arg[2], "the argument must be dmarc, or none, as in: -- dmarc")

-- tagged returns what a filter wrote, if that is yes.
local function tagged(msg)
  for _, name in ipairs { "X-Spam-Flag", "X-Spam-Status", "X-Spam" } do
    local value = msg:header(name)
    if value and re.test(value, "(?i)^yes\\b") then
      return name .. ": " .. re.match(value, "^.{0,60}")
    end
  end
end

-- server returns who wrote an Authentication-Results field.
local function server(field)
  return re.match(field, "^[^;\\s]+")
end

-- failed returns what the own server says, if that is that DMARC failed.
local function failed(msg)
  local fields = msg:headers("Authentication-Results")
  local own = fields[1] and server(fields[1])
  for _, field in ipairs(fields) do
    if server(field) == own and re.test(field, "(?i)\\bp=none\\b") then
      return nil
    end
  end
  for _, result in ipairs(msg.auth_results) do
    if result.server == own and result.method == "dmarc" and result.result == "fail" then
      return "dmarc=fail for " .. msg.from.domain .. ", says " .. own
    end
  end
end

local list = rule.list()

return function(msg)
  local why = tagged(msg)
  if not why and arg[1] == "dmarc" and not list(msg) then
    why = failed(msg)
  end
  if why then
    msg:delete(why)
  end
end
