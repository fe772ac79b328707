---@meta state

---What a script keeps from run to run, for each account apart. A script reads back
---what it set; the next run does once quit succeeded. A script that fails, and a
---dry run, change nothing.
---@class state
local state = {}

---The value, as it was set; nil if there is none, or it has expired.
---@param name string
---@return string|number|boolean|nil
function state.get(name) end

---Keeps a value; nil removes it. json.encode makes a string of a table.
---@param name string of 1 to 255 octets
---@param value string|number|boolean|nil a string has at most 65,535 octets
---@param seconds? number until it expires; nil is never
function state.set(name, value, seconds) end

---Adds to a whole number, to 0 if there is none.
---@param name string
---@param by? integer 1
---@return integer sum
function state.incr(name, by) end

---Sets when a value expires.
---@param name string
---@param seconds number? from now; nil is never
---@return boolean there whether there is a value
function state.expire(name, seconds) end

return state
