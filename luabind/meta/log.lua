---@meta log

---Tells the host's log. What is longer than 4096 octets is cut.
---@class log
local log = {}

---What only who looks for a fault wants to know.
---@param message string
---@param fields? table<string, string|number|boolean|userdata> at most 64
function log.debug(message, fields) end

---What happened.
---@param message string
---@param fields? table<string, string|number|boolean|userdata>
function log.info(message, fields) end

---What somebody should look at.
---@param message string
---@param fields? table<string, string|number|boolean|userdata>
function log.warn(message, fields) end

---What failed. The script goes on; error() ends it.
---@param message string
---@param fields? table<string, string|number|boolean|userdata>
function log.error(message, fields) end

return log
