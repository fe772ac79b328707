package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// ordered makes runs by hand.
func ordered(t *testing.T, e *Engine, job string, accounts ...string) []int64 {
	t.Helper()
	runs, err := e.Run(t.Context(), job, accounts, nil)
	if err != nil {
		t.Fatal(err)
	}
	return runs
}

// performed has them worked, and compares.
func performed(t *testing.T, e *Engine, runs []int64, want ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second) // against hanging
	defer cancel()
	list, err := e.Perform(ctx, runs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		got = append(got, describe(r))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// count asks for a number.
func count(t *testing.T, e *Engine, text string) (n int) {
	t.Helper()
	if err := one(t.Context(), e.db, []any{&n}, "SELECT count(*) FROM "+text); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPerform: without a daemon the runs of a person are worked, in their order
// and with their retries, and nothing else is; nothing of it is left behind.
func TestPerform(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{answer: answers(Result{Class: Temporary}, Result{Class: Done})}
		d := hourly()
		d.DryFirst = true
		o, c := options(t, db, b, d)
		o.RetryWait, o.Workers = time.Millisecond, 1
		e := opened(t, o)
		other := ordered(t, e, "tidy", "ben")
		c.add(3 * time.Hour) // nobody computes fires
		runs := ordered(t, e, "tidy")
		slices.Reverse(runs)
		performed(t, e, append(runs, runs[0]), "tidy ben by hand: done done dry 2", "tidy anna by hand: done done dry 1", "tidy ben by hand: done done dry 2")
		check1(t, e, "tidy ben by hand: queued  0", "tidy anna by hand: done done dry 1", "tidy ben by hand: done done dry 2")
		if got := b.list(); len(got) != 3 || got[0].Account != "ben" {
			t.Errorf("orders %+v", got)
		}
		performed(t, e, ordered(t, e, "tidy", "anna"), "tidy anna by hand: done done 1")
		for text, want := range map[string]int{"river_job": 1, "popherd_fire": 0, "popherd_node": 0, "popherd_lease": 0} {
			if n := count(t, e, text); n != want {
				t.Errorf("%s has %d rows, want %d", text, n, want)
			}
		}
		performed(t, e, other, "tidy ben by hand: done done dry 1") // it was there before ben ran dry
	})
}

// TestPerformRefused: runs that this process cannot work are not begun.
func TestPerformRefused(t *testing.T) {
	t.Parallel()
	o, _ := options(t, newSQLite(t), &book{}, hourly())
	e := opened(t, o)
	runs := ordered(t, e, "tidy")
	if _, err := e.Perform(t.Context(), append(runs, 99)); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "run 99") {
		t.Errorf("a run that is not there: %v", err)
	}
	if err := e.Reload([]Definition{one1()}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Perform(t.Context(), runs); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "account ben") {
		t.Errorf("an account that is gone: %v", err)
	}
	check1(t, e, "tidy anna by hand: queued  0", "tidy ben by hand: queued  0")
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Perform(t.Context(), runs[:1]); err == nil {
		t.Error("an engine that works performed")
	}
	stop(t, e)
	o.Performer = nil
	if _, err := opened(t, o).Perform(t.Context(), runs); err == nil {
		t.Error("an engine without a performer performed")
	}
}

// TestPerformBeside: beside a daemon each run is worked once, by one of the two,
// and those that the daemon took are waited for; its own go on.
func TestPerformBeside(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var calls atomic.Int64
		p := performerFunc(func(ctx context.Context, _ Order) Result {
			calls.Add(1)
			pause(ctx, 10*time.Millisecond)
			return Result{Class: Done}
		})
		d := hourly()
		d.Accounts = nil
		for i := range 30 {
			d.Accounts = append(d.Accounts, Account{Name: fmt.Sprintf("account%02d", i)})
		}
		o, c := options(t, db, p, d)
		daemon := start(t, o)
		o.Node = "hand"
		e := opened(t, o)
		c.add(time.Hour)
		ticked(t, daemon)
		list, err := e.Perform(t.Context(), ordered(t, e, "tidy"))
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range list {
			if r.Class != Done || r.State != "done" || !r.Fire.IsZero() || r.Account != d.Accounts[i].Name {
				t.Errorf("run %d: %s", i, describe(r))
			}
		}
		settled(t, daemon, 60)
		if calls.Load() != 60 {
			t.Errorf("%d calls, want 60", calls.Load())
		}
		t.Logf("the daemon worked %d of 60", daemon.Stats().Runs["done"])
	})
}

// TestPerformHeld: a maildrop that the daemon is at is waited for.
func TestPerformHeld(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		began, release := make(chan bool), make(chan bool)
		var at atomic.Int64
		slow := performerFunc(func(context.Context, Order) Result {
			at.Store(1)
			began <- true
			<-release
			at.Store(0)
			return Result{Class: Done}
		})
		fires, byHand := one1(), one1()
		byHand.Name = "once"
		o, c := options(t, db, slow, fires)
		start(t, o)
		c.add(time.Hour)
		<-began
		o.Node, o.Jobs = "hand", []Definition{fires, byHand}
		o.Performer = performerFunc(func(context.Context, Order) Result {
			if at.Load() != 0 {
				t.Error("both are at the same maildrop")
			}
			return Result{Class: Done}
		})
		e := opened(t, o)
		runs := ordered(t, e, "once") // a job that the daemon does not know
		go func() {
			until(t, "the wait", func() bool { return e.counts.snoozed.Load() > 1 })
			close(release)
		}()
		performed(t, e, runs, "once anna by hand: done done 1")
	})
}

// TestPerformStops: when the context ends, reading is interrupted, and the rest
// is left as it was; it can be performed again.
func TestPerformStops(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		ctx, cancel := context.WithCancel(t.Context())
		d := hourly()
		d.Accounts = named("anna", "ben", "carl")
		o, _ := options(t, db, nil, d)
		o.Workers = 2
		var begun atomic.Int64
		o.Performer = performerFunc(func(ctx context.Context, o Order) Result {
			if begun.Add(1) > 2 {
				return Result{Class: Done}
			}
			if begun.Load() == 2 {
				cancel()
			}
			<-ctx.Done()
			if o.Account == "anna" {
				return Result{Class: Done, Outcome: "committed"}
			}
			return Result{Class: Interrupted}
		})
		e := opened(t, o)
		runs := ordered(t, e, "tidy")
		list, err := e.Perform(ctx, runs)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "2 runs are not over") || len(list) != 3 {
			t.Errorf("Perform: %d runs, %v", len(list), err)
		}
		check1(t, e, "tidy anna by hand: done committed 1", "tidy ben by hand: waiting interrupted 0", "tidy carl by hand: queued  0")
		if err := e.Cancel(t.Context(), runs[2]); err != nil {
			t.Fatal(err)
		}
		performed(t, e, runs, "tidy anna by hand: done committed 1", "tidy ben by hand: done done 1", "tidy carl by hand: done cancelled 0")
	})
}

// TestPerformCancelled: a run that is worked so ends as any other does.
func TestPerformCancelled(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		began := make(chan int64, 1)
		o, _ := options(t, db, performerFunc(func(ctx context.Context, o Order) Result {
			began <- o.Run
			<-ctx.Done()
			return Result{Class: Interrupted}
		}), one1())
		e := opened(t, o)
		o.Performer = nil
		look := opened(t, o)
		runs := ordered(t, e, "tidy")
		go func() {
			if err := look.Cancel(context.Background(), <-began); err != nil {
				t.Error(err)
			}
		}()
		performed(t, e, runs, "tidy anna by hand: done cancelled 1")
	})
}

// TestPerformWaits: the next attempt is not before its time; a run that another
// process put back unbegun, for it does not know the job, is begun at once.
func TestPerformWaits(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var orders, failed atomic.Int64
		o, c := options(t, db, nil, hourly())
		o.Performer = performerFunc(func(_ context.Context, o Order) Result {
			if orders.Add(1); o.Account == "anna" {
				return Result{Class: Done}
			}
			if o.Attempt == 1 {
				failed.Store(c.now().UnixNano())
				return Result{Class: Temporary}
			}
			if d := c.now().Sub(time.Unix(0, failed.Load())); d < 7*time.Minute {
				t.Errorf("another attempt after %v", d)
			}
			return Result{Class: Done}
		})
		e := opened(t, o)
		runs := ordered(t, e, "tidy")
		if _, err := e.db.exec(t.Context(), "UPDATE popherd_run SET state = 'waiting', river = NULL, due = $1 WHERE account = 'anna'", c.now().Add(time.Hour).UnixMicro()); err != nil {
			t.Fatal(err)
		}
		go func() {
			until(t, "the wait", func() bool {
				return orders.Load() == 2 && len(history(t, e, Query{State: "waiting", Class: Temporary})) == 1
			})
			pause(t.Context(), 10*o.Tick) // in which it would be begun too early
			c.add(13 * time.Minute)
		}()
		performed(t, e, runs, "tidy anna by hand: done done 1", "tidy ben by hand: done done 2")
	})
}

// TestPerformAfterDeath: a run that a daemon died at is found dead, and worked,
// without another daemon; so is one whose daemon was forgotten already.
func TestPerformAfterDeath(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, &book{}, hourly())
		o.Lease = 300 * time.Millisecond
		e := opened(t, o)
		runs := ordered(t, e, "tidy")
		exec := func(text string) {
			t.Helper()
			if _, err := e.db.exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		exec("UPDATE popherd_run SET state = 'running', node = 'forgotten', attempt = 1, tries = 1 WHERE account = 'ben'")
		performed(t, e, runs[1:], "tidy ben by hand: done done 2")
		exec("INSERT INTO popherd_node (id, beat, seen, serves, started) VALUES ('dead', 7, 0, 1, 0)")
		exec("INSERT INTO popherd_lease (maildrop, node, run) VALUES ('anna', 'dead', 1)")
		exec("UPDATE popherd_run SET state = 'running', node = 'dead', attempt = 1, tries = 1 WHERE account = 'anna'")
		performed(t, e, runs[:1], "tidy anna by hand: done done 2")
	})
}

// TestProcesses: who only looks can see how many processes work whatever is due:
// not those that died, nor those that work only what a person waits for.
func TestProcesses(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, nil, one1())
		look := opened(t, o)
		want := func(when string, want int) {
			t.Helper()
			if n, err := look.Processes(t.Context()); err != nil || n != want {
				t.Errorf("%s: %d processes, want %d: %v", when, n, want, err)
			}
		}
		if _, err := look.db.exec(t.Context(), "INSERT INTO popherd_node (id, beat, seen, serves, started) VALUES ('dead', 1, "+look.db.clock()+" - 7000000, 1, 0)"); err != nil {
			t.Fatal(err)
		}
		want("none", 0)
		o.Performer = performerFunc(func(context.Context, Order) Result {
			want("a hand", 0)
			return Result{Class: Done}
		})
		e := opened(t, o)
		performed(t, e, ordered(t, e, "tidy"), "tidy anna by hand: done done 1")
		o.Performer = &book{}
		first := start(t, o)
		second := start(t, o)
		until(t, "a look", func() bool { return first.Stats().Processes >= 2 })
		want("two", 2)
		stop(t, second)
		want("one", 1)
		stop(t, first)
		want("none", 0)
	})
}
