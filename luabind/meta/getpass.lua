---@meta getpass

---Asks the person who runs the script, as Python's getpass does.
---@class getpass
local getpass = {}

---The login name of the person.
---@return string
function getpass.getuser() end

---Asks for a password without showing it.
---@param prompt? string "Password: "
---@return string
---@overload fun(arguments: { prompt?: string }): string
function getpass.getpass(prompt) end

return getpass
