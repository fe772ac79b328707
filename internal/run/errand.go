package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/pop3"
)

// An errand is one message on its way.
type errand struct {
	number  int
	targets []string // that are to get it
	asked   []string // that have it by the journal, and must say so before it is deleted
	sent    []string // of targets, to which it was sent now
	doubt   bool     // the journal says it was delivered; that must be this message
	id      string   // the delivery's, the same in every run
	digest  state.Digest
	octets  int64
	passed  bool // it was read whole, so that digest and octets are known
	had     bool // the backup was there already
}

// reads reports whether the message must be retrieved, as far as known.
func (e *errand) reads() bool { return len(e.targets) > 0 || e.doubt }

// errands are the deliveries of the plan that are not done yet, by
// message-number.
func (s *session) errands() []*errand {
	var all []*errand
	for m, d := range s.plan.All() {
		known := s.known(m.Number)
		e := &errand{number: m.Number, targets: s.pending(d, known), asked: s.witnesses(d, known)}
		// A server may give the unique-id of a message that is gone to another. Before
		// what an earlier run delivered counts for a deletion, the content decides.
		e.doubt = d.Mark && known.Comparable && len(s.destinations(d)) > 0
		if e.reads() || len(e.asked) > 0 {
			all = append(all, e)
		}
	}
	return all
}

// destinations are the targets that a message must have reached.
func (s *session) destinations(d plan.Decision) []string {
	if d.Mark && s.run.Backup != nil {
		return append(slices.Clone(d.Deliver), backup)
	}
	return d.Deliver
}

// pending are the targets that a message has not reached yet.
func (s *session) pending(d plan.Decision, known state.Known) []string {
	return slices.DeleteFunc(slices.Clone(s.destinations(d)), func(name string) bool { return known.Delivered(s.run.place(name)) })
}

// witnesses are the targets that have a message to be deleted by the journal
// alone, and can be asked: what they lost since must not be lost on the server,
// too.
func (s *session) witnesses(d plan.Decision, known state.Known) (names []string) {
	if !d.Mark {
		return nil
	}
	candidates := s.destinations(d)
	if known.Wanted() != 0 { // decided by a run that was cut off: by all that it delivered to
		candidates = append(slices.Sorted(maps.Keys(s.run.Targets)), candidates...)
	}
	asked := map[string]bool{}
	for _, name := range candidates {
		place := s.run.place(name)
		if spec, ok := s.run.spec(name); !ok || !askable(spec) || asked[place] || !known.Delivered(place) {
			continue
		}
		asked[place] = true
		names = append(names, name)
	}
	return names
}

// askable reports whether a target can say what it has. What an mbox says is
// where a message was, which changes as soon as a reader removes another one:
// then the journal is right, unless the file is gone or empty.
func askable(spec deliver.Spec) bool {
	if spec.Kind != deliver.Mbox {
		return !forgetful(spec.Kind)
	}
	info, err := os.Stat(spec.Path)
	return err != nil || info.Size() == 0
}

// ask has the witnesses say whether they have a message, and sends it again to
// those that do not.
func (s *session) ask(ctx context.Context, e *errand) error {
	if len(e.asked) == 0 {
		return nil
	}
	for _, name := range e.asked {
		have, err := s.run.has(ctx, name, e.id)
		switch {
		case ctx.Err() != nil: // which is no fault of the message
			return context.Cause(ctx)
		case err != nil:
			return s.keep(e, fmt.Sprintf("not known whether %s has it: %v", name, err))
		case !have:
			e.targets = append(e.targets, name)
		}
	}
	if len(e.targets) == 0 {
		return nil
	}
	return s.plan.Decide(e.number, s.resent(e))
}

// resent is the decision about an errand's message. What an earlier run was cut
// off at is decided without targets, until one turns out to need it.
func (s *session) resent(e *errand) plan.Decision {
	d := s.plan.Decided(e.number)
	for _, name := range e.targets {
		if name != backup && !slices.Contains(d.Deliver, name) {
			d.Deliver = append(slices.Clone(d.Deliver), name)
		}
	}
	return d
}

// has asks a target whether it has a delivery.
func (r *run) has(ctx context.Context, name, id string) (bool, error) {
	target, err := r.target(ctx, name)
	if err != nil {
		return false, err
	}
	d, err := target.Begin(ctx, deliver.Envelope{ID: id})
	switch {
	case errors.Is(err, deliver.ErrHave):
		return true, nil
	case err != nil:
		return false, err
	}
	return false, d.Abort()
}

// identify finds the id of the delivery, for which a message without an
// unambiguous unique-id must be read once more.
func (s *session) identify(ctx context.Context, e *errand) error {
	m, _ := s.plan.Find(e.number)
	i, _ := s.plan.Index(e.number)
	if s.journal == nil && m.UniqueID != "" {
		e.id = idOf(s.journalKey(), m.UniqueID, fmt.Sprint(m.Octets))
		return nil
	}
	if s.journal != nil && s.journal.known[i].Key != 0 && !s.journal.known[i].Doubtful && !e.doubt {
		id, err := s.journal.account.DeliveryID(ctx, s.journal.known[i].Key)
		e.id = id
		return err
	}
	digest, err := s.digest(ctx, e)
	if err != nil || s.failures[e.number] != "" {
		return err
	}
	if s.journal == nil {
		e.id = idOf(s.journalKey(), hex.EncodeToString(digest[:]))
		return nil
	}
	known, err := s.journal.account.Identify(ctx, s.run.now(), state.Listed{UniqueID: m.UniqueID, Octets: m.Octets}, s.journal.known[i], digest)
	if err != nil {
		return err
	}
	s.journal.known[i] = known
	d := s.plan.Decided(e.number)
	e.targets, e.asked = s.pending(d, known), s.witnesses(d, known)
	e.id, err = s.journal.account.DeliveryID(ctx, known.Key)
	return err
}

// idOf is the id of a delivery without a journal.
func idOf(of ...string) string {
	h := sha256.New()
	for _, part := range of {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// digest retrieves a message for its digest alone.
func (s *session) digest(ctx context.Context, e *errand) (d state.Digest, err error) {
	text, err := s.get(ctx, e.number, pop3.Whole)
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
		return d, s.fail(ctx, e, "the server refused RETR: "+refused.Text)
	}
	if err != nil {
		return d, err
	}
	h := sha256.New()
	_, err = text.WriteTo(h)
	h.Sum(d[:0])
	return d, err
}
