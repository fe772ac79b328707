package state

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// day is when most stories happen.
var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const home = "anna@pop.example.org"

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func openAccount(t testing.TB, s *Store, name string) *Account {
	t.Helper()
	a, err := s.Account(context.Background(), name, day)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

func newAccount(t testing.TB) *Account {
	t.Helper()
	return openAccount(t, openStore(t, t.TempDir()), home)
}

// reopen releases an account as the end of a process does, and opens it again.
func reopen(t testing.TB, a *Account) *Account {
	t.Helper()
	a.Close()
	return openAccount(t, a.store, a.name)
}

func begin(t testing.TB, a *Account) RunID {
	t.Helper()
	id, err := a.Begin(context.Background(), day, "test.lua")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func observe(t testing.TB, a *Account, listing ...Listed) *Observed {
	t.Helper()
	o, err := a.Observe(context.Background(), day, listing)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func journal(t testing.TB, a *Account, run RunID, step func(j *Journal)) {
	t.Helper()
	if err := a.Journal(context.Background(), day, run, step); err != nil {
		t.Fatal(err)
	}
}

func identify(t testing.TB, a *Account, m Listed, k Known, content string) Known {
	t.Helper()
	k, err := a.Identify(context.Background(), day, m, k, sha256.Sum256([]byte(content)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// tell says in words what is known.
func tell(k Known) string {
	words := fmt.Sprintf("new=%v", k.New)
	if k.Key == 0 {
		words = "no key"
	}
	if k.Doubtful {
		words += " doubtful"
	}
	if targets := k.Targets(); targets != nil {
		words += fmt.Sprint(" delivered ", targets)
	}
	if k.Wanted() != 0 {
		words += fmt.Sprint(" wanted by ", k.Wanted())
	}
	if k.Failures() != 0 {
		words += fmt.Sprint(" failed ", k.Failures())
	}
	return words
}

func wantKnown(t testing.TB, got []Known, want ...string) {
	t.Helper()
	var words []string
	for _, k := range got {
		words = append(words, tell(k))
	}
	if !slices.Equal(words, want) {
		t.Errorf("known\ngot  %q\nwant %q", words, want)
	}
}

var one, two, three = Listed{"a1", 100}, Listed{"a2", 200}, Listed{"a3", 300}

func TestCommittedRun(t *testing.T) {
	a := newAccount(t)
	run := begin(t, a)
	o := observe(t, a, one, two, three)
	wantKnown(t, o.Known, "new=true", "new=true", "new=true")
	journal(t, a, run, func(j *Journal) {
		j.Delivered(o.Known[0].Key, "box", Digest{1})
		j.Delivered(o.Known[0].Key, "archive", Digest{1})
		j.Delivered(o.Known[1].Key, "box", Digest{2})
		j.Wanted(o.Known[0].Key)
	})
	journal(t, a, run, func(j *Journal) {
		j.Gone(o.Known[0].Key)
		j.End("committed", "")
	})
	a = reopen(t, a)
	o = observe(t, a, two, three, Listed{"a4", 400})
	wantKnown(t, o.Known, "new=false delivered [box]", "new=false", "new=true")
	if o.Gone != 0 || o.Unsettled != nil {
		t.Errorf("gone %d, unsettled %v; want none: QUIT was answered", o.Gone, o.Unsettled)
	}
	if !o.Known[0].Delivered("box") || o.Known[0].Delivered("bo") || o.Known[1].Delivered("box") {
		t.Error("delivered to the wrong target")
	}
}

// TestLostReply is what the next run is told after the answer to QUIT was lost,
// and when the process was killed.
func TestLostReply(t *testing.T) {
	for _, killed := range []bool{false, true} {
		a := newAccount(t)
		lost := begin(t, a)
		o := observe(t, a, one, two, three)
		journal(t, a, lost, func(j *Journal) {
			j.Delivered(o.Known[1].Key, "box", Digest{2})
			j.Wanted(o.Known[0].Key)
			j.Wanted(o.Known[1].Key)
		})
		if !killed {
			journal(t, a, lost, func(j *Journal) { j.End("unknown", "connection reset") })
		}
		a = reopen(t, a)
		runs, err := a.store.Runs(context.Background(), Query{Run: lost})
		if err != nil || len(runs) != 1 || runs[0].Outcome != "unknown" || runs[0].Account != home {
			t.Errorf("killed %v: runs %+v, %v; want one that is unknown", killed, runs, err)
		}
		for range 2 { // a run that gets no further than this changes nothing
			o = observe(t, a, two, three)
			wantKnown(t, o.Known, fmt.Sprintf("new=true delivered [box] wanted by %d", lost), "new=true")
		}
		run := begin(t, a)
		journal(t, a, run, func(j *Journal) { j.Wanted(o.Known[0].Key) })
		journal(t, a, run, func(j *Journal) { j.End("aborted", "no route to host") })
		o = observe(t, a, two, three)
		wantKnown(t, o.Known, fmt.Sprintf("new=true delivered [box] wanted by %d", lost), "new=true")
		if want := []Unsettled{{lost, 0, 1}}; !slices.Equal(o.Unsettled, want) {
			t.Errorf("unsettled %v, want %v", o.Unsettled, want)
		}
		o = observe(t, a, three)
		if want := []Unsettled{{lost, 1, 0}}; !slices.Equal(o.Unsettled, want) || o.Gone != 1 {
			t.Errorf("gone %d, unsettled %v, want 1 and %v", o.Gone, o.Unsettled, want)
		}
	}
}

func TestAbortedRunWantsNothing(t *testing.T) {
	for _, outcome := range []string{"aborted", "planned"} {
		a := newAccount(t)
		run := begin(t, a)
		o := observe(t, a, one)
		journal(t, a, run, func(j *Journal) { j.Wanted(o.Known[0].Key) })
		journal(t, a, run, func(j *Journal) {
			j.End(outcome, "DELE refused")
			j.End("committed", "") // the first counts
		})
		wantKnown(t, observe(t, a, one).Known, "new=true")
	}
}

func TestCutOffBeforeDeletionsIsAborted(t *testing.T) {
	a := newAccount(t)
	run := begin(t, a)
	observe(t, a, one)
	a = reopen(t, a)
	runs, err := a.store.Runs(context.Background(), Query{Account: home})
	if err != nil || len(runs) != 1 || runs[0].ID != run || runs[0].Outcome != "aborted" || runs[0].Why == "" {
		t.Errorf("runs %+v, %v", runs, err)
	}
}

func TestRefusedDeletionIsDecidedAgain(t *testing.T) {
	a := newAccount(t)
	run := begin(t, a)
	o := observe(t, a, one, two)
	journal(t, a, run, func(j *Journal) { j.Wanted(o.Known[0].Key); j.Wanted(o.Known[1].Key) })
	journal(t, a, run, func(j *Journal) { j.Gone(o.Known[0].Key); j.End("committed", "") })
	wantKnown(t, observe(t, a, two).Known, "new=false")
}

func TestFailuresInARow(t *testing.T) {
	a := newAccount(t)
	for n := range 3 {
		run := begin(t, a)
		o := observe(t, a, one, two)
		journal(t, a, run, func(j *Journal) {
			j.Failed(o.Known[0].Key, "temporary failure")
			j.Failed(o.Known[0].Key, "once more, for another target")
			j.End("committed", "")
		})
		wantKnown(t, observe(t, a, one, two).Known, fmt.Sprint("new=true failed ", n+1), "new=false")
	}
	run := begin(t, a)
	o := observe(t, a, one, two)
	journal(t, a, run, func(j *Journal) { j.Delivered(o.Known[0].Key, "box", Digest{1}) })
	wantKnown(t, observe(t, a, one, two).Known, "new=false delivered [box]", "new=false")
	journal(t, a, run, func(j *Journal) { j.Failed(o.Known[1].Key, "x") })
	journal(t, a, run, func(j *Journal) { j.Recovered(o.Known[1].Key) })
	wantKnown(t, observe(t, a, one, two).Known, "new=false delivered [box]", "new=false")
}

// TestStepIsWholeOrNothing: one bad line of a step, and nothing of it is kept.
func TestStepIsWholeOrNothing(t *testing.T) {
	a := newAccount(t)
	run := begin(t, a)
	o := observe(t, a, one)
	other := openAccount(t, a.store, "berta@pop.example.org")
	foreign := observe(t, other, one).Known[0].Key
	for _, bad := range []func(j *Journal){
		func(j *Journal) { j.Delivered(foreign, "box", Digest{}) },
		func(j *Journal) { j.Wanted(foreign) },
		func(j *Journal) { j.Gone(0) },
		func(j *Journal) { j.Failed(999, "") },
		func(j *Journal) { j.Delivered(o.Known[0].Key, "two\nlines", Digest{}) },
		func(j *Journal) { j.End("perhaps", "") },
	} {
		err := a.Journal(context.Background(), day, run, func(j *Journal) {
			j.Delivered(o.Known[0].Key, "box", Digest{1})
			bad(j)
			j.Wanted(o.Known[0].Key)
		})
		if err == nil {
			t.Error("a step for nobody's message was written")
		}
	}
	wantKnown(t, observe(t, a, one).Known, "new=true")
	cancelled, cancel := context.WithCancel(context.Background())
	err := a.Journal(cancelled, day, run, func(j *Journal) { j.Delivered(o.Known[0].Key, "box", Digest{1}); cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want cancelled", err)
	}
	wantKnown(t, observe(t, a, one).Known, "new=true")
}

func digestOf(content string) Digest { return sha256.Sum256([]byte(content)) }

// TestTwoWritersWait: accounts that are worked at once share the database.
func TestTwoWritersWait(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir).Close()
	failed := make(chan error)
	for _, name := range []string{home, "berta@pop.example.org", "carl@pop.example.org"} {
		a := openAccount(t, openStore(t, dir), name)
		go func() {
			ctx := context.Background()
			o, err := a.Observe(ctx, day, []Listed{one, two})
			for i := 0; i < 40 && err == nil; i++ {
				err = a.Journal(ctx, day, 0, func(j *Journal) { j.Delivered(o.Known[0].Key, fmt.Sprint("box", i), Digest{1}) })
			}
			if err == nil {
				o, err = a.Observe(ctx, day, []Listed{one, two})
			}
			if err == nil && len(o.Known[0].Targets()) != 40 {
				err = fmt.Errorf("%s: delivered to %d targets, want 40", name, len(o.Known[0].Targets()))
			}
			failed <- err
		}()
	}
	for range 3 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}
