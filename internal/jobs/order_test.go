package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/schedule"
)

// TestDisable: a job that a person disabled fires on no machine, what waited is
// over, and once enabled nothing is made up for.
func TestDisable(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{answer: answers(Result{Class: Temporary, After: 5 * time.Hour}, Result{Class: Done})}
		d := one1()
		d.CatchUp = schedule.All
		o, c := options(t, db, b, d)
		e := start(t, o)
		c.add(time.Hour)
		until(t, "a wait", func() bool { return len(history(t, e, Query{State: "waiting"})) == 1 })
		look := o
		look.Performer = nil
		if err := opened(t, look).Disable(t.Context(), "tidy"); err != nil {
			t.Fatal(err)
		}
		c.add(3 * time.Hour)
		ticked(t, e)
		jobs, err := e.Jobs(t.Context())
		if err != nil || !jobs[0].Disabled || jobs[0].Next != nil {
			t.Errorf("Jobs: %+v, %v", jobs, err)
		}
		if err := e.Enable(t.Context(), "tidy"); err != nil {
			t.Fatal(err)
		}
		stop(t, e)
		e = start(t, o)
		c.add(time.Hour)
		settled(t, e, 2)
		check1(t, e, "tidy anna 02 13:00: done cancelled 1", "tidy anna 02 17:00: done done 1")
	})
}

// TestReload: all or nothing; a changed schedule makes up for nothing; runs of
// what is gone end, after some time.
func TestReload(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, hourly())
		e := start(t, o)
		d := one1()
		d.Schedule = cron("30 * * * *")
		if err := e.Reload([]Definition{d, d}); err == nil {
			t.Error("two jobs of one name were taken")
		}
		c.add(time.Hour)
		settled(t, e, 2)
		if err := e.Reload([]Definition{d}); err != nil {
			t.Fatal(err)
		}
		c.add(30 * time.Minute)
		settled(t, e, 3)
		if _, err := e.Run(t.Context(), "tidy", []string{"ben"}, nil); !errors.Is(err, ErrUnknown) {
			t.Errorf("Run for an account that is gone: %v", err)
		}
		o.Performer = nil
		other := opened(t, o) // it has not heard of it
		if _, err := other.Run(t.Context(), "tidy", []string{"ben"}, nil); err != nil {
			t.Fatal(err)
		}
		until(t, "a wait", func() bool { return len(history(t, e, Query{State: "waiting"})) == 1 })
		c.add(unknownMost)
		until(t, "the end", func() bool { return len(history(t, e, Query{Outcome: "cancelled"})) == 1 })
	})
}

// TestRefused are definitions that cannot work.
func TestRefused(t *testing.T) {
	for want, d := range map[string]Definition{
		"no name":           {},
		"twice":             {Name: "a", Accounts: named("b", "b")},
		"deadline of 25h":   {Name: "a", Deadline: 25 * time.Hour},
		"jitter of 25h":     {Name: "a", Jitter: 25 * time.Hour},
		"are below 0":       {Name: "a", Retries: -1},
		"has no name":       {Name: "a", Accounts: named("")},
		"deadline of -1":    {Name: "a", Deadline: -1},
		"to pause after ar": {Name: "a", PauseAfter: -1},
	} {
		o, _ := options(t, t.TempDir()+"/jobs.db", nil, d)
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open: %v, want %s", err, want)
		}
	}
}

// TestPasswordIsNotShown: no error has the address.
func TestPasswordIsNotShown(t *testing.T) {
	for _, db := range []string{"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1", "postgres://u:hunter2@[::bad/x", "postgres://u:hunter2@localhost:port/x"} {
		_, err := Open(t.Context(), Options{DB: db})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open: %v", err)
		}
	}
}

// TestBacklog: fires that find too many runs waiting are skipped, and say so.
func TestBacklog(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := one1()
		d.CatchUp = schedule.All
		o, c := options(t, db, &book{}, d)
		e := opened(t, o) // nobody works
		tick := func() {
			t.Helper()
			if err := e.fireAll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for range backlog + 3 {
			c.add(time.Hour)
			tick()
		}
		if n := len(history(t, e, Query{State: "queued"})); n != backlog {
			t.Errorf("%d runs wait, want %d", n, backlog)
		}
		if n := len(history(t, e, Query{Outcome: "skipped"})); n != 3 {
			t.Errorf("%d runs were skipped, want 3", n)
		}
		c.add(5000 * time.Hour)
		tick()
		if n := len(history(t, e, Query{State: "queued"})); n != backlog {
			t.Errorf("%d runs wait, want %d", n, backlog)
		}
	})
}

// TestJitter: runs begin within the jitter, not at once, and the same on every
// machine.
func TestJitter(t *testing.T) {
	t.Parallel()
	d := one1()
	d.Jitter = 20 * time.Minute
	d.Accounts = nil
	for i := range 50 {
		d.Accounts = append(d.Accounts, Account{Name: fmt.Sprint("account", i)})
	}
	o, c := options(t, t.TempDir()+"/jobs.db", &book{}, d)
	e := start(t, o)
	c.add(time.Hour)
	until(t, "the fire", func() bool { return len(history(t, e, Query{})) == 50 })
	runs, err := e.History(t.Context(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	dues := map[time.Time]bool{}
	for _, r := range runs {
		if wait := r.Due.Sub(r.Fire); wait < 0 || wait >= d.Jitter {
			t.Errorf("a wait of %v", wait)
		}
		dues[r.Due] = true
	}
	if len(dues) < 45 {
		t.Errorf("%d moments for 50 runs", len(dues))
	}
	c.add(20 * time.Minute)
	settled(t, e, 50)
}

// TestPrune: what is old goes, what is not stays, fires are remembered longer.
func TestPrune(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, one1())
		o.HistoryDays = 2
		e := start(t, o)
		c.add(time.Hour)
		settled(t, e, 1)
		c.add(3 * 24 * time.Hour)
		settled(t, e, 2)
		if err := e.prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		check1(t, e, "tidy anna 05 13:00: done done 1")
		fires := 0
		if err := one(t.Context(), e.db, []any{&fires}, "SELECT count(*) FROM popherd_fire"); err != nil || fires != 2 {
			t.Errorf("%d fires are remembered, want 2: %v", fires, err)
		}
	})
}

// TestPages: the history is read page by page, and by what is wanted.
func TestPages(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, nil, hourly())
		e := opened(t, o)
		for range 5 {
			if _, err := e.Run(t.Context(), "tidy", nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		var got []int64
		for before := int64(0); ; {
			page, err := e.History(t.Context(), Query{Job: "tidy", Account: "anna", Limit: 2, Before: before})
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got, before = append(got, r.ID), r.ID
			}
		}
		if want := []int64{9, 7, 5, 3, 1}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if err := e.Disable(t.Context(), "tidy"); err != nil { // by hand stays
			t.Fatal(err)
		}
		if n := len(history(t, e, Query{State: "queued"})); n != 10 {
			t.Errorf("%d runs wait, want 10", n)
		}
		if err := e.Disable(t.Context(), "none"); !errors.Is(err, ErrUnknown) {
			t.Errorf("Disable of nothing: %v", err)
		}
		if err := e.Start(t.Context()); err == nil {
			t.Error("an engine without a performer started")
		}
	})
}

// TestNoLeak: an engine leaves no goroutine, whether it worked or not.
func TestNoLeak(t *testing.T) {
	alone(t, func(t *testing.T, db string) {
		before := goleak.IgnoreCurrent()
		o, c := options(t, db, &book{}, hourly())
		for n := range 3 {
			e, err := Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if n > 0 {
				if err := e.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				c.add(time.Hour)
				settled(t, e, 2*n)
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				if err := e.Stop(ctx); err != nil {
					t.Error(err)
				}
				cancel()
			}
			e.Close()
		}
		goleak.VerifyNone(t, before)
	})
}

// Who only looks, or runs a job by hand, may have read another configuration
// than those that fire.
func TestLookingChangesNoSchedule(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, hourly())
		stop(t, start(t, o))
		c.add(2 * time.Hour) // both fires are missed, and made up for once
		d := hourly()
		d.Schedule = cron("30 * * * *")
		looking := o
		looking.Jobs, looking.Performer = []Definition{d}, nil
		opened(t, looking)
		settled(t, start(t, o), 2)
	})
}
