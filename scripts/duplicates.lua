-- duplicates
-- Deletes messages that are there twice: the same Message-ID and the same body.
--
--   popherd run @duplicates --maildrop inbox.mbox
--
-- The first of them stays. What a reader sees of the header must be the same,
-- too: another sender, subject or date is another message, and so is the copy
-- that came by a mailing list, which its List-Id sorts. What servers add on the
-- way, such as Received, may differ. Messages without a Message-ID are kept.
--
-- Messages whose headers are the same are retrieved whole.

assert(not arg[1], "there are no arguments, as in: popherd run @duplicates --maildrop inbox.mbox")

-- Content-Type and encoding are here since they say what the body means.
local compared = {
  "Message-ID", "From", "Sender", "Reply-To", "To", "Cc", "Date", "Subject",
  "List-Id", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}

-- header returns a digest of what is compared of the header.
local function header(msg)
  local fields = {}
  for _, name in ipairs(compared) do
    table.insert(fields, json.encode(msg:headers(name)))
  end
  return hash.sha256(table.concat(fields, "\n"))
end

-- body returns a digest of the body; if there is no empty line, of everything.
local function body(msg)
  local raw = msg:raw()
  local _, last = raw:find("\r\n\r\n", 1, true)
  return hash.sha256(raw:sub((last or 0) + 1))
end

local M = pop3.account()
local groups = {} -- by header: the messages that have it

local function judge(msg)
  local key = header(msg)
  local group = groups[key]
  if not group then
    groups[key] = { first = msg.num, bodies = {} }
    return
  end
  if group.first then -- its body is of interest now that there is a second
    group.bodies[body(M:message(group.first))] = group.first
    group.first = nil
  end
  local mine = body(msg)
  if group.bodies[mine] then
    msg:delete("the same as message " .. group.bodies[mine])
  else
    group.bodies[mine] = msg.num
  end
end

for msg in M:messages() do
  if msg.message_id then
    judge(msg)
  end
end
M:quit()
