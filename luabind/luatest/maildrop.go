package luatest

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// A Maildrop is a session on messages in memory, which answers as a server
// does, takes any password, and keeps what is decided. It is a luabind.Session,
// Reader, Marker, Decider, Explainer, Lister and, if Seen is set, Journaled. Its State
// and Save are for luabind.Grants.
type Maildrop struct {
	Decided   []Decided        // in the order in which it was decided; rset empties it
	Explained map[int][]string // the lines of each message, if Grants.Explain is set
	Commands  []string         // what reads or ends the session: "TOP 1 0", "QUIT"
	Committed bool             // QUIT was said

	// Seen is when earlier runs saw messages, by number; the others are new. Nil
	// is a session without a journal.
	Seen  map[int]time.Time
	Now   func() time.Time // the clock of what is new and of what expires; nil means time.Now
	Saved []Saved          // attachments

	messages []string
	values   memory
}

// Decided is a decision and the message that it is about.
type Decided struct {
	Message int // its message-number, from 1
	luabind.Decision
}

// Saved is an attachment that a script saved.
type Saved struct {
	Target, Name string // as the script, and as the message has it
	Octets       []byte // decoded
}

// NewMaildrop returns a session on messages, each a whole one in the form of
// RFC 5322. Of a message without any CR LF the line ends get one; in another a
// bare LF is part of the mail, as broken as it came.
func NewMaildrop(messages ...string) *Maildrop {
	m := &Maildrop{Explained: map[int][]string{}}
	for _, text := range messages {
		text = lineEnds(text)
		if !strings.HasSuffix(text, "\r\n") {
			text += "\r\n"
		}
		m.messages = append(m.messages, text)
	}
	return m
}

// lineEnds gives the line ends of a text their CR, unless one has it.
func lineEnds(text string) string {
	if strings.Contains(text, "\r\n") {
		return text
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}

// Deleted returns the numbers of the messages that would be deleted, sorted.
func (m *Maildrop) Deleted() []int {
	var numbers []int
	for n := 1; n <= len(m.messages); n++ {
		if m.marked(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// marked reports whether the last word about a message is delete.
func (m *Maildrop) marked(n int) bool {
	for _, d := range slices.Backward(m.Decided) {
		if d.Message == n && d.Action != luabind.ActionDeliver {
			return d.Action == luabind.ActionDelete
		}
	}
	return false
}

// Decide implements luabind.Decider.
func (m *Maildrop) Decide(_ context.Context, n int, d luabind.Decision) error {
	if n < 1 || n > len(m.messages) {
		return refusal("DELE "+strconv.Itoa(n), "no such message")
	}
	m.Decided = append(m.Decided, Decided{n, d})
	return nil
}

// Mark implements luabind.Marker.
func (m *Maildrop) Mark(ctx context.Context, which, reason string) (string, error) {
	n, err := m.visible("DELE", []string{which})
	if err != nil {
		return "", err
	}
	return "+OK", m.Decide(ctx, n, luabind.Decision{Action: luabind.ActionDelete, Reason: reason})
}

// Explain implements luabind.Explainer.
func (m *Maildrop) Explain(n int, lines []string) { m.Explained[n] = lines }

// Greeting implements luabind.Session.
func (m *Maildrop) Greeting() string { return "+OK messages in memory" }

// Cmd implements luabind.Session.
func (m *Maildrop) Cmd(ctx context.Context, verb string, args ...string) (string, error) {
	switch verb {
	case "LIST", "UIDL":
		n, err := m.visible(verb, args)
		return "+OK " + m.row(verb, n), err
	case "DELE":
		return m.Mark(ctx, strings.Join(args, " "), "dele")
	case "RSET":
		m.Decided = nil
	case "QUIT":
		return m.Quit(ctx)
	case "USER", "PASS", "RPOP", "NOOP", "UTF8":
	default:
		return "", refusal(verb, "unknown command")
	}
	return "+OK", nil
}

// CmdText implements luabind.Session.
func (m *Maildrop) CmdText(_ context.Context, verb string, args ...string) (*pop3.Text, error) {
	m.Commands = append(m.Commands, strings.Join(append([]string{verb}, args...), " "))
	var text strings.Builder
	switch verb {
	case "LIST", "UIDL":
		for n := range m.messages {
			if !m.marked(n + 1) {
				text.WriteString(m.row(verb, n+1) + "\r\n")
			}
		}
	case "RETR", "TOP":
		n, err := m.visible(verb, args)
		if err != nil {
			return nil, err
		}
		text.WriteString(m.content(verb, n, args))
	default:
		return nil, refusal(verb, "unknown command")
	}
	return pop3.NewText("+OK", strings.NewReader(text.String())), nil
}

// content is what RETR or TOP answer.
func (m *Maildrop) content(verb string, n int, args []string) string {
	if verb == "TOP" && len(args) == 2 {
		return top(m.messages[n-1], args[1])
	}
	return m.messages[n-1]
}

// Read implements luabind.Reader.
func (m *Maildrop) Read(_ context.Context, n, lines int) (*pop3.Text, error) {
	verb, args := "RETR", []string{strconv.Itoa(n)}
	if lines != pop3.Whole {
		verb, args = "TOP", append(args, strconv.Itoa(lines))
	}
	m.Commands = append(m.Commands, strings.Join(append([]string{verb}, args...), " "))
	if n < 1 || n > len(m.messages) {
		return nil, refusal(verb+" "+args[0], "no such message")
	}
	return pop3.NewText("+OK", strings.NewReader(m.content(verb, n, args))), nil
}

// top is a header and the first lines of the body.
func top(text, lines string) string {
	n, _ := strconv.Atoi(lines)
	header, body, found := strings.Cut(text, "\r\n\r\n")
	if !found {
		return text
	}
	rest := strings.SplitAfterN(body, "\r\n", n+1)
	return header + "\r\n\r\n" + strings.Join(rest[:min(n, len(rest))], "")
}

// row is a message's row of LIST or UIDL.
func (m *Maildrop) row(verb string, n int) string {
	if n == 0 {
		return ""
	}
	text := m.messages[n-1]
	if verb == "LIST" {
		return fmt.Sprintf("%d %d", n, len(text))
	}
	return strconv.Itoa(n) + " " + m.uniqueID(n)
}

// uniqueID is made of a message's number and text.
func (m *Maildrop) uniqueID(n int) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strconv.Itoa(n)+m.messages[n-1])))[:18]
}

// visible is the message that a command names, if it is there and not marked.
func (m *Maildrop) visible(verb string, args []string) (int, error) {
	if len(args) == 0 {
		return 0, refusal(verb, "which message?")
	}
	n, err := strconv.Atoi(args[0])
	switch {
	case err != nil || n < 1 || n > len(m.messages):
		return 0, refusal(verb+" "+args[0], "no such message")
	case m.marked(n):
		return 0, refusal(verb+" "+args[0], "message is marked already")
	}
	return n, nil
}

func refusal(command, text string) error {
	return &pop3.Error{Command: command, Text: text, Line: "-ERR " + text}
}

// Capabilities implements luabind.Session.
func (m *Maildrop) Capabilities(context.Context) (pop3.Capabilities, error) {
	return pop3.Capabilities{"TOP": nil, "UIDL": nil, "USER": nil}, nil
}

// Stat implements luabind.Session.
func (m *Maildrop) Stat(context.Context) (drop pop3.DropListing, err error) {
	for n, text := range m.messages {
		if !m.marked(n + 1) {
			drop.Count++
			drop.Octets += int64(len(text))
		}
	}
	return drop, nil
}

// STLS implements luabind.Session: there is no connection to secure.
func (m *Maildrop) STLS(context.Context, *tls.Config) (string, error) {
	return "", refusal("STLS", "there is nothing to secure")
}

// APOP implements luabind.Session.
func (m *Maildrop) APOP(context.Context, string, string) (string, error) { return "+OK", nil }

// Quit implements luabind.Session.
func (m *Maildrop) Quit(context.Context) (string, error) {
	m.Commands = append(m.Commands, "QUIT")
	m.Committed = true
	m.values.commit()
	return "+OK", nil
}

// Close implements luabind.Session. What scripts have set and not committed is
// gone.
func (m *Maildrop) Close() error {
	m.values.abort()
	return nil
}
