package state

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// deliver is a run that delivers a message and deletes it, with that outcome.
func deliver(t testing.TB, a *Account, k Known, content string, outcome string) Known {
	t.Helper()
	run := begin(t, a)
	journal(t, a, run, func(j *Journal) { j.Delivered(k.Key, "box", digestOf(content)); j.Wanted(k.Key) })
	journal(t, a, run, func(j *Journal) {
		if outcome == "committed" {
			j.Gone(k.Key)
		}
		j.End(outcome, "")
	})
	return k
}

func TestRenewedUniqueIDs(t *testing.T) {
	a := newAccount(t)
	deliver(t, a, observe(t, a, one).Known[0], "hello", "unknown")
	o := observe(t, a, Listed{"b1", one.Octets})
	wantKnown(t, o.Known, "new=true")
	if o.Gone != 1 || len(o.Unsettled) != 1 {
		t.Errorf("gone %d, unsettled %v, want the one before", o.Gone, o.Unsettled)
	}
}

func TestUniqueIDWithOtherOctetsIsAnotherMessage(t *testing.T) {
	a := newAccount(t)
	first := deliver(t, a, observe(t, a, one).Known[0], "hello", "unknown")
	o := observe(t, a, Listed{one.UniqueID, 101})
	wantKnown(t, o.Known, "new=true")
	if o.Known[0].Key == first.Key {
		t.Error("it has the key of the one before")
	}
	wantIDs(t, a, false, first.Key, o.Known[0].Key)
}

// TestUniqueIDUsedAgain: with the same octets only the content tells.
func TestUniqueIDUsedAgain(t *testing.T) {
	a := newAccount(t)
	first := deliver(t, a, observe(t, a, one).Known[0], "hello", "committed")
	o := observe(t, a, one)
	wantKnown(t, o.Known, "new=false doubtful")
	if o.Known[0].Delivered("box") {
		t.Error("counts as delivered, though doubtful")
	}
	if _, err := a.DeliveryID(context.Background(), o.Known[0].Key); !errors.Is(err, ErrDoubtful) {
		t.Errorf("delivery id: got %v, want that it is doubtful", err)
	}
	err := a.Journal(context.Background(), day, begin(t, a), func(j *Journal) { j.Delivered(o.Known[0].Key, "other", Digest{}) })
	if !errors.Is(err, ErrDoubtful) {
		t.Errorf("delivered: got %v, want that it is doubtful", err)
	}
	wantKnown(t, observe(t, a, one).Known, "new=false doubtful") // until it is identified
	k := identify(t, a, one, o.Known[0], "adieu")
	wantKnown(t, []Known{k}, "new=true")
	wantIDs(t, a, false, first.Key, k.Key)
	wantKnown(t, observe(t, a, one).Known, "new=true")
	// A third message under that unique-id, told apart from the second.
	deliver(t, a, k, "adieu", "committed")
	third := identify(t, a, one, observe(t, a, one).Known[0], "hello")
	wantKnown(t, []Known{third}, "new=true")
	wantIDs(t, a, false, k.Key, third.Key)
}

// TestListingThatWasNotWhole: what is back with the same content has been
// delivered, and is not wanted any more.
func TestListingThatWasNotWhole(t *testing.T) {
	a := newAccount(t)
	first := deliver(t, a, observe(t, a, one, two).Known[0], "hello", "unknown")
	observe(t, a)
	o := observe(t, a, one, two)
	wantKnown(t, o.Known, "new=true doubtful", "new=true")
	k := identify(t, a, one, o.Known[0], "hello")
	wantKnown(t, []Known{k}, "new=true delivered [box]")
	wantIDs(t, a, true, first.Key, k.Key)
	wantKnown(t, observe(t, a, one, two).Known, "new=true delivered [box]", "new=true")
}

// TestWantedIsCompared: a caller that wants to be certain compares before it
// deletes what an earlier run wanted.
func TestWantedIsCompared(t *testing.T) {
	a := newAccount(t)
	deliver(t, a, observe(t, a, one).Known[0], "hello", "unknown")
	k := observe(t, a, one).Known[0]
	if k.Wanted() == 0 || !k.Comparable {
		t.Fatalf("%s, comparable %v", tell(k), k.Comparable)
	}
	wantKnown(t, []Known{identify(t, a, one, k, "adieu")}, "new=true")
	wantKnown(t, observe(t, a, one).Known, "new=true")
}

func TestUnusableUniqueIDs(t *testing.T) {
	long := strings.Repeat("x", 70)
	a := newAccount(t)
	o := observe(t, a, Listed{"same", 1}, Listed{"same", 2}, Listed{"", 3}, Listed{"a b", 4}, Listed{"caf\xc3\xa9", 5},
		Listed{"\x00", 6}, Listed{"tab\t", 7}, Listed{long + "y", 8}, Listed{long, 9}, Listed{"'; DROP TABLE message; --"[:1], 10})
	wantKnown(t, o.Known, "no key", "no key", "no key", "no key", "no key", "no key", "no key", "no key", "new=true", "new=true")
}

// TestContentIdentifies: without unique-ids nothing is delivered twice, and no
// deletion is repeated: of two copies one may be meant to stay.
func TestContentIdentifies(t *testing.T) {
	a := newAccount(t)
	nameless := Listed{"", 100}
	o := observe(t, a, nameless, nameless, nameless)
	k := identify(t, a, nameless, o.Known[0], "hello")
	copied := identify(t, a, nameless, o.Known[1], "hello")
	other := identify(t, a, nameless, o.Known[2], "adieu")
	if k.Key != copied.Key || k.Key == other.Key {
		t.Errorf("keys %d %d %d", k.Key, copied.Key, other.Key)
	}
	wantIDs(t, a, false, k.Key, other.Key)
	deliver(t, a, k, "hello", "unknown")
	a = reopen(t, a)
	o = observe(t, a, nameless, nameless)
	wantKnown(t, o.Known, "no key", "no key")
	if o.Unsettled != nil {
		t.Errorf("unsettled %v, want none", o.Unsettled)
	}
	wantKnown(t, []Known{identify(t, a, nameless, o.Known[0], "hello")}, "new=true delivered [box]")
	// They are gone once no message is listed that could be one of them; what
	// comes back has been delivered all the same, being the same octets.
	if o := observe(t, a, one); o.Gone != 2 {
		t.Errorf("gone %d, want 2", o.Gone)
	}
	wantKnown(t, []Known{identify(t, a, nameless, Known{}, "hello")}, "new=true delivered [box]")
}

// TestUniqueIDListedTwice: a message that shares its unique-id for a while is
// doubtful afterwards.
func TestUniqueIDListedTwice(t *testing.T) {
	a := newAccount(t)
	deliver(t, a, observe(t, a, one).Known[0], "hello", "unknown")
	wantKnown(t, observe(t, a, one, one).Known, "no key", "no key")
	wantKnown(t, observe(t, a, one).Known, "new=true doubtful")
}

func TestDeliveryIDsLast(t *testing.T) {
	ids := map[string]bool{}
	for range 2 { // the second time with a state that knows nothing
		a := newAccount(t)
		o := observe(t, a, one)
		id, err := a.DeliveryID(context.Background(), o.Known[0].Key)
		if err != nil || len(id) != 32 {
			t.Fatal(id, err)
		}
		ids[id] = true
	}
	if len(ids) != 1 {
		t.Errorf("ids %v, want one", ids)
	}
}

// TestClockJumpsBack: nothing looks older than it is, and no run is settled
// otherwise, whatever the clock says.
func TestClockJumpsBack(t *testing.T) {
	a := newAccount(t)
	ctx := context.Background()
	begin(t, a)
	a = reopen(t, a)
	epoch := time.UnixMilli(0)
	if _, err := a.Begin(ctx, epoch, "test.lua"); err != nil {
		t.Fatal(err)
	}
	o, err := a.Observe(ctx, epoch, []Listed{one})
	if err != nil || !o.Known[0].FirstSeen().Equal(day) {
		t.Errorf("first seen %v, %v, want %v", o.Known[0].FirstSeen(), err, day)
	}
	o, err = a.Observe(ctx, epoch.Add(-time.Hour), nil)
	if err != nil || o.Gone != 1 {
		t.Errorf("gone %d, %v", o.Gone, err)
	}
	k := observe(t, a, one).Known[0]
	if !k.FirstSeen().Equal(day) {
		t.Errorf("back: first seen %v, want %v", k.FirstSeen(), day)
	}
}

func wantIDs(t testing.TB, a *Account, same bool, x, y Key) {
	t.Helper()
	first, err := a.DeliveryID(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.DeliveryID(context.Background(), y)
	if err != nil || (first == second) != same {
		t.Errorf("delivery ids %s and %s, %v; the same? want %v", first, second, err, same)
	}
}
