---@meta time

---Moments, as seconds since the start of 1970 in UTC, in the years 0 to 9999.
---A zone is "UTC" (the default), "local", an offset such as "+02:00", or a name
---such as "Europe/Berlin".
---@class time
local time = {}

---The present moment.
---@return integer seconds
function time.now() end

---The moment that a date names. Without a layout the date is a Date field's,
---RFC 5322's form or another that is found in mail, or RFC 3339's.
---@param date string
---@param layout? string of strftime, as time.format has it
---@param zone? string of a date that a layout without %z names; UTC
---@return integer? seconds nil if it names none
---@return string? reason
function time.parse(date, layout, zone) end

---Writes a moment.
---@param seconds number
---@param layout? string of strftime: %Y %m %d %H %M %S %z %Z %a %A %b %B %e %j %y %I %p %u %w %s %n %t %% %F %T %R %D %c %x %X; RFC 3339
---@param zone? string
---@return string
function time.format(seconds, layout, zone) end

---A moment that is so much later, or earlier. Years to days are the calendar's:
---the time of day stays, and a day that the month has not becomes its last.
---@param seconds number
---@param amounts { years?: integer, months?: integer, weeks?: integer, days?: integer, hours?: number, minutes?: number, seconds?: number }
---@param zone? string
---@return integer seconds
function time.add(seconds, amounts, zone) end

---The parts of a moment.
---@param seconds number
---@param zone? string
---@return TimeDate
function time.date(seconds, zone) end

---What time.date returns: a plain table.
---@class TimeDate
---@field year integer
---@field month integer 1 to 12
---@field day integer 1 to 31
---@field hour integer 0 to 23
---@field min integer 0 to 59
---@field sec integer 0 to 59
---@field wday integer 1 is Sunday
---@field yday integer 1 to 366
---@field zone string its abbreviation: "CEST"
---@field offset integer seconds east of UTC

return time
