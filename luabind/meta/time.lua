---@meta time

---Moments, as seconds since the start of 1970 in UTC.
---@class time
local time = {}

---The present moment.
---@return integer seconds
function time.now() end

---The moment that the value of a Date field names: RFC 5322's form or another
---that is found in mail. A date without a zone is read as UTC.
---@param date string
---@return integer? seconds nil if it names none
---@return string? reason
function time.parse(date) end

return time
