// Package tally counts a maildrop's messages: by sender, domain, age, size or
// list. It reads listings and headers ahead of one another, and changes nothing:
// no message is retrieved whole, none is marked, and the session stays open.
package tally

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/pop3"
)

// By is what messages are counted by.
type By string

const (
	Sender By = "sender" // the first address of From, or else of Sender, in lower case
	Domain By = "domain" // of that address
	Age    By = "age"    // since Date, or else Received
	Size   By = "size"   // as LIST has it; needs no header, and so knows no dates
	List   By = "list"   // the identifier of List-Id
)

// All are the ways to count.
func All() []By { return []By{Sender, Domain, Age, Size, List} }

// Options say how to count. Limit 0 is no limit, Now nil is time.Now, Progress
// nil tells nobody.
type Options struct {
	By       By
	Limit    int // rows at most; those of Age and Size are few, and never cut
	Now      func() time.Time
	Progress func(done, total int) // after each header
}

// A Sum is what some messages are together. The dates are zero if none of the
// messages has one, or if no header was read.
type Sum struct {
	Messages int       `json:"messages"`
	Octets   int64     `json:"octets"` // as LIST announces them
	Oldest   time.Time `json:"oldest,omitzero"`
	Newest   time.Time `json:"newest,omitzero"`
}

// A Row is the messages that have a Key in common. The Key of those that have
// none, such as no sender, is "". It is text of the messages: not to be trusted.
type Row struct {
	Key string `json:"key"`
	Sum
}

// A Result is a maildrop counted. Rows, Others and Unreadable together are all
// of it.
type Result struct {
	By By `json:"by"`
	Sum
	Rows       []Row `json:"rows"`            // most messages first; those of Age and Size in their order
	Others     Sum   `json:"others,omitzero"` // messages beyond the rows
	Unreadable Sum   `json:"unreadable,omitzero"`
}

// Bounds that keep memory bounded, whatever the messages say.
const (
	maxKeys = 50_000 // different ones; messages with further ones are Others
	maxKey  = 320    // octets; an address has 64, "@" and 255 at most (RFC 5321 section 4.5.3.1)
)

// Count counts the maildrop that c is logged in to. A message whose TOP is
// refused is Unreadable; any other error ends the session and the count.
// Memory grows with the listing, and with different keys up to some 30 MB, but
// not with the messages.
func Count(ctx context.Context, c *pop3.Client, o Options) (*Result, error) {
	listed, err := c.List(ctx)
	if err != nil {
		return nil, err
	}
	t := newTally(o)
	if o.By == Size {
		for _, m := range listed {
			t.add(sizes.find(m.Octets), m.Octets, time.Time{})
		}
		return t.result(), nil
	}
	done := 0
	for m, err := range Headers(ctx, c, listed) {
		if err != nil {
			return nil, err
		}
		t.count(m)
		done++
		if o.Progress != nil {
			o.Progress(done, len(listed))
		}
	}
	return t.result(), nil
}

// A tally is a count that goes on.
type tally struct {
	by    By
	limit int
	now   time.Time
	rows  map[string]*Sum

	all, others, unreadable Sum
}

func newTally(o Options) *tally {
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	return &tally{by: o.By, limit: o.Limit, now: now(), rows: map[string]*Sum{}}
}

// count counts a message by its header.
func (t *tally) count(m Message) {
	if m.Header == nil {
		t.all.add(m.Octets, time.Time{})
		t.unreadable.add(m.Octets, time.Time{})
		return
	}
	sent := Sent(m.Header)
	t.add(t.key(m.Header, sent), m.Octets, sent)
}

// key is what a message is counted under.
func (t *tally) key(h *message.Header, sent time.Time) string {
	switch t.by {
	case Sender:
		return short(strings.ToLower(h.From().Address))
	case Domain:
		return short(h.From().Domain())
	case List:
		return short(h.ListID())
	}
	return age(t.now, sent)
}

// short is a key of its own, of maxKey octets at most: a piece of a header
// would keep all of it.
func short(key string) string {
	if len(key) > maxKey {
		key = strings.ToValidUTF8(key[:maxKey], "")
	}
	return strings.Clone(key)
}

func (t *tally) add(key string, octets int64, sent time.Time) {
	t.all.add(octets, sent)
	sum, ok := t.rows[key]
	if !ok && len(t.rows) >= maxKeys {
		t.others.add(octets, sent)
		return
	}
	if !ok {
		sum = new(Sum)
		t.rows[key] = sum
	}
	sum.add(octets, sent)
}

// add adds a message; sent is zero if nobody knows.
func (s *Sum) add(octets int64, sent time.Time) {
	s.join(Sum{1, octets, sent, sent})
}

// join adds messages.
func (s *Sum) join(other Sum) {
	s.Messages += other.Messages
	s.Octets += other.Octets
	if !other.Oldest.IsZero() && (s.Oldest.IsZero() || other.Oldest.Before(s.Oldest)) {
		s.Oldest = other.Oldest
	}
	if other.Newest.After(s.Newest) {
		s.Newest = other.Newest
	}
}

// result is what was counted so far.
func (t *tally) result() *Result {
	r := &Result{By: t.by, Sum: t.all, Rows: []Row{}, Others: t.others, Unreadable: t.unreadable}
	for key, sum := range t.rows {
		r.Rows = append(r.Rows, Row{key, *sum})
	}
	if s, ok := scales[t.by]; ok {
		r.Rows = append([]Row{}, s.fill(r.Rows)...)
		return r
	}
	slices.SortFunc(r.Rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Messages, a.Messages), cmp.Compare(b.Octets, a.Octets), cmp.Compare(a.Key, b.Key))
	})
	if t.limit > 0 && len(r.Rows) > t.limit {
		for _, row := range r.Rows[t.limit:] {
			r.Others.join(row.Sum)
		}
		r.Rows = r.Rows[:t.limit]
	}
	return r
}
