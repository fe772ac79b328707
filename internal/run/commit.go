package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/pop3"
)

// Quit implements luabind.Session. It is the one commit: what is to be delivered
// is, so that it lasts, and is journalled; the marks of the plan are journalled
// and go to the server, pipelined where it can; QUIT makes them so; its reply is
// journalled. Anything that goes wrong before QUIT drops the session, which
// deletes nothing. A dry
// run, or a run that may not delete, turns back before the first DELE.
func (s *session) Quit(ctx context.Context) (string, error) {
	if s.ended {
		return "", pop3.ErrClosed
	}
	line, err := s.quit(ctx)
	if err != nil {
		s.abort(err.Error())
	}
	s.ended = true
	_ = s.forget() // after QUIT or a fault there is nothing in flight
	s.leave()
	return line, err
}

func (s *session) quit(ctx context.Context) (string, error) {
	if s.client.State() == pop3.Transaction && (s.run.Whole || s.run.DryRun) {
		if err := s.load(ctx); err != nil {
			return "", err
		}
	}
	if s.run.DryRun || s.marks() > 0 && s.run.Policy.Delete.IsZero() {
		return s.rehearse(ctx)
	}
	if err := s.forget(); err != nil {
		return "", err
	}
	if s.marks() > 0 {
		err := s.allowed()
		s.run.audit("delete", s.wanted(), err == nil)
		if err != nil {
			return "", err
		}
	}
	if s.changes() > 0 {
		if err := s.saved(); err != nil {
			return "", err
		}
		if err := s.deliver(ctx); err != nil {
			return "", err
		}
		if err := s.noteMarks(ctx); err != nil {
			return "", err
		}
		if err := s.mark(ctx); err != nil {
			return "", err
		}
	}
	return s.commit(ctx)
}

// changes counts the messages that something is to happen to.
func (s *session) changes() int {
	if s.plan == nil {
		return 0
	}
	return s.plan.Summary().Delete + s.plan.Summary().Deliver
}

// allowed asks the policy about the marks together with what the run deleted
// before, so that a script cannot pass the cap by connecting again. A number
// caps the whole run; a share is of each maildrop's own messages.
func (s *session) allowed() error {
	// What an earlier run was cut off at had been allowed then.
	own, all, messages := s.marks()-s.resumed, s.marks()-s.resumed, s.plan.Len()
	for _, other := range s.run.sessions {
		all += other.deleted()
		if other.plan != nil && other.journalKey() == s.journalKey() {
			own += other.deleted()
			messages = max(messages, other.plan.Len())
		}
	}
	if err := s.run.Policy.Delete.Allows(own, messages); err != nil {
		return err
	}
	return s.run.Policy.Delete.Allows(all, math.MaxInt) // of endless mail any share will do
}

// wanted says for the audit what is to be deleted.
func (s *session) wanted() string { return fmt.Sprintf("%d messages of %s", s.marks(), s.account()) }

// saved makes sure that what the script printed has been written.
func (s *session) saved() error {
	if s.run.Flush == nil {
		return nil
	}
	return s.run.Flush()
}

// deleted is how many messages the session deleted, or may have deleted.
func (s *session) deleted() int {
	if s.plan == nil || s.plan.Outcome() != plan.Committed && s.plan.Outcome() != plan.Unknown {
		return 0
	}
	return s.marks()
}

// rehearse ends a session that must change nothing. After a RETR it ends
// without QUIT: Gmail takes RETR with QUIT for "popped", and may then archive
// or delete the message.
func (s *session) rehearse(ctx context.Context) (string, error) {
	s.rehearsed = true
	if s.marks() > 0 {
		s.run.audit("delete", s.wanted(), false)
	}
	s.rehearseEarlier()
	if err := s.recognise(ctx); err != nil {
		return "", err
	}
	if !s.retrieved {
		if err := s.forget(); err != nil {
			return "", err
		}
		if _, err := s.client.Quit(ctx); err != nil {
			return "", err
		}
	}
	s.client.Close()
	return "+OK dry run, nothing is deleted", nil
}

// recognise reads the headers of marked messages that the script did not look
// at, so that a person can judge the plan.
func (s *session) recognise(ctx context.Context) error {
	if s.plan == nil {
		return nil
	}
	unseen := s.glances.missing(s.plan.Marks())
	if len(unseen) == 0 {
		return nil
	}
	if err := s.forget(); err != nil {
		return err
	}
	// A server without TOP must not be asked often: it may hang up on a client
	// that gives it unknown commands. The plan then does without names.
	caps, _ := s.client.Capabilities(ctx)
	if len(caps) > 0 && !caps.Has("TOP") {
		return nil
	}
	for top, err := range s.client.TopEach(ctx, unseen, 0) {
		if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
			if len(caps) == 0 {
				return nil
			}
			continue
		}
		if err != nil {
			return err
		}
		head, err := io.ReadAll(io.LimitReader(top, message.MaxGlance))
		if err != nil {
			return err
		}
		s.glances.put(top.Number, head)
	}
	return nil
}

// mark sends the plan's marks. A message that the server will not mark is
// kept, and counted; the others go on.
func (s *session) mark(ctx context.Context) error {
	marks := s.plan.Marks()
	done := 0
	for n, err := range s.client.MarkEach(ctx, marks) {
		if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
			s.refusals++
			d := s.plan.Decided(n)
			d.Mark, d.Reason = false, "the server refused DELE: "+refused.Text
			err = s.plan.Decide(n, d)
		}
		if err != nil {
			return err
		}
		done++
		s.progress("delete", done, len(marks))
	}
	return nil
}

// commit sends QUIT. From here on an interruption would leave the outcome
// unknown, so that only the timeouts of the session end the wait.
func (s *session) commit(ctx context.Context) (string, error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	s.step(plan.Unknown)
	line, err := s.client.Quit(context.WithoutCancel(ctx))
	if s.plan == nil {
		return line, err
	}
	if err == nil {
		s.step(plan.Committed)
		s.keepValues(ctx)
		return line, s.plan.Commit()
	}
	if refused := (*pop3.Error)(nil); s.marks() > 0 && (errors.Is(err, pop3.ErrCommitUnknown) || errors.As(err, &refused)) {
		s.plan.Lose(err.Error())
	}
	return line, err
}
