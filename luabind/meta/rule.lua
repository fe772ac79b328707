---@meta rule

---Predicates, which judge messages and combine: `p * q` is and, `p + q` or, `-p`
---not, `p - q` and-not. Texts are looked for in any case. What cannot be known, such
---as the age of mail without a date, is unknown, and so is its negation; a rule
---speaks only if its predicate is true.
---@class rule
local rule = {}

---One of the texts is in an address of From, "Name <address>". A text with @ is the
---address alone: "@b.example" a domain or one below it, "mother@" what is before the
---@, "a@b.example" all of it.
---@param text string|string[]
---@param ... string
---@return Predicate
function rule.from(text, ...) end

---One of the texts is in an address of To or Cc, as with `rule.from`.
---@param text string|string[]
---@param ... string
---@return Predicate
function rule.to(text, ...) end

---One of the texts is in the subject.
---@param text string|string[]
---@param ... string
---@return Predicate
function rule.subject(text, ...) end

---The field is there; or one of the texts is in it.
---@param name string
---@param ... string
---@return Predicate
function rule.header(name, ...) end

---The size that the server announces, compared: `rule.size("> 1M")`. K, M and G are
---of 1024.
---@param comparison string
---@return Predicate
function rule.size(comparison) end

---The age, compared: `rule.age("> 30d")`. Units are min, h, d, w, and y of 365 days.
---Unknown without a date, before 1970, or more than 2 days in the future.
---@param comparison string
---@return Predicate
function rule.age(comparison) end

---How long ago a run first listed the message, compared: `rule.first_seen("> 30d")`.
---Unknown if nobody remembers.
---@param comparison string
---@return Predicate
function rule.first_seen(comparison) end

---Mail of a mailing list; or of one that has the text in its id.
---@param text? string
---@return Predicate
function rule.list(text) end

---There is an attachment; or one that has the text in its name.
---@param name? string
---@return Predicate
function rule.has_attachment(name) end

---A pattern of module re is found in "from", "to" (with Cc), "cc", "subject", "text"
---(the body), or a header field, whose name has a capital or a hyphen: "Received".
---Unknown if it is not found in a text that was cut, beyond 4 MiB mostly.
---@param field string
---@param pattern string|RePattern
---@param flags? string letters: i, m, s
---@return Predicate
function rule.re(field, pattern, flags) end

---Every message.
---@return Predicate
function rule.always() end

---A predicate. `tostring(p)` shows it as it is written; `p(msg)` judges a message:
---true if it holds, false if it does not or that is unknown.
---@class Predicate
---@operator add(Predicate): Predicate
---@operator mul(Predicate): Predicate
---@operator sub(Predicate): Predicate
---@operator unm: Predicate
---@overload fun(msg: Message): boolean

---What a rule file returns: a function(msg), one of these, or a list of them with
---match="first" (the first that decides ends; the default) or match="all" (every
---one is asked, and keep wins over delete).
---@class RuleTable
---@field name? string
---@field rule Predicate|fun(msg: Message) a function decides by `msg:delete()`, `msg:keep()`, `msg:deliver()`
---@field delete? true|string or the reason, which is else the name
---@field keep? true|string
---@field deliver? string a target; may go with delete

return rule
