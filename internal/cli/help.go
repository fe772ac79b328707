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

const luaTopic = `Scripts are Lua 5.1. They have

  pop3        sessions, as in Python's poplib:
                local M = pop3.POP3_SSL("pop.example.org", 995)   or
                local M = pop3.POP3_SSL{host="pop.example.org", timeout=30}
              M:user(name) M:pass_(password) M:apop(name, secret)
              M:stat()        count, octets
              M:list() M:uidl()        response, lines, octets; with a number, response
              M:retr(n) M:top(n, k)    response, lines, octets
              M:dele(n) M:rset() M:noop() M:capa() M:stls() M:utf8()
              M:quit()        carries the plan out; M:close() drops it
              pop3.try(f, ...), pop3.with(M, f), pop3.is(e, pop3.error_proto)
  getpass     getpass.getuser(), getpass.getpass([prompt])
  time        time.now(), time.parse(date)
  arg         the arguments after --
  string table math coroutine, and of the base library
              assert error getmetatable ipairs next pairs pcall print rawequal
              rawget rawset require select setmetatable tonumber tostring type
              unpack xpcall

They have no io, os, debug, load and package. An error is an object with
fields kind, message, response, code, command, temporary, fatal, where and
traceback; a kind is one of error_proto ValueError timeout socket tls auth
closed policy limit cancelled.

dele marks a message in the plan. STAT, LIST, UIDL, RETR and TOP then answer as
a server would that had heard it. quit carries the plan out if --allow-delete
permits it; a script that fails, or ends without quit, deletes nothing.

A certificate must be valid for the host named; TLS is 1.2 or newer. A password
goes out without TLS only to a host that --allow-plaintext names.
`
