package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/pop3"
)

// An errand is one message on its way.
type errand struct {
	number  int
	targets []string
	doubt   bool   // the journal says it was delivered; that must be this message
	id      string // the delivery's, the same in every run
	digest  state.Digest
	octets  int64
	passed  bool // it was read whole, so that digest and octets are known
	had     bool // the backup was there already
}

// errands are the deliveries of the plan that are not done yet, by
// message-number.
func (s *session) errands() []*errand {
	var all []*errand
	for m, d := range s.plan.All() {
		known := s.known(m.Number)
		e := &errand{number: m.Number, targets: s.pending(d, known)}
		// A server may give the unique-id of a message that is gone to another. Before
		// what an earlier run delivered counts for a deletion, the content decides.
		e.doubt = d.Mark && known.Comparable && len(s.destinations(d)) > 0
		if len(e.targets) > 0 || e.doubt {
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
	return slices.DeleteFunc(slices.Clone(s.destinations(d)), known.Delivered)
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
	e.targets = s.pending(s.plan.Decided(e.number), known)
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
