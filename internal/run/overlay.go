package run

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/popherd/popherd/pop3"
)

// This file shows the server's answers through the plan.

// Stat implements luabind.Session.
func (s *session) Stat(ctx context.Context) (pop3.DropListing, error) {
	if s.marks() == 0 {
		if err := s.settle(); err != nil {
			return pop3.DropListing{}, err
		}
		drop, err := s.client.Stat(ctx)
		if err == nil {
			s.total = drop.Count
		}
		return drop, err
	}
	count, octets := s.plan.Stat()
	return pop3.DropListing{Count: count, Octets: octets}, nil
}

func (s *session) statLine(ctx context.Context) (string, error) {
	drop, err := s.Stat(ctx)
	return fmt.Sprintf("+OK %d %d", drop.Count, drop.Octets), err
}

// marks counts what the script marked so far.
func (s *session) marks() int {
	if s.plan == nil {
		return 0
	}
	return s.plan.Summary().Delete
}

// listing is LIST or UIDL of all messages. Without marks it is the server's,
// to the octet; else the marked rows are left out.
func (s *session) listing(ctx context.Context, verb string) (*pop3.Text, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	text, err := s.client.CmdText(ctx, verb)
	if err != nil || s.marks() == 0 {
		return text, err
	}
	rows, err := s.withoutMarked(text)
	if err != nil {
		return nil, err
	}
	count, octets := s.plan.Stat()
	response := fmt.Sprintf("+OK %d messages", count)
	if verb == "LIST" {
		response = fmt.Sprintf("+OK %d messages (%d octets)", count, octets)
	}
	return pop3.NewText(response, bytes.NewReader(rows)), nil
}

// withoutMarked reads a listing and leaves out the rows of marked messages.
func (s *session) withoutMarked(text *pop3.Text) ([]byte, error) {
	all, err := io.ReadAll(text)
	if err != nil {
		return nil, err
	}
	var rows []byte
	for row := range bytes.Lines(all) {
		fields := strings.Fields(string(row))
		if len(fields) > 0 {
			if n, ok := messageNumber(fields[0]); ok && s.plan.Marked(n) {
				continue
			}
		}
		rows = append(rows, row...)
	}
	return rows, nil
}

// retrieve is RETR or TOP. What passes by is glanced at, for the report.
func (s *session) retrieve(ctx context.Context, verb string, args []string) (*pop3.Text, error) {
	if err := s.visible(verb, args); err != nil {
		return nil, err
	}
	n, lines, ok := asked(verb, args)
	if !ok { // the server's to judge
		return s.unusual(ctx, verb, args)
	}
	return s.Read(ctx, n, lines)
}

// Read implements luabind.Reader: unlike RETR and TOP it reads what is marked,
// too, since a decision about a message is no reason not to look at it.
func (s *session) Read(ctx context.Context, n, lines int) (*pop3.Text, error) {
	text, err := s.get(ctx, n, lines)
	if err != nil {
		return nil, err
	}
	s.retrieved = s.retrieved || lines == pop3.Whole
	s.done++
	s.progress("retrieve", s.done, s.total)
	s.glances.begin(n, s.run.whole(s.total))
	return pop3.NewText(text.Response(), &glancing{text: text, glances: &s.glances}), nil
}

// unusual is RETR or TOP with arguments that no message has, such as a word.
func (s *session) unusual(ctx context.Context, verb string, args []string) (*pop3.Text, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	text, err := s.client.CmdText(ctx, verb, args...)
	s.retrieved = s.retrieved || err == nil && verb == "RETR"
	return text, err
}

// asked reads the arguments of RETR or TOP.
func asked(verb string, args []string) (n, lines int, ok bool) {
	if verb == "RETR" {
		if len(args) != 1 {
			return 0, 0, false
		}
		n, ok = messageNumber(args[0])
		return n, pop3.Whole, ok && n > 0
	}
	if len(args) != 2 {
		return 0, 0, false
	}
	n, ok = messageNumber(args[0])
	lines, whole := messageNumber(args[1])
	return n, lines, ok && whole && n > 0 && lines >= 0
}

func (s *session) progress(stage string, done, total int) {
	if s.run.Progress != nil {
		s.run.Progress(stage, done, total)
	}
}
