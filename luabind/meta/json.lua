---@meta json

---JSON, as RFC 8259 has it.
---@class json
---@field null userdata JSON's null, which nil cannot stand for in a table
local json = {}

---Writes a value as JSON. A table with the keys 1 to n becomes an array, one
---with strings, or without any, an object, with its keys sorted; any other
---raises, and so do NaN, infinity, functions, and what is nested more than 100
---deep. Octets that are not UTF-8 become U+FFFD.
---@param value any
---@param options? { indent?: integer } indent: 0 to 8 spaces a level; 0, the default, writes one line
---@return string
function json.encode(value, options) end

---Reads JSON. Arrays stay arrays when they are encoded again, however empty.
---Of keys that are twice in an object, the last counts.
---@param s string
---@return any value nil if s is not JSON; json.null for null
---@return string? reason with line and column
function json.decode(s) end

---Marks a table as an array, so that it becomes [] when it is empty.
---@generic T: table
---@param t? T a new table if there is none
---@return T t
function json.array(t) end

return json
