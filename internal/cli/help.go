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
		{
			Use:     "rules",
			Aliases: []string{"predicates", "messages"},
			Short:   "What rule files can use",
			Long:    rulesTopic,
		},
	}
}

const rulesTopic = `A rule file is a Lua script that returns its rules. popherd opens the mail of
--maildrop or --account, shows them every message, and carries out what they
decide; --explain shows which predicates held.

  return function(msg) ... end                  a function, which decides by
                                                msg:delete(reason) msg:keep(reason)
                                                msg:deliver(target, reason)
  return {                                      or a list of rules: the first that
    { name=, rule=, delete=true },              speaks decides; with match="all"
    { name=, rule=, keep=true },                all do, and keep wins over delete
    { name=, rule=, deliver="archive", delete=true },
    match="first",
  }

A rule is a function, or predicates, combined by a * b (and), a + b (or), -a
(not) and a - b (a and not b). Lua's own and, or and not are not for them.

  rule.from(text, ...)         "@shop.example" is a domain and what is below it,
  rule.to(text, ...)           "anna@" a local part, "a@b.example" an address; any
                               other text is part of a name or address. to has Cc
  rule.subject(text, ...)      any of the texts is in it; in any case of letters
  rule.header(name [, text, ...])    the field is there, or has any of the texts
  rule.re(field, pattern [, flags])  RE2; field is "from" "to" "cc" "subject" "text",
                               or a header field such as "Received"; "i" ignores case
  rule.size("> 1M")            > >= < <= and octets, or K M G
  rule.age("> 30d")            by Date, else Received; m h d w. Unknown without both
  rule.first_seen("> 30d")     since a run saw it first (needs --state-dir)
  rule.list([text])            of a mailing list; text is in its List-Id
  rule.has_attachment([text])  text is in a file name; no pattern
  rule.always()

What is unknown makes no rule speak, and neither does its opposite. p(msg) asks a
predicate from a function.

A message has
  num uidl size subject        never nil; subject "" if there is none
  from                         from.name from.address from.domain, "" if none
  to cc                        lists of such; #msg.to
  date message_id list_id      nil if there is none
  age_days age() first_seen    0 days if unknown; first_seen nil
  header(name) headers(name) raw_header(name)
  text() html() raw() lines()
  parts() attachments()        lists; part.name part.type part.size part:content()
                               part:save(dir) with --allow-write=DIR
  has_attachment() defects auth_results
  delete([reason]) keep([reason]) deliver(target [, reason])
The header is read by TOP, the rest by RETR once something of it is asked for.
`

const luaTopic = `Scripts are Lua 5.1. A script either drives sessions itself, or returns rules,
for which popherd drives the session: see popherd help rules.

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
              pop3.account([name])     a session of --maildrop, --account or an account of
                                       the configuration, logged in
              M:messages{new=, from=, to=, order="oldest" or "newest", body=}
                                       for msg in M:messages() do ... end
              M:message(n)             one message
              M:read_ahead(true)       retr(i) in a loop may be read ahead
              pop3.with(M, f)          quit when f returns, close when it raises
              pop3.try(f, ...)         what f returns, or nil and the error
              pop3.is(e, pop3.error_proto)
  rule        predicates of rule files: popherd help rules
  mail        mail.parse(text or lines), a message from text
  state       state.get(name) set(name, value [, seconds]) incr(name [, by])
              expire(name, seconds): kept for each account, once quit succeeded
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
