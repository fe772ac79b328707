package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/pop3"
)

// This file shows the server's answers through the plan.

// Stat implements luabind.Session.
func (s *session) Stat(ctx context.Context) (pop3.DropListing, error) {
	if s.marks() == 0 {
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

// uniqueIDs are the unique-ids by number; none where the server has no UIDL.
func (s *session) uniqueIDs(ctx context.Context) (map[int]string, error) {
	all, err := s.client.UIDL(ctx)
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
		return nil, nil
	}
	ids := make(map[int]string, len(all))
	for _, u := range all {
		ids[u.Number] = u.ID
	}
	return ids, err
}

// retrieve is RETR or TOP. What passes by is glanced at, for the report.
func (s *session) retrieve(ctx context.Context, verb string, args []string) (*pop3.Text, error) {
	if err := s.visible(verb, args); err != nil {
		return nil, err
	}
	text, err := s.client.CmdText(ctx, verb, args...)
	if err != nil {
		return nil, err
	}
	s.retrieved = s.retrieved || verb == "RETR"
	n := 0
	if len(args) > 0 { // a raw RETR may have none, and a server take it
		n, _ = messageNumber(args[0])
	}
	return pop3.NewText(text.Response(), &glancing{text: text, session: s, number: n}), nil
}

// A glance is what a person recognises a message by.
type glance struct{ from, subject string }

// glancing keeps the first octets of a text, and at its end tells the session
// what they say.
type glancing struct {
	text    *pop3.Text
	session *session
	number  int
	head    []byte
}

// Read implements io.Reader.
func (g *glancing) Read(p []byte) (int, error) {
	n, err := g.text.Read(p)
	if room := message.MaxGlance - len(g.head); room > 0 {
		g.head = append(g.head, p[:min(n, room)]...)
	}
	if err == io.EOF && g.head != nil {
		g.session.glanced(g.number, g.head)
		g.head = nil
	}
	return n, err
}

// glanceAt reads a header for the report's sake alone.
func (s *session) glanceAt(top pop3.Retrieved) error {
	head, err := io.ReadAll(io.LimitReader(top, message.MaxGlance))
	if err != nil {
		return err
	}
	from, subject := message.Glance(head)
	s.glances[top.Number] = glance{from, subject}
	return nil
}

// glanced remembers what the first octets of message n say.
func (s *session) glanced(n int, head []byte) {
	from, subject := message.Glance(head)
	s.glances[n] = glance{from, subject}
	s.done++
	s.progress("retrieve", s.done, s.total)
}

func (s *session) progress(stage string, done, total int) {
	if s.run.Progress != nil {
		s.run.Progress(stage, done, total)
	}
}
