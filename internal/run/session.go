package run

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/pop3"
)

// A session stands between a script and a server: it sends what reads, and
// keeps in a plan what would delete. What the server answers is shown through
// the plan, so that a script sees what a server would show that had heard
// every DELE. It is a luabind.Session.
type session struct {
	run    *run
	client *pop3.Client
	host   string
	port   int
	user   string
	name   string // of an account that the host logged in; empty for a script's own
	key    string // under which it is remembered; empty for journalKey's

	plan            *plan.Plan       // nil until something needs it
	journal         *journal         // nil if nothing is remembered
	resumed         int              // marks of an earlier run
	failures        map[int]string   // why messages could not be delivered, by message-number
	earlier         map[int][]string // targets that got nothing now since they had it, by message-number
	reader          reader
	body            *bufio.Reader // and passing: what deliveries read by
	passing         []byte
	glances         glances
	explained       map[int][]string // which predicates held, by message-number
	explainedOctets int
	retrieved       bool // a RETR was sent: see rehearse
	done            int  // messages retrieved, for Progress
	total           int  // messages of the maildrop if known, for Progress
	quarantined     int  // messages left alone
	refusals        int  // DELEs that the server refused
	rehearsed       bool // QUIT came, and was not to change anything
	ended           bool
}

// account names the session for people: user@host.
func (s *session) account() string {
	switch {
	case s.name != "":
		return s.name
	case s.user == "":
		return s.host
	case strings.Contains(s.user, "@"):
		return s.user + " at " + s.host
	}
	return s.user + "@" + s.host
}

// Greeting implements luabind.Session.
func (s *session) Greeting() string { return s.client.Greeting() }

// TLS tells luabind whether the session is secure already.
func (s *session) TLS() (tls.ConnectionState, bool) { return s.client.TLS() }

// Capabilities implements luabind.Session.
func (s *session) Capabilities(ctx context.Context) (pop3.Capabilities, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	return s.client.Capabilities(ctx)
}

// STLS implements luabind.Session.
func (s *session) STLS(ctx context.Context, config *tls.Config) (string, error) {
	if err := s.settle(); err != nil {
		return "", err
	}
	return s.client.STLS(ctx, config)
}

// APOP implements luabind.Session.
func (s *session) APOP(ctx context.Context, user, secret string) (string, error) {
	s.user = user
	if err := s.settle(); err != nil {
		return "", err
	}
	return s.client.APOP(ctx, user, secret)
}

// Cmd implements luabind.Session.
func (s *session) Cmd(ctx context.Context, verb string, args ...string) (string, error) {
	switch verb = strings.ToUpper(verb); verb {
	case "DELE":
		return s.Mark(ctx, strings.Join(args, " "), "the script said dele")
	case "RSET":
		return s.reset(ctx)
	case "STAT":
		return s.statLine(ctx)
	case "QUIT":
		return s.Quit(ctx)
	case "USER", "RPOP":
		s.user = strings.Join(args, " ")
	case "LIST", "UIDL":
		if err := s.visible(verb, args); err != nil {
			return "", err
		}
	case "RETR", "TOP":
		return "", notOneLine(verb, "a text")
	}
	if err := s.settle(); err != nil {
		return "", err
	}
	return s.client.Cmd(ctx, verb, args...)
}

// CmdText implements luabind.Session.
func (s *session) CmdText(ctx context.Context, verb string, args ...string) (*pop3.Text, error) {
	switch verb = strings.ToUpper(verb); verb {
	case "LIST", "UIDL":
		if len(args) == 0 {
			return s.listing(ctx, verb)
		}
		return nil, notOneLine(verb, "one line")
	case "RETR", "TOP":
		return s.retrieve(ctx, verb, args)
	case "DELE", "RSET", "STAT", "QUIT", "USER", "PASS", "APOP", "RPOP", "NOOP", "UTF8", "STLS", "AUTH":
		return nil, notOneLine(verb, "one line")
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	return s.client.CmdText(ctx, verb, args...)
}

// notOneLine refuses a raw command that would leave the session out of step,
// or get past the plan.
func notOneLine(verb, answer string) error {
	return &pop3.ArgumentError{Command: verb, Argument: "command", Reason: "is answered by " + answer}
}

// Mark puts a message on the plan, as DELE does on a server. A number that the
// maildrop does not have, or that is marked already, is refused as a server
// would.
func (s *session) Mark(ctx context.Context, which, reason string) (string, error) {
	if err := s.load(ctx); err != nil {
		return "", err
	}
	n, ok := messageNumber(which)
	err := plan.ErrNoMessage
	if ok {
		err = s.plan.Mark(n, reason)
	}
	if err != nil {
		return "", refusal("DELE "+which, err)
	}
	s.glances.keep(n)
	return fmt.Sprintf("+OK message %d is marked, quit deletes it", n), nil
}

// refusal is err in the form in which a server would have said it.
func refusal(command string, err error) error {
	return &pop3.Error{Command: command, Text: err.Error(), Line: "-ERR " + err.Error()}
}

// reset empties the plan, and goes to the server too.
func (s *session) reset(ctx context.Context) (string, error) {
	if err := s.settle(); err != nil {
		return "", err
	}
	line, err := s.client.Reset(ctx)
	if err == nil && s.plan != nil {
		err = s.plan.Reset()
	}
	if err == nil {
		s.explained, s.explainedOctets = nil, 0
		err = s.resume()
	}
	return line, err
}

// visible refuses a command for a marked message, as a server would.
func (s *session) visible(verb string, args []string) error {
	if s.plan == nil || len(args) == 0 {
		return nil
	}
	if n, ok := messageNumber(args[0]); ok && s.plan.Marked(n) {
		return refusal(verb+" "+args[0], plan.ErrMarked)
	}
	return nil
}

// messageNumber reads a number as servers do: "+1" and "01" are none.
func messageNumber(which string) (n int, ok bool) {
	n, err := strconv.Atoi(which)
	return n, err == nil && strconv.Itoa(n) == which
}

// load makes the plan of the maildrop's listing, once.
func (s *session) load(ctx context.Context) error {
	if s.plan != nil {
		return nil
	}
	if err := s.settle(); err != nil {
		return err
	}
	scans, unique, err := s.client.Listings(ctx)
	if err != nil {
		return err
	}
	ids := make(map[int]string, len(unique))
	for _, u := range unique {
		ids[u.Number] = u.ID
	}
	messages := make([]plan.Message, len(scans))
	for i, scan := range scans {
		messages[i] = plan.Message{Number: scan.Number, Octets: scan.Octets, UniqueID: ids[scan.Number]}
	}
	s.plan, err = plan.New(messages)
	if err != nil {
		s.client.Close()
		return &pop3.ProtocolError{Command: "LIST", Reason: err.Error()}
	}
	s.total = len(messages)
	if err := s.recall(ctx); err != nil {
		s.abort(err.Error())
		return err
	}
	return nil
}

// Close implements luabind.Session: it drops the session without QUIT.
func (s *session) Close() error {
	why := "the script closed the session without quit"
	if stop := context.Cause(s.run.ctx); stop != nil { // pop3.with closes on its way out
		why = stop.Error()
	}
	s.abort(why)
	return nil
}

// abort ends the session without a commit, unless it ended before.
func (s *session) abort(why string) {
	if s.ended {
		return
	}
	s.ended = true
	s.client.Close()
	_ = s.forget() // the connection is gone, and so is what was in flight
	if s.plan != nil {
		s.plan.Abort(why)
	}
	s.leave()
}

// leave ends the session's part of the journal. What it could not say is found
// out by the next run; it must not hide how this one ended.
func (s *session) leave() {
	if err := s.noteEnd(context.WithoutCancel(s.run.ctx)); err != nil {
		s.run.log("error", "journal: "+err.Error())
	}
}
