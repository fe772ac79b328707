package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// A journal is one session's part of what popherd remembers between runs: what
// was delivered, what an earlier run meant to delete and could not, what is new.
type journal struct {
	account *state.Account
	run     state.RunID
	known   []state.Known // as the plan's rows
	values  values
}

// journalKey names the session's account for ever.
func (s *session) journalKey() string {
	if s.key != "" {
		return s.key
	}
	return Key(s.user, s.host, s.port)
}

// Key is the name under which an account is remembered: user@host, and the port
// where it is not a usual one.
func Key(user, host string, port int) string {
	if port != pop3.Port && port != pop3.TLSPort {
		host = luabind.DialRequest{Host: host, Port: port}.Address()
	}
	return user + "@" + host
}

// A StateError is what popherd remembers that cannot be had.
type StateError struct{ Err error }

// Error implements error.
func (e *StateError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StateError) Unwrap() error { return e.Err }

// Kind is "policy" for an account that another run works, else "output".
func (e *StateError) Kind() string {
	if locked := (*state.LockedError)(nil); errors.As(e.Err, &locked) {
		return "policy"
	}
	return "output"
}

// Hint says what to do.
func (e *StateError) Hint() string {
	if hinted := (interface{ Hint() string })(nil); errors.As(e.Err, &hinted) {
		return hinted.Hint()
	}
	if e.Kind() == "policy" {
		return "wait until it has ended"
	}
	return "name a folder that can be written with --state-dir"
}

// lockWait is how long a run waits for another that is about to end: a worker
// that was killed keeps its locks until the system has cleared it away.
const lockWait = 2 * time.Second

// lock takes the account.
func (s *session) lock(ctx context.Context, store *state.Store) (*state.Account, error) {
	tick := time.NewTicker(lockWait / 40)
	defer tick.Stop()
	for tries := 40; ; tries-- {
		account, err := store.Account(ctx, s.journalKey(), s.run.now())
		if tries == 0 || !errors.As(err, new(*state.LockedError)) {
			return account, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// recall locks the account, brings the journal up to the listing, and plans
// again what an earlier run was cut off at.
func (s *session) recall(ctx context.Context) error {
	store, err := s.run.state(ctx)
	if err != nil {
		return &StateError{err}
	}
	if store == nil {
		return nil
	}
	j := &journal{}
	if j.account, err = s.lock(ctx, store); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &StateError{err}
	}
	s.journal = j
	if j.run, err = j.account.Begin(ctx, s.run.now(), s.run.Program.Name()); err != nil {
		return err
	}
	listing := make([]state.Listed, 0, s.plan.Len())
	for m := range s.plan.All() {
		listing = append(listing, state.Listed{UniqueID: m.UniqueID, Octets: m.Octets})
	}
	observed, err := j.account.Observe(ctx, s.run.now(), listing)
	if err != nil {
		return err
	}
	j.known = observed.Known
	for _, u := range observed.Unsettled {
		s.run.log("info", fmt.Sprintf("run %d was cut off: of what it meant to delete %d messages are gone, %d are deleted now", u.Run, u.Gone, u.Left))
	}
	if err := s.compare(ctx); err != nil {
		return err
	}
	return s.resume()
}

// compare makes sure that what an earlier run meant to delete is what it was,
// where its content is known: a server may give the unique-id of a message that
// is gone to another.
func (s *session) compare(ctx context.Context) error {
	i := -1
	for m := range s.plan.All() {
		i++
		known := s.journal.known[i]
		if known.Wanted() == 0 || !known.Comparable {
			continue
		}
		e := &errand{number: m.Number}
		digest, err := s.digest(ctx, e)
		if err != nil {
			return err
		}
		if s.failures[e.number] != "" { // it cannot be compared: it stays
			continue
		}
		listed := state.Listed{UniqueID: m.UniqueID, Octets: m.Octets}
		if s.journal.known[i], err = s.journal.account.Identify(ctx, s.run.now(), listed, known, digest); err != nil {
			return err
		}
	}
	return nil
}

// log tells a person something that is no error.
func (r *run) log(level, message string) {
	if r.Log != nil {
		r.Log(level, message, nil)
	}
}

// resume marks what an earlier run meant to delete and was not told the outcome
// of. The script does not see these messages: about them all is decided.
func (s *session) resume() error {
	if s.journal == nil {
		return nil
	}
	s.resumed = 0
	i := -1
	for m := range s.plan.All() {
		i++
		earlier := s.journal.known[i].Wanted()
		if earlier == 0 || s.failures[m.Number] != "" {
			continue
		}
		reason := fmt.Sprintf("run %d meant to delete it and was cut off", earlier)
		if err := s.plan.Decide(m.Number, plan.Decision{Mark: true, Reason: reason}); err != nil {
			return err
		}
		s.resumed++
	}
	return nil
}

// known is what is remembered of message n; nothing without a journal.
func (s *session) known(n int) state.Known {
	if s.journal == nil {
		return state.Known{}
	}
	i, ok := s.plan.Index(n)
	if !ok {
		return state.Known{}
	}
	return s.journal.known[i]
}

// note writes a step of the run, if there is a journal.
func (s *session) note(ctx context.Context, step func(j *state.Journal)) error {
	if s.journal == nil {
		return nil
	}
	// An interruption must not tear a step from what it tells of.
	return s.journal.account.Journal(context.WithoutCancel(ctx), s.run.now(), s.journal.run, step)
}

// noteMarks journals the plan and what is about to be deleted.
func (s *session) noteMarks(ctx context.Context) error {
	return s.note(ctx, func(j *state.Journal) {
		s.noteRows(j)
		for _, n := range s.plan.Marks() {
			if k := s.known(n); k.Key != 0 {
				j.Wanted(k.Key)
			}
		}
	})
}

// noteRows journals what was decided, for people to read later.
func (s *session) noteRows(j *state.Journal) {
	for m, d := range s.plan.All() {
		if d.Reason == plan.NoRule {
			continue
		}
		row := s.row(m, d)
		target := ""
		if len(d.Deliver) > 0 {
			target = d.Deliver[0]
		}
		j.Plan(state.Row{
			Key: s.known(m.Number).Key, Number: m.Number, UniqueID: m.UniqueID, Octets: m.Octets,
			Decision: row.Decision, Target: target, Reason: row.Reason, Rule: d.Rule, Evidence: d.Evidence,
			Subject: row.Subject, From: row.From,
		})
	}
}

// noteEnd journals the outcome, and gives the account to others. An error is
// told only where nothing worse is.
func (s *session) noteEnd(ctx context.Context) error {
	if s.journal == nil || s.plan == nil {
		return nil
	}
	outcome := s.plan.Outcome()
	err := s.note(ctx, func(j *state.Journal) {
		switch outcome {
		case plan.Committed:
			s.noteRecovered(j)
			for _, n := range s.plan.Marks() {
				if k := s.known(n); k.Key != 0 {
					j.Gone(k.Key)
				}
			}
		case plan.Planned:
			s.noteRows(j)
		}
		j.End(outcome.String(), s.plan.Why())
	})
	if closed := s.journal.account.Close(); err == nil {
		err = closed
	}
	s.journal = nil
	return err
}

// noteRecovered forgets the failures of messages that this run got over: only
// those of runs in a row count.
func (s *session) noteRecovered(j *state.Journal) {
	for m := range s.plan.All() {
		k := s.known(m.Number)
		n := k.Failures()
		left := s.run.Quarantine > 0 && n >= s.run.Quarantine // alone: nobody tried
		if k.Key != 0 && n > 0 && !left && s.failures[m.Number] == "" {
			j.Recovered(k.Key)
		}
	}
}

// now is the clock of the host.
func (r *run) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// state opens what popherd remembers, once; nil remembers nothing.
func (r *run) state(ctx context.Context) (*state.Store, error) {
	if r.store != nil || r.OpenState == nil {
		return r.store, nil
	}
	store, err := r.OpenState(ctx)
	if err != nil {
		return nil, err
	}
	r.store = store
	return store, nil
}
