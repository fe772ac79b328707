---@meta base64

---Base64, as RFC 4648 has it.
---@class base64
local base64 = {}

---Writes octets as base64, on one line.
---@param s string
---@param variant? "url" the alphabet for URLs, without padding
---@return string
function base64.encode(s, variant) end

---Reads base64 of either alphabet, padded or not, with white space anywhere.
---@param s string
---@return string? octets nil if s is not base64
---@return string? reason
function base64.decode(s) end

return base64
