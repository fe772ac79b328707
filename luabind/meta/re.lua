---@meta re

---Regular expressions of RE2, in time that grows with the text and no faster:
---for text that strangers wrote. No look-ahead, look-behind or back-references.
---Positions count octets from 1, as string.find's do; octets that are not UTF-8
---pass unchanged. A capture that has no part in the match is false.
---@class re
local re = {}

---Compiles a pattern. One that is bad raises, with the reason.
---@param pattern string at most 8192 octets
---@param flags? string letters: i (case does not matter), m (^ and $ are those of lines), s (. is a line feed too)
---@return RePattern
function re.compile(pattern, flags) end

---A pattern that matches s itself.
---@param s string
---@return string pattern
function re.escape(s) end

---Whether the pattern is in s.
---@param s string
---@param pattern string|RePattern
---@return boolean
function re.test(s, pattern) end

---Where the pattern is in s first: start, end, captures.
---@param s string
---@param pattern string|RePattern
---@param init? integer where to begin; negative counts from the end
---@return integer? start nil if it is nowhere
---@return integer? last
---@return string|false ... captures
function re.find(s, pattern, init) end

---What the pattern matches first: its captures, or the whole if it has none.
---@param s string
---@param pattern string|RePattern
---@param init? integer where to begin; negative counts from the end
---@return string|false|nil ... nil if it is nowhere
function re.match(s, pattern, init) end

---Iterates over all matches, as re.match gives each.
---@param s string
---@param pattern string|RePattern
---@return fun(): string|false|nil, ...
function re.gmatch(s, pattern) end

---Replaces matches. In a string %0 is the match, %1 to %9 are captures, %% is a
---percent sign. A table is indexed by, and a function called with what re.match
---gives; nil or false lets the match stand.
---@param s string
---@param pattern string|RePattern
---@param replacement string|number|table<string|false, string|number|false>|fun(...: string|false): string|number|false|nil
---@param n? integer how many to replace at most
---@return string
---@return integer count
function re.gsub(s, pattern, replacement, n) end

---What stands between the matches.
---@param s string
---@param pattern string|RePattern
---@param n? integer how many parts at most; the last has the rest
---@return string[]
function re.split(s, pattern, n) end

---A pattern that was compiled.
---@class RePattern
local RePattern = {}

---re.test with this pattern.
---@param s string
---@return boolean
function RePattern:test(s) end

---re.find with this pattern.
---@param s string
---@param init? integer
---@return integer? start
---@return integer? last
---@return string|false ... captures
function RePattern:find(s, init) end

---re.match with this pattern.
---@param s string
---@param init? integer
---@return string|false|nil ...
function RePattern:match(s, init) end

---re.gmatch with this pattern.
---@param s string
---@return fun(): string|false|nil, ...
function RePattern:gmatch(s) end

---re.gsub with this pattern.
---@param s string
---@param replacement string|number|table<string|false, string|number|false>|fun(...: string|false): string|number|false|nil
---@param n? integer
---@return string
---@return integer count
function RePattern:gsub(s, replacement, n) end

---re.split with this pattern.
---@param s string
---@param n? integer
---@return string[]
function RePattern:split(s, n) end

return re
