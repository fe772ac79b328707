package pop3

import (
	"context"
	"fmt"
	"strings"
)

// commandLimit bounds a command line, its CR LF included (RFC 2449 §4).
const commandLimit = 255

// Cmd sends one command that is answered by a status line, and returns that
// line, "+OK ...". It is the one encoder that every command of this package
// goes through: a control octet in an argument, or a line of more than 255
// octets (8 KiB for a command that the RFCs do not know), is an *ArgumentError
// and nothing is sent. Arguments go out byte for byte, blanks included.
//
// QUIT has Quit's effect; STLS and AUTH are refused, since they are dialogues:
// see STLS and Authenticate. A command with a multi-line response is for
// CmdText.
func (c *Client) Cmd(ctx context.Context, verb string, args ...string) (string, error) {
	verb = strings.ToUpper(verb)
	if verb == "QUIT" {
		return c.Quit(ctx)
	}
	if err := ownMethod(verb); err != nil {
		return "", err
	}
	defer c.stream.watch(ctx)()
	return c.cmd(ctx, verb, args...)
}

// CmdText sends one command that is answered by a multi-line response, under
// the limit MaxMessage. The Text must be read to its end or closed before the
// next command; ctx holds until then. STLS, AUTH and QUIT are refused.
func (c *Client) CmdText(ctx context.Context, verb string, args ...string) (*Text, error) {
	if err := ownMethod(strings.ToUpper(verb)); err != nil {
		return nil, err
	}
	text, err := c.cmdText(ctx, c.opts.MaxMessage, "message", verb, args...)
	if err != nil {
		return nil, err
	}
	return &text.Text, nil
}

// ownMethod refuses what must not be sent like any other command: after it
// the session is another, or no more.
func ownMethod(verb string) error {
	switch verb {
	case "STLS", "AUTH", "QUIT":
		return &ArgumentError{Command: verb, Argument: "command", Reason: "is a dialogue with a method of its own"}
	}
	return nil
}

// cmd is Cmd under a watch of the caller.
func (c *Client) cmd(ctx context.Context, verb string, args ...string) (string, error) {
	name, err := c.send(ctx, verb, args)
	if err != nil {
		return "", err
	}
	line, err := c.readStatus(ctx, name)
	if err == nil {
		c.enter(verb)
	}
	return line, err
}

func (c *Client) cmdText(ctx context.Context, limit int64, what, verb string, args ...string) (*source, error) {
	unwatch := c.stream.watch(ctx)
	name, err := c.send(ctx, strings.ToUpper(verb), args)
	if err != nil {
		unwatch()
		return nil, err
	}
	line, err := c.readStatus(ctx, name)
	if err != nil {
		unwatch()
		return nil, err
	}
	text := c.openText(ctx, name, line, limit, what)
	text.unwatch = unwatch
	return text, nil
}

// enter follows the session through its states, once the server said +OK.
func (c *Client) enter(verb string) {
	switch verb {
	case "PASS", "APOP", "AUTH", "RPOP":
		c.state = Transaction
		c.caps = nil // RFC 2449 §5: they may differ by state
	case "DELE":
		c.marked++
	case "RSET":
		c.marked = 0
	}
}

// send checks and sends one command line, and returns its name for errors.
func (c *Client) send(ctx context.Context, verb string, args []string) (string, error) {
	if err := c.ready(); err != nil {
		return "", err
	}
	line, err := encode(verb, args)
	if err != nil {
		return "", err
	}
	if !c.tls && !c.opts.InsecureAllowPlaintext && !harmless(verb) {
		return "", ErrPlaintext
	}
	name := c.name(verb, args)
	if err := c.unasked(ctx, name); err != nil {
		return "", err
	}
	c.trace(TraceEvent{Sent: true, Line: name})
	if _, err := c.stream.Write(line); err != nil {
		return "", c.fail(ctx, readError(name, "command", commandLimit, err))
	}
	return name, nil
}

// unasked fails the session when octets wait that answer no command: the next
// reply would be taken for another's.
func (c *Client) unasked(ctx context.Context, name string) error {
	if c.reader.Buffered() == 0 {
		return nil
	}
	return c.fail(ctx, &ProtocolError{Command: name, Reason: "the server sent more than was asked for"})
}

// harmless commands may go out before TLS (RFC 2595 §2.1): they carry nothing
// and change nothing.
func harmless(verb string) bool {
	return verb == "CAPA" || verb == "STLS" || verb == "QUIT"
}

// name is a command line without its secrets, which it remembers.
func (c *Client) name(verb string, args []string) string {
	switch verb {
	case "PASS":
		c.secrets.add(strings.Join(args, " "))
		return verb
	case "AUTH":
		return verb + " " + args[0]
	case "APOP":
		if len(args) == 2 {
			c.secrets.add(args[1])
			return verb + " " + args[0] + " " + hidden
		}
		return verb
	}
	if len(args) == 0 {
		return verb
	}
	return verb + " " + strings.Join(args, " ")
}

// encode makes a command line, or says which argument cannot be in one.
func encode(verb string, args []string) ([]byte, error) {
	if verb == "" || strings.ContainsFunc(verb, func(r rune) bool { return r <= ' ' || r >= 0x7F }) {
		return nil, &ArgumentError{Command: "command", Argument: "verb", Reason: "is not one word of ASCII"}
	}
	line := make([]byte, 0, 64)
	line = append(line, verb...)
	for _, arg := range args {
		if reason := refuse(verb, arg); reason != "" {
			return nil, &ArgumentError{Command: verb, Argument: argumentName(verb), Reason: reason}
		}
		line = append(line, ' ')
		line = append(line, arg...)
	}
	line = append(line, "\r\n"...)
	if limit := lineLimit(verb); len(line) > limit {
		reason := fmt.Sprintf("makes the line longer than %d octets", limit)
		return nil, &ArgumentError{Command: verb, Argument: argumentName(verb), Reason: reason}
	}
	return line, nil
}

// refuse says why arg cannot go on the wire, or nothing.
func refuse(verb, arg string) string {
	for i := range len(arg) {
		if arg[i] < ' ' || arg[i] == 0x7F {
			return "has a control character"
		}
	}
	switch argumentName(verb) {
	case "name", "password":
		return "" // RFC 1939 lets a password have blanks
	case "message-number":
		if arg == "" || strings.ContainsFunc(arg, func(r rune) bool { return r == ' ' || r > '~' }) {
			return "is not a number"
		}
	}
	return ""
}

// argumentName says what a command's argument is, in the RFCs' words; it is
// "argument" for a command that they do not know.
func argumentName(verb string) string {
	switch verb {
	case "USER", "APOP", "RPOP":
		return "name"
	case "PASS":
		return "password"
	case "LIST", "UIDL", "RETR", "DELE", "TOP":
		return "message-number"
	case "LANG":
		return "language tag"
	}
	return "argument"
}

// lineLimit bounds a command line, its CR LF included: 255 octets (RFC 2449
// §4). What an unknown extension takes is not ours to say; it has 8 KiB.
func lineLimit(verb string) int {
	if argumentName(verb) == "argument" {
		return 8 << 10
	}
	return commandLimit
}
