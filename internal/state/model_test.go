package state

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A model is a maildrop with what is true of each of its messages, beside the
// store that must never claim more.
type model struct {
	store    *Store
	name     string
	account  *Account
	now      time.Time
	run      RunID
	serial   int
	maildrop []*truth
	held     []*truth // messages that were deleted
	known    []Known
	listed   []*truth // what known is about
}

type truth struct {
	uid       string
	octets    int64
	content   string
	delivered bool
	wanted    bool // by a run that may have committed
}

func (m *model) listing() (listing []Listed) {
	m.listed = slices.Clone(m.maildrop)
	for _, x := range m.listed {
		listing = append(listing, Listed{x.uid, x.octets})
	}
	return listing
}

// TestModel: whatever happens to a maildrop and to the runs over it, no message
// counts as delivered or wanted that is not; and while unique-ids hold,
// everything that was delivered is known to be, once it is identified.
func TestModel(t *testing.T) {
	for _, hold := range []bool{true, false} {
		t.Run(fmt.Sprintf("hold=%v", hold), func(t *testing.T) {
			s := openStore(t, t.TempDir())
			if _, err := s.db.Exec("PRAGMA synchronous = off"); err != nil { // no power is lost here
				t.Fatal(err)
			}
			accounts := 0
			rapid.Check(t, func(t *rapid.T) {
				accounts++
				runModel(t, s, fmt.Sprint("account ", accounts), hold)
			})
		})
	}
}

func runModel(t *rapid.T, s *Store, name string, hold bool) {
	m := &model{store: s, name: name, now: day}
	m.reopen(t)
	defer func() { m.account.Close() }()
	ops := []func(*rapid.T, *model){arrive, arrive, observeModel, observeModel, deliverModel, commitModel, cutOff, hide, moveClock}
	if !hold {
		ops = append(ops, reuse, renew, loseIDs, twice)
	}
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		rapid.SampledFrom(ops).Draw(t, "op")(t, m)
		m.check(t, hold)
	}
}

func (m *model) reopen(t *rapid.T) {
	if m.account != nil {
		m.account.Close()
	}
	a, err := m.store.Account(context.Background(), m.name, m.now)
	if err == nil {
		m.account = a
		m.run, err = a.Begin(context.Background(), m.now, "test.lua")
	}
	if err != nil {
		t.Fatal(err)
	}
	m.known, m.listed = nil, nil
}

func (m *model) journal(t *rapid.T, step func(j *Journal)) {
	if err := m.account.Journal(context.Background(), m.now, m.run, step); err != nil {
		t.Fatal(err)
	}
}

// check observes twice, and compares what is known with the truth.
func (m *model) check(t *rapid.T, hold bool) {
	ctx := context.Background()
	var last []string
	for range 2 {
		listing := m.listing()
		o, err := m.account.Observe(ctx, m.now, listing)
		if err != nil {
			t.Fatal(err)
		}
		m.known = o.Known
		var words []string
		for _, k := range m.known {
			words = append(words, tell(k))
		}
		if last != nil && !slices.Equal(words, last) {
			t.Fatalf("a second look: got %q, want %q", words, last)
		}
		last = words
	}
	for i, x := range m.listed {
		k := m.known[i]
		// Unlike a caller that saves itself the work, the model compares
		// whatever may be another message under a known unique-id.
		if k.Key == 0 || k.Doubtful || !hold && k.Comparable {
			var err error
			if k, err = m.account.Identify(ctx, m.now, Listed{x.uid, x.octets}, k, digestOf(x.content)); err != nil {
				t.Fatal(err)
			}
			m.known[i] = k
		}
		if k.Doubtful || k.Key == 0 {
			t.Fatalf("%+v: %s after it was identified", x, tell(k))
		}
		if k.Delivered("box") && !m.delivered(x.content) {
			t.Fatalf("%+v: counts as delivered", x)
		}
		if hold && x.delivered && !k.Delivered("box") {
			t.Fatalf("%+v: counts as not delivered: %s", x, tell(k))
		}
		if k.Wanted() != 0 && !x.wanted {
			t.Fatalf("%+v: counts as wanted", x)
		}
	}
}

// delivered reports whether some message of that content was delivered: its
// copies are the same octets.
func (m *model) delivered(content string) bool {
	return slices.ContainsFunc(append(slices.Clone(m.maildrop), m.held...), func(x *truth) bool { return x.delivered && x.content == content })
}

func arrive(t *rapid.T, m *model) {
	m.serial++
	m.maildrop = append(m.maildrop, &truth{uid: fmt.Sprint("u", m.serial), octets: int64(rapid.IntRange(1, 2).Draw(t, "octets")), content: fmt.Sprint("content ", m.serial)})
}

func observeModel(t *rapid.T, m *model) {}

func deliverModel(t *rapid.T, m *model) {
	m.journal(t, func(j *Journal) {
		for i, x := range m.listed {
			if rapid.Bool().Draw(t, "deliver") {
				j.Delivered(m.known[i].Key, "box", digestOf(x.content))
				x.delivered = true
			}
		}
	})
}

// commitModel wants some messages deleted, and QUIT is answered or is not,
// done or not.
func commitModel(t *rapid.T, m *model) {
	var marked []int
	for i := range m.listed {
		if rapid.Bool().Draw(t, "mark") {
			marked = append(marked, i)
		}
	}
	m.journal(t, func(j *Journal) {
		for _, i := range marked {
			j.Wanted(m.known[i].Key)
			m.listed[i].wanted = true
		}
	})
	outcome := rapid.SampledFrom([]string{"committed", "aborted", "unknown", "killed"}).Draw(t, "outcome")
	deleted := outcome == "committed" || outcome != "aborted" && rapid.Bool().Draw(t, "deleted")
	for _, i := range marked {
		if deleted {
			m.held = append(m.held, m.listed[i])
			m.maildrop = slices.DeleteFunc(m.maildrop, func(x *truth) bool { return x == m.listed[i] })
		}
	}
	if outcome != "killed" {
		m.journal(t, func(j *Journal) {
			if outcome == "committed" {
				for _, i := range marked {
					j.Gone(m.known[i].Key)
				}
			}
			j.End(outcome, "")
		})
	}
	m.reopen(t)
	if outcome == "committed" {
		for _, x := range m.maildrop {
			x.wanted = false
		}
	}
}

func cutOff(t *rapid.T, m *model) { m.reopen(t) }

// hide is a listing that leaves out what is there.
func hide(t *rapid.T, m *model) {
	whole := m.maildrop
	m.maildrop = nil
	for _, x := range whole {
		if rapid.Bool().Draw(t, "listed") {
			m.maildrop = append(m.maildrop, x)
		}
	}
	if _, err := m.account.Observe(context.Background(), m.now, m.listing()); err != nil {
		t.Fatal(err)
	}
	m.maildrop = whole
}

func moveClock(t *rapid.T, m *model) {
	m.now = m.now.AddDate(0, 0, rapid.IntRange(-4000, 4000).Draw(t, "days"))
}

// reuse gives another message the unique-id of one that was there.
func reuse(t *rapid.T, m *model) {
	if len(m.held) == 0 {
		return
	}
	old := rapid.SampledFrom(m.held).Draw(t, "old")
	m.serial++
	m.maildrop = append(m.maildrop, &truth{uid: old.uid, octets: old.octets, content: fmt.Sprint("content ", m.serial)})
}

// renew gives everything another unique-id.
func renew(t *rapid.T, m *model) {
	for _, x := range m.maildrop {
		m.serial++
		x.uid, x.wanted = fmt.Sprint("u", m.serial), false
	}
}

func loseIDs(t *rapid.T, m *model) {
	for _, x := range m.maildrop {
		x.uid, x.wanted = "", false
	}
}

// twice gives two messages the same unique-id.
func twice(t *rapid.T, m *model) {
	if len(m.maildrop) < 2 {
		return
	}
	m.maildrop[0].uid = m.maildrop[1].uid
	m.maildrop[0].wanted, m.maildrop[1].wanted = false, false
}
