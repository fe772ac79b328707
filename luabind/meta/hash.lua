---@meta hash

---Hashes, as hex digits in lower case.
---@class hash
local hash = {}

---MD5. It protects nothing; use it where others do.
---@param s string
---@return string
function hash.md5(s) end

---SHA-1. It protects nothing; use it where others do.
---@param s string
---@return string
function hash.sha1(s) end

---SHA-256.
---@param s string
---@return string
function hash.sha256(s) end

---SHA-512.
---@param s string
---@return string
function hash.sha512(s) end

---CRC-32 (IEEE), a checksum.
---@param s string
---@return string
function hash.crc32(s) end

---HMAC with SHA-256.
---@param key string
---@param s string
---@return string
function hash.hmac_sha256(key, s) end

return hash
