package cli

import "github.com/spf13/cobra"

// helpCommand is "popherd help [COMMAND]".
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND or TOPIC]",
		Short: "Help about any command, or a topic",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return noCommand(root, args[len(args)-max(len(rest), 1)])
			}
			return cmd.Help()
		},
	}
}

// topics are help texts that are no commands.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use:   "exit-codes",
			Short: "Exit statuses",
			Long:  "Exit statuses, after sysexits(3):\n\n" + statusTable(),
		},
		{
			Use:   "lua",
			Short: "What scripts can use",
			Long:  luaTopic,
		},
	}
}

const luaTopic = `Scripts are Lua 5.1. A script either drives sessions itself, or returns rules,
for which popherd drives the session:

  return function(msg) ... end                  a function that decides by
                                                msg:delete(reason) msg:keep(reason)
  return {                                      or a table of rules, of which the
    { name=, rule=, delete=true },              first that speaks decides;
    { name=, rule=, keep=true },                with match="all" all do, and keep
    match="first",                              wins
  }

A rule is a function, or predicates combined by * (and), + (or) and - (not):
  rule.from(text, ...) rule.to(text, ...) rule.subject(text, ...)
  rule.header(name [, text, ...]) rule.re(field, pattern) rule.list([text])
  rule.size("> 1M") rule.age("> 30d") rule.has_attachment([name]) rule.always()

A message has
  num uidl size subject from to cc date message_id list_id age_days defects
  auth_results        from.name from.address from.domain, to and cc are lists
  header(name) headers(name) raw_header(name) age()
  text() html() parts() attachments() has_attachment() raw() lines()
  delete(reason) keep(reason)
Its header is read by TOP, its body by RETR once something of it is asked for.

Scripts have

  pop3        sessions, as in Python's poplib:
                local M = pop3.POP3_SSL("pop.example.org", 995)   or
                local M = pop3.POP3_SSL{host="pop.example.org", timeout=30}
                local M = pop3.POP3("pop.example.org", 110)   and then M:stls()
              The arguments in order: host, port, timeout for POP3; host, port,
              keyfile, certfile, timeout, context for POP3_SSL.
              M:user(name) M:pass_(password) M:apop(name, secret) M:rpop(name)
              M:stat()                 count, octets
              M:list() M:uidl()        response, lines, octets; with a number, response
              M:retr(n) M:top(n, k)    response, lines, octets
              M:capa()                 {NAME={argument, ...}}
              M:dele(n) M:rset() M:noop() M:utf8() M:stls([context]) M:getwelcome()
              M:quit()                 carries the plan out; M:close() drops it
              M:set_debuglevel(1 or 2) shows the dialogue on standard error
              M.welcome M.host M.port M.closed
              pop3.create_default_context{cafile=, certfile=, keyfile=,
                min_version="1.2", fingerprint="sha256:..."}
              pop3.account()           a session of --maildrop, logged in
              M:messages{from=, to=, order="oldest" or "newest", body=}
                                       for msg in M:messages() do ... end
              M:message(n)             one message
              M:read_ahead(true)       retr(i) in a loop may be read ahead
              pop3.with(M, f)          quit when f returns, close when it raises
              pop3.try(f, ...)         what f returns, or nil and the error
              pop3.is(e, pop3.error_proto)
  mail        mail.parse(text or lines), a message from text
  getpass     getpass.getuser(), getpass.getpass([prompt])
  time        now() parse(date) format add date, moments as seconds since 1970
  re          regular expressions that take linear time: re.find(s, pattern) ...
  json base64 hash text
              json.encode json.decode, base64.encode, hash.sha256, text.lower ...
  log         log.info(message, {name=value}) and debug warn error, to standard error
  script      script.name script.args script.dry_run
  require     modules beside the script, and in --lib
  arg         the arguments after --
  string table math coroutine, and of the base library
              assert error getmetatable ipairs next pairs pcall print rawequal
              rawget rawset require select setmetatable tonumber tostring type
              unpack xpcall

They have no io, os, debug, load and package. An error is an object with
fields kind, message, response, code, command, temporary, fatal, hint, where and
traceback; a kind is one of error_proto ValueError timeout socket tls auth
closed policy limit cancelled output internal. A global that does not exist is
an error.

dele marks a message in the plan. STAT, LIST, UIDL, RETR and TOP then answer as
a server would that had heard it. quit carries the plan out if --allow-delete
permits it; a script that fails, or ends without quit, deletes nothing.

A certificate must be valid for the host named; TLS is 1.2 or newer. A password
goes out without TLS only to a host that --allow-plaintext names.
`
