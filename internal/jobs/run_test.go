package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// answers gives one result after the other, the last one again and again.
func answers(list ...Result) func(context.Context, Order) Result {
	var n atomic.Int64
	return func(context.Context, Order) Result { return list[min(int(n.Add(1)), len(list))-1] }
}

func one1() Definition {
	d := hourly()
	d.Accounts = d.Accounts[:1]
	return d
}

// check1 compares the history.
func check1(t *testing.T, e *Engine, want ...string) {
	t.Helper()
	if got := history(t, e, Query{}); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestRetry: a temporary failure is tried again, later each time, up to the
// limit; what the server asks for is waited for.
func TestRetry(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{answer: answers(Result{Class: Temporary, Message: "in use"}, Result{Class: Temporary, After: 5 * time.Hour}, Result{Class: Done, Deleted: 7, Report: []byte(`{"a":1}`)})}
		d := one1()
		d.Schedule = cron("0 13 * * *")
		o, c := options(t, db, b, d)
		e := start(t, o)
		c.add(time.Hour)
		var waits []time.Duration
		for n := 1; n <= 2; n++ {
			var r Run
			until(t, "a wait", func() bool {
				list, err := e.History(t.Context(), Query{State: "waiting"})
				if err != nil {
					t.Fatal(err)
				}
				if len(list) == 1 && list[0].Attempt == n {
					r = list[0]
				}
				return r.ID != 0
			})
			wait := r.Due.Sub(c.now())
			waits = append(waits, wait)
			c.add(wait - time.Minute)
			ticked(t, e)
			if got := len(b.list()); got != n {
				t.Errorf("%d attempts before it is time, want %d", got, n)
			}
			c.add(time.Minute)
		}
		settled(t, e, 1)
		check1(t, e, "tidy anna 02 13:00: done done 3")
		if waits[0] < 7*time.Minute || waits[0] > 13*time.Minute || waits[1] < 5*time.Hour-time.Minute {
			t.Errorf("waits %v", waits)
		}
		r, err := e.Show(t.Context(), 1)
		if err != nil || string(r.Report) != `{"a":1}` || r.Deleted != 7 {
			t.Errorf("Show: %+v, %v", r, err)
		}
	})
}

// TestRetriesEnd: after the last retry the run is over, and the job goes on.
func TestRetriesEnd(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{answer: answers(Result{Class: Temporary, Message: "away"})}
		o, c := options(t, db, b, one1())
		o.RetryWait = time.Millisecond
		e := start(t, o)
		c.add(time.Hour)
		settled(t, e, 1)
		c.add(time.Hour)
		settled(t, e, 2)
		check1(t, e, "tidy anna 02 13:00: done temporary 4", "tidy anna 02 14:00: done temporary 4")
		jobs, err := e.Jobs(t.Context())
		if err != nil || len(jobs[0].Paused)+len(jobs[0].Failing) != 0 || jobs[0].Last.Message != "away" {
			t.Errorf("Jobs: %+v, %v", jobs, err)
		}
	})
}

// TestSuperseded: a run that waits for another attempt gives way to the next
// fire's.
func TestSuperseded(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{answer: answers(Result{Class: Temporary, After: 3 * time.Hour}, Result{Class: Done})}
		o, c := options(t, db, b, one1())
		e := start(t, o)
		c.add(time.Hour)
		until(t, "a wait", func() bool { return len(history(t, e, Query{State: "waiting"})) == 1 })
		c.add(time.Hour)
		settled(t, e, 2)
		check1(t, e, "tidy anna 02 13:00: done superseded 1", "tidy anna 02 14:00: done done 1")
	})
}

// TestPause: what no retry mends is not retried, and pauses the job for the
// account, not for the others, until it is enabled.
func TestPause(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var mended atomic.Bool
		b := &book{answer: func(_ context.Context, o Order) Result {
			if o.Account == "anna" && !mended.Load() {
				return Result{Class: Refused, Message: "login: [AUTH] no\x00\xff"}
			}
			return Result{Class: Done}
		}}
		o, c := options(t, db, b, hourly())
		e := start(t, o)
		for hour, want := range []int{2, 4, 6, 7, 8} {
			c.add(time.Hour)
			settled(t, e, want)
			_ = hour
		}
		jobs, err := e.Jobs(t.Context())
		if err != nil || len(jobs[0].Paused) != 1 || jobs[0].Paused[0].Reason != "login: [AUTH] no\uFFFD\uFFFD" || jobs[0].Paused[0].Failures != 3 || jobs[0].Paused[0].Account != "anna" {
			t.Errorf("Jobs: %+v, %v", jobs, err)
		}
		mended.Store(true)
		if err := e.Enable(t.Context(), "tidy"); err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour)
		settled(t, e, 10)
		if got := len(b.list()); got != 10 {
			t.Errorf("%d attempts, want 10", got)
		}
	})
}

// TestDryFirst: the first run is dry, also what had been made before it ended;
// a changed job runs dry again.
func TestDryFirst(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := one1()
		d.DryFirst = true
		o, c := options(t, db, &book{answer: answers(Result{Class: Permanent}, Result{Class: Done})}, d)
		e := start(t, o)
		for n := range 3 { // fails, dry; dry; real
			c.add(time.Hour)
			settled(t, e, n+1)
		}
		d.Digest = says("2")
		if err := e.Reload([]Definition{d}); err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour)
		settled(t, e, 4)
		for n, dry := range []bool{false, true} {
			if _, err := e.Run(t.Context(), "tidy", nil, &dry); err != nil {
				t.Fatal(err)
			}
			settled(t, e, 5+n)
		}
		if _, err := e.Run(t.Context(), "tidy", nil, nil); err != nil {
			t.Fatal(err)
		}
		settled(t, e, 7)
		check1(t, e, "tidy anna 02 13:00: done permanent dry 1", "tidy anna 02 14:00: done done dry 1", "tidy anna 02 15:00: done done 1",
			"tidy anna 02 16:00: done done dry 1", "tidy anna by hand: done done 1", "tidy anna by hand: done done dry 1", "tidy anna by hand: done done 1")
	})
}

// TestHeld: two jobs for one account wait for each other, whatever the number
// of workers, and none is lost.
func TestHeld(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var lock sync.Mutex
		at, most := 0, 0
		p := performerFunc(func(ctx context.Context, o Order) Result {
			lock.Lock()
			at++
			most = max(most, at)
			lock.Unlock()
			pause(ctx, 20*time.Millisecond)
			lock.Lock()
			at--
			lock.Unlock()
			return Result{Class: Done}
		})
		var list []Definition
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			d := one1()
			d.Name = name
			list = append(list, d)
		}
		o, c := options(t, db, p, list...)
		e := start(t, o)
		o.Node = "other"
		start(t, o)
		c.add(time.Hour)
		settled(t, e, 6)
		if most != 1 {
			t.Errorf("%d runs of one account at once", most)
		}
	})
}

// TestCancel: what waits is over at once; what runs is aborted; what commits
// finishes, and is not tried again.
func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		began := make(chan int64, 1)
		p := performerFunc(func(ctx context.Context, o Order) Result {
			began <- o.Run
			<-ctx.Done()
			if o.Account == "ben" {
				return Result{Class: Done, Outcome: "committed"}
			}
			return Result{Class: Interrupted}
		})
		d := hourly()
		o, _ := options(t, db, p, d)
		o.Workers = 1
		e := start(t, o)
		cancel := func(run int64) {
			t.Helper()
			if err := e.Cancel(t.Context(), run); err != nil {
				t.Fatal(err)
			}
		}
		runs, err := e.Run(t.Context(), "tidy", []string{"anna", "ben", "anna"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		cancel(runs[2])
		cancel(<-began)
		cancel(<-began)
		settled(t, e, 3)
		check1(t, e, "tidy anna by hand: done cancelled 1", "tidy ben by hand: done committed 1", "tidy anna by hand: done cancelled 0")
		if err := e.Cancel(t.Context(), runs[0]); !errors.Is(err, ErrOver) {
			t.Errorf("Cancel again: %v", err)
		}
		if err := e.Retry(t.Context(), runs[1]); !errors.Is(err, ErrSettled) {
			t.Errorf("Retry of what is done: %v", err)
		}
		if err := e.Cancel(t.Context(), 99); !errors.Is(err, ErrUnknown) {
			t.Errorf("Cancel of nothing: %v", err)
		}
		if err := e.Retry(t.Context(), runs[0]); err != nil {
			t.Fatal(err)
		}
		cancel(<-began)
		settled(t, e, 3)
	})
}

// TestStop: reading is interrupted and runs again, a commit finishes, and the
// rest is left for others, at once.
func TestStop(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		p := performerFunc(func(ctx context.Context, o Order) Result {
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), ErrStopping) {
				return Result{Class: Permanent}
			}
			if o.Account == "ben" {
				return Result{Class: Done, Outcome: "committed"}
			}
			return Result{Class: Interrupted}
		})
		d := hourly()
		d.Accounts = named("anna", "ben", "carl")
		o, c := options(t, db, p, d)
		o.Workers = 2
		e := opened(t, o)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour)
		until(t, "two runs", func() bool { return e.running() == 2 })
		stop(t, e)
		o.Performer = &book{}
		again := start(t, o)
		settled(t, again, 3)
		check1(t, again, "tidy anna 02 13:00: done done 1", "tidy ben 02 13:00: done committed 1", "tidy carl 02 13:00: done done 1")
	})
}

// TestStopIsBounded: a performer that does not end holds up Stop only so long,
// and its lease stays until the process does.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	o, c := options(t, t.TempDir()+"/jobs.db", performerFunc(func(context.Context, Order) Result { <-release; return Result{Class: Done} }), one1())
	e := opened(t, o)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.add(time.Hour)
	until(t, "the run", func() bool { return e.running() == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := e.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 runs") {
		t.Errorf("Stop: %v", err)
	}
	close(release)
	stop(t, e)
	again := opened(t, o)
	check1(t, again, "tidy anna 02 13:00: done done 1")
}

// TestOdd: a panic, a deadline and a result without a class are failures.
func TestOdd(t *testing.T) {
	t.Parallel()
	b := &book{answer: func(ctx context.Context, o Order) Result {
		switch o.Account {
		case "anna":
			panic("oh")
		case "ben":
			<-ctx.Done()
			return Result{Class: Interrupted}
		}
		return Result{}
	}}
	d := hourly()
	d.Accounts, d.Deadline, d.Retries = named("anna", "ben", "carl"), 30*time.Millisecond, 0
	o, c := options(t, t.TempDir()+"/jobs.db", b, d)
	e := start(t, o)
	c.add(time.Hour)
	settled(t, e, 3)
	check1(t, e, "tidy anna 02 13:00: done panic 1", "tidy ben 02 13:00: done temporary 1", "tidy carl 02 13:00: done permanent 1")
}
