---@meta pop3

---A POP3 client with the names, arguments and replies of Python's poplib.
---Everything raises a `Pop3Error` when it fails.
---@class pop3
---@field POP3_PORT integer 110
---@field POP3_SSL_PORT integer 995
---@field CR string
---@field LF string
---@field CRLF string
---@field error_proto string the kind of an error that the server made: `pop3.is(e, pop3.error_proto)`
local pop3 = {}

---Connects without TLS and reads the greeting. Before `M:stls()` only CAPA,
---STLS and QUIT are sent, unless the host allows plaintext to that server.
---Named arguments can be given in one table: `pop3.POP3{host="pop.example.org"}`.
---@param host string
---@param port? integer 110
---@param timeout? number seconds for each wait; nil is the host's, 0 is refused
---@return Pop3Session
---@overload fun(arguments: { host: string, port?: integer, timeout?: number }): Pop3Session
function pop3.POP3(host, port, timeout) end

---Connects with TLS and reads the greeting. The certificate is verified.
---@param host string
---@param port? integer 995
---@param keyfile? string PEM; not together with context
---@param certfile? string PEM; not together with context
---@param timeout? number seconds for each wait; nil is the host's, 0 is refused
---@param context? Pop3TLSContext
---@return Pop3Session
---@overload fun(arguments: { host: string, port?: integer, keyfile?: string, certfile?: string, timeout?: number, context?: Pop3TLSContext }): Pop3Session
function pop3.POP3_SSL(host, port, keyfile, certfile, timeout, context) end

---A session of an account, connected and logged in: of the one named, or of the
---host's choice. The secret stays with the host.
---@param name? string
---@return Pop3Session
function pop3.account(name) end

---Makes what TLS is asked for. Certificates are always verified: for a server
---of your own name its authority (`cafile`) or its certificate (`fingerprint`).
---@param arguments? { cafile?: string, certfile?: string, keyfile?: string, check_hostname?: true, verify?: true, min_version?: "1.2"|"1.3", fingerprint?: string }
---@return Pop3TLSContext
function pop3.create_default_context(arguments) end

---Calls f with the session, then QUIT. When f raises, the session is closed
---without QUIT, so that nothing is deleted, and the error is raised again.
---@generic T
---@param session Pop3Session|{ host: string, port?: integer, keyfile?: string, certfile?: string, timeout?: number, context?: Pop3TLSContext, tls?: boolean }
---@param f fun(M: Pop3Session): T...
---@return T ...
function pop3.with(session, f) end

---Calls f: what it returns, or nil and what it raised.
---@generic T
---@param f fun(...): T...
---@param ... any
---@return T? ...
function pop3.try(f, ...) end

---Whether a value is an error of a kind.
---@param e any
---@param kind Pop3ErrorKind
---@return boolean
function pop3.is(e, kind) end

---A session. Its fields are read-only.
---@class Pop3Session
---@field welcome string the server's greeting
---@field host string
---@field port integer
---@field closed boolean after quit, close or a fault
local Pop3Session = {}

---The server's greeting.
---@return string response
function Pop3Session:getwelcome() end

---1 shows commands and the drop listing, 2 replies as well; secrets are replaced.
---@param level integer
function Pop3Session:set_debuglevel(level) end

---Names the maildrop (USER).
---@param name string
---@return string response
function Pop3Session:user(name) end

---Gives the password (PASS).
---@param password string
---@return string response
function Pop3Session:pass_(password) end

---The same as `pass_`.
---@param password string
---@return string response
function Pop3Session:pass(password) end

---Logs in with a digest of the greeting's timestamp and the secret (APOP).
---@param name string
---@param secret string
---@return string response
function Pop3Session:apop(name, secret) end

---The trusted-host login of RFC 1081 (RPOP).
---@param name string
---@return string response
function Pop3Session:rpop(name) end

---How much mail there is (STAT).
---@return integer count
---@return integer octets
function Pop3Session:stat() end

---Sizes (LIST): of all messages as lines "n octets", or of one as a response.
---@return string response
---@return string[] lines
---@return integer octets
---@overload fun(self: Pop3Session, n: integer|string): string
function Pop3Session:list() end

---Unique-ids (UIDL): of all messages as lines "n id", or of one as a response.
---@return string response
---@return string[] lines
---@return integer octets
---@overload fun(self: Pop3Session, n: integer|string): string
function Pop3Session:uidl() end

---Retrieves a message (RETR).
---@param n integer|string
---@return string response
---@return string[] lines
---@return integer octets
function Pop3Session:retr(n) end

---A message's header and the first lines of its body (TOP).
---@param n integer|string
---@param howmuch integer|string
---@return string response
---@return string[] lines
---@return integer octets
function Pop3Session:top(n, howmuch) end

---Marks a message, which quit deletes (DELE).
---@param n integer|string
---@return string response
function Pop3Session:dele(n) end

---Does nothing (NOOP).
---@return string response
function Pop3Session:noop() end

---Takes all marks back (RSET).
---@return string response
function Pop3Session:rset() end

---Switches to UTF-8 (UTF8, RFC 6856).
---@return string response
function Pop3Session:utf8() end

---What the server can do (CAPA).
---@return table<string, string[]>
function Pop3Session:capa() end

---Makes the session secure (STLS).
---@param context? Pop3TLSContext
---@return string response
function Pop3Session:stls(context) end

---Commits and closes (QUIT). It closes even when it raises.
---@return string response
function Pop3Session:quit() end

---Closes without QUIT: the server forgets all marks.
function Pop3Session:close() end

---Sends a line and returns the response. The host must permit raw commands.
---@param line string
---@return string response
function Pop3Session:_shortcmd(line) end

---Sends a line and returns the multi-line response. The host must permit raw
---commands.
---@param line string
---@return string response
---@return string[] lines
---@return integer octets
function Pop3Session:_longcmd(line) end

---Iterates over the messages that are not marked: `for msg in M:messages() do`.
---Nothing of a message is read before it is asked for.
---@param options? { from?: integer, to?: integer, order?: "oldest"|"newest", body?: boolean, new?: boolean }
---from and to are message-numbers, both included; -100 is the 100th from the
---end. With new=true only those come that no run dealt with which committed; that
---needs a journal. With body=true messages are read ahead whole, which a server may take for
---read.
---@return fun(): Message?
function Pop3Session:messages(options) end

---One message.
---@param n integer|string
---@return Message
function Pop3Session:message(n) end

---Permits, or forbids again, to retrieve messages ahead of a loop that calls
---retr, which a server may take for read.
---@param allowed boolean
function Pop3Session:read_ahead(allowed) end

---What TLS is asked for. Its fields are read-only.
---@class Pop3TLSContext
---@field cafile? string PEM, trusted instead of the system's authorities
---@field certfile? string PEM, the client's certificate
---@field keyfile? string PEM, its key
---@field check_hostname boolean true
---@field verify boolean true
---@field min_version "1.2"|"1.3"
---@field fingerprint? string "sha256:" and 64 hex digits of the server's certificate

---@alias Pop3ErrorKind "error_proto"|"ValueError"|"timeout"|"socket"|"tls"|"auth"|"closed"|"policy"|"limit"|"cancelled"|"internal"

---What is raised. Its fields are read-only; `tostring(e)` is
---"error_proto: -ERR no such message".
---@class Pop3Error
---@field kind Pop3ErrorKind
---@field message string poplib's text where it has one
---@field response? string the server's line
---@field code? string its response code, such as "IN-USE"
---@field command? string what was sent, secrets replaced
---@field temporary boolean the same may succeed later
---@field fatal boolean the session cannot be used any more
---@field hint? string what would help
---@field where string "script.lua:12"
---@field traceback string

return pop3
