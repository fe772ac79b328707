---@meta script

---What the script may know of itself.
---@class script
---@field name string as errors call it
---@field args string[] what stood behind -- on the command line
---@field dry_run boolean what is decided is shown, not done
local script = {}

return script
