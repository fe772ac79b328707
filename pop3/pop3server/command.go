package pop3server

import (
	"strings"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// commandLimit bounds a command line, its CR LF included (RFC 2449 §4).
const commandLimit = 255

// When a command may be given.
type states int

const (
	authorization states = 1 << iota
	transaction
	both = authorization | transaction
)

// A command answers one verb. Its error ends the connection; a refusal is none.
type command struct {
	in  states
	run func(c *conn, arg string) error
	arg bool // it takes an argument; else one is refused
}

// commandOf returns the command of a verb in upper case.
func commandOf(verb string) (command, bool) {
	switch verb {
	case "CAPA":
		return command{in: both, run: (*conn).capa}, true
	case "QUIT":
		return command{in: both, run: (*conn).quit}, true
	case "LANG":
		return command{in: both, run: (*conn).lang, arg: true}, true
	case "STLS":
		return command{in: authorization, run: (*conn).stls}, true
	case "UTF8":
		return command{in: authorization, run: (*conn).useUTF8}, true
	case "USER":
		return command{in: authorization, run: (*conn).userCommand, arg: true}, true
	case "PASS":
		return command{in: authorization, run: (*conn).pass, arg: true}, true
	case "APOP":
		return command{in: authorization, run: (*conn).apop, arg: true}, true
	case "AUTH":
		return command{in: authorization, run: (*conn).auth, arg: true}, true
	case "STAT":
		return command{in: transaction, run: (*conn).stat}, true
	case "LIST":
		return command{in: transaction, run: (*conn).list, arg: true}, true
	case "UIDL":
		return command{in: transaction, run: (*conn).uidl, arg: true}, true
	case "RETR":
		return command{in: transaction, run: (*conn).retr, arg: true}, true
	case "TOP":
		return command{in: transaction, run: (*conn).top, arg: true}, true
	case "DELE":
		return command{in: transaction, run: (*conn).dele, arg: true}, true
	case "NOOP":
		return command{in: transaction, run: (*conn).noop}, true
	case "RSET":
		return command{in: transaction, run: (*conn).rset}, true
	}
	return command{}, false
}

// command answers one command line.
func (c *conn) command(line string) error {
	verb, arg, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	user := c.user
	c.user = "" // PASS comes right after USER or not at all (RFC 1939 §7)
	if verb == "PASS" {
		c.user = user
	}
	state := authorization
	if c.transaction.Load() {
		state = transaction
	}
	cmd, known := commandOf(verb)
	switch {
	case !known:
		return c.wrong("unknown command")
	case cmd.in&state == 0:
		return c.wrong("not in this state")
	case hasControl(arg):
		return c.wrong("a control character")
	case !cmd.arg && strings.Trim(arg, " ") != "":
		return c.wrong("no argument is wanted")
	}
	bad := c.bad
	err := cmd.run(c, arg)
	if c.bad == bad {
		c.bad = 0
	}
	return err
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7F {
			return true
		}
	}
	return false
}

// index returns the index of message-number arg. Otherwise the command is
// refused, and err ends the connection if it is not nil.
func (c *conn) index(arg string) (index int, ok bool, err error) {
	n, ok := wire.ParseNumber(arg)
	if !ok || n == 0 {
		return 0, false, c.wrong("not a message-number")
	}
	switch {
	case n > len(c.drop.messages):
		c.err("", "no such message")
	case c.drop.marked[n-1]:
		c.err("", "the message is marked as deleted")
	default:
		return n - 1, true, nil
	}
	return 0, false, nil
}
