---@meta text

---Text in UTF-8. Octets that are not pass unchanged, and count as one
---character each, unless a function says otherwise.
---@class text
local text = {}

---In lower case, character by character.
---@param s string
---@return string
function text.lower(s) end

---In upper case, character by character.
---@param s string
---@return string
function text.upper(s) end

---Without white space at both ends.
---@param s string
---@return string
function text.trim(s) end

---Fit for a terminal: without control and format characters save line feeds and
---tabs; octets that are not UTF-8 become U+FFFD.
---@param s string
---@return string
function text.clean(s) end

---How many characters.
---@param s string
---@return integer
function text.len(s) end

---How many columns of a terminal.
---@param s string
---@return integer
function text.width(s) end

---Whether s is UTF-8.
---@param s string
---@return boolean
function text.valid(s) end

---Whether s begins with prefix.
---@param s string
---@param prefix string
---@return boolean
function text.starts_with(s, prefix) end

---Whether s ends with suffix.
---@param s string
---@param suffix string
---@return boolean
function text.ends_with(s, suffix) end

---Whether part is in s. It is no pattern.
---@param s string
---@param part string
---@return boolean
function text.contains(s, part) end

---What stands between separators. sep is no pattern.
---@param s string
---@param sep string not empty
---@param n? integer how many parts at most; the last has the rest
---@return string[]
function text.split(s, sep, n) end

---Iterates over lines, without their ends: LF or CR LF.
---@param s string
---@return fun(): string?
function text.lines(s) end

---Breaks lines at blanks, and makes one space of several. Line ends stay; a word
---that is too long stands alone.
---@param s string
---@param width integer columns, 1 or more
---@return string
function text.wrap(s, width) end

return text
