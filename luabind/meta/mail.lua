---@meta mail

---Messages.
---@class mail
local mail = {}

---A message from its text, or from the lines that `M:retr` gives. It never raises
---for what is wrong with the mail; `msg.defects` says that. Its num is 0, and
---nothing can be decided about it.
---@param text string|string[]
---@return Message
function mail.parse(text) end

---A message. Its fields are read-only, and read when they are first asked for:
---those of the header by TOP, what needs the body by one RETR.
---@class Message
---@field num integer message-number
---@field uidl string unique-id; "" if the server has none
---@field size integer octets, as the server announces them
---@field subject string decoded; "" if there is none
---@field from MailAddress the first of From, else of Sender; with empty fields if there is none
---@field to MailAddress[] tostring joins them
---@field cc MailAddress[]
---@field date? integer seconds since 1970; nil if Date cannot be read, or is not in the years 1900 to 9999
---@field message_id? string with its brackets
---@field list_id? string without brackets, in lower case
---@field age_days number `age()` in days; 0 if it cannot be known
---@field first_seen? integer seconds since 1970; nil if nobody remembers
---@field defects string[] what is wrong with the header, and with the body once that was read
---@field auth_results MailAuthResult[] Authentication-Results, by whomever they were written
local Message = {}

---The first header field of that name, decoded.
---@param name string
---@return string?
function Message:header(name) end

---All header fields of that name, decoded.
---@param name string
---@return string[]
function Message:headers(name) end

---The first header field of that name as it came.
---@param name string
---@return string?
function Message:raw_header(name) end

---Seconds since Date; or since it was received, if Date cannot be read. 0 if that
---cannot be known: without either, before 1970, or more than 2 days in the future.
---@return number
function Message:age() end

---The text, made from HTML if there is none.
---@return string
function Message:text() end

---The HTML; "" if there is none.
---@return string
function Message:html() end

---All parts that are not made of others.
---@return MailPart[]
function Message:parts() end

---The parts that are attachments.
---@return MailPart[]
function Message:attachments() end

---Whether there is any. The header alone answers for a message of one part.
---@return boolean
function Message:has_attachment() end

---Every octet.
---@return string
function Message:raw() end

---Every line, as `M:retr` gives them.
---@return string[]
function Message:lines() end

---Decides to delete the message.
---@param reason? string
function Message:delete(reason) end

---Decides to keep the message. Of delete and keep the last counts.
---@param reason? string
function Message:keep(reason) end

---Decides to deliver the message to a target of the host's.
---@param target string
---@param reason? string
function Message:deliver(target, reason) end

---An address. `tostring(msg.from)` is "Name <address>".
---@class MailAddress
---@field name string
---@field address string
---@field domain string in lower case

---A part of a message.
---@class MailPart
---@field name string fit for a file; "" if it has none
---@field type string such as "application/pdf"
---@field charset string
---@field encoding string
---@field disposition string
---@field content_id string
---@field size integer octets, decoded
local MailPart = {}

---The octets, decoded.
---@return string
function MailPart:content() end

---The text as UTF-8.
---@return string
function MailPart:text() end

---Saves the octets as a file, at once. The host must permit it.
---@param target string where to; the host's to say what that is
---@return string name the file's
function MailPart:save(target) end

---What a server says of a message's authenticity.
---@class MailAuthResult
---@field server string who says it: trust it only if that is your own
---@field method string such as "dkim"
---@field result string such as "pass"
---@field reason string
---@field properties table<string, string>

return mail
