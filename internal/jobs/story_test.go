package jobs

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// A clock is set by the test, and goes.
type clock struct {
	lock  sync.Mutex
	at    time.Time
	began time.Time
}

func (c *clock) now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.at.Add(time.Since(c.began))
}

func (c *clock) add(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.at = c.at.Add(d)
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// A performerFunc is a Performer.
type performerFunc func(ctx context.Context, o Order) Result

func (f performerFunc) Perform(ctx context.Context, o Order) Result { return f(ctx, o) }

// A book records orders, and answers them.
type book struct {
	lock   sync.Mutex
	orders []Order
	answer func(ctx context.Context, o Order) Result // nil: Done
}

func (b *book) Perform(ctx context.Context, o Order) Result {
	b.lock.Lock()
	b.orders = append(b.orders, o)
	b.lock.Unlock()
	if b.answer == nil {
		return Result{Class: Done}
	}
	return b.answer(ctx, o)
}

func (b *book) list() []Order {
	b.lock.Lock()
	defer b.lock.Unlock()
	return append([]Order(nil), b.orders...)
}

// hourly is a job for two accounts without a dry run.
func hourly() Definition {
	return Definition{Name: "tidy", Accounts: named("anna", "ben"), Schedule: cron("0 * * * *"), Enabled: true, Retries: 3, PauseAfter: 3, Digest: says("1")}
}

// says is a digest.
func says(text string) func() (string, error) { return func() (string, error) { return text, nil } }

func named(names ...string) (list []Account) {
	for _, name := range names {
		list = append(list, Account{Name: name})
	}
	return list
}

func cron(text string) schedule.Schedule {
	s, err := schedule.Parse(text, nil)
	if err != nil {
		panic(err)
	}
	return s
}

// options are those of a test; it is noon.
func options(t testing.TB, db string, p Performer, list ...Definition) (Options, *clock) {
	c := &clock{at: noon, began: time.Now()}
	o := Options{DB: db, Jobs: list, Performer: p, Workers: 4, Node: "test", Now: c.now, Tick: 10 * time.Millisecond, Lease: 3 * time.Second, RetryWait: 10 * time.Minute}
	if testing.Verbose() {
		o.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	} else {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	return o, c
}

// opened opens an engine that is closed when the test ends.
func opened(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// start does that too, and starts it.
func start(t testing.TB, o Options) *Engine {
	t.Helper()
	e := opened(t, o)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, e) })
	return e
}

func stop(t testing.TB, e *Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := e.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
	e.Close()
}

// until waits for what must come; the bound is against hanging.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(90 * time.Second); !f(); {
		if time.Now().After(end) {
			t.Fatalf("it did not come: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// history returns the runs as text, the oldest first.
func history(t testing.TB, e *Engine, q Query) []string {
	t.Helper()
	runs, err := e.History(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := len(runs) - 1; i >= 0; i-- {
		list = append(list, describe(runs[i]))
	}
	return list
}

func describe(r Run) string {
	fire := "by hand"
	if !r.Fire.IsZero() {
		fire = r.Fire.Format("02 15:04")
	}
	dry := ""
	if r.DryRun {
		dry = " dry"
	}
	return fmt.Sprintf("%s %s %s: %s %s%s %d", r.Job, r.Account, fire, r.State, r.Outcome, dry, r.Attempt)
}

// settled waits until no run is left to do, and n are done.
func settled(t testing.TB, e *Engine, n int) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			tell(t, e)
		}
	})
	until(t, fmt.Sprintf("%d runs done", n), func() bool {
		open, done := 0, 0
		err := each(t.Context(), e.db, func(r rows) error {
			var state string
			var n int
			err := r.Scan(&state, &n)
			if state == "done" {
				done = n
			} else {
				open += n
			}
			return err
		}, "SELECT state, count(*) FROM popherd_run GROUP BY state")
		if err != nil {
			t.Fatal(err)
		}
		return open == 0 && done == n
	})
}

// ticked waits until the engine has looked at the clock as it is now.
func ticked(t testing.TB, e *Engine) {
	t.Helper()
	for range 2 { // one may be under way
		now := time.Now()
		until(t, "a tick", func() bool { return e.Stats().Ticked.After(now) })
	}
}

// tell says what is not done, and who lives.
func tell(t testing.TB, e *Engine) {
	t.Helper()
	for _, text := range []string{
		"SELECT state || ' ' || count(*) || ' due ' || min(due) || ' to ' || max(due) FROM popherd_run GROUP BY state",
		"SELECT 'run ' || id || ' ' || account || ' ' || state || ' ticket ' || coalesce(river, 0) || ' on ' || node || ' due ' || due FROM popherd_run WHERE state <> 'done' ORDER BY id LIMIT 10",
		"SELECT 'ticket ' || river_job.id || ' ' || river_job.state || ' ' || coalesce(attempted_at, created_at) FROM river_job JOIN popherd_run ON river_job.id = popherd_run.river LIMIT 10",
		"SELECT 'node ' || id || ' ' || beat FROM popherd_node", "SELECT 'lease ' || maildrop || ' ' || node || ' ' || run FROM popherd_lease LIMIT 10",
		"SELECT 'fires ' || count(*) FROM popherd_fire",
	} {
		err := each(context.Background(), e.db, func(r rows) error {
			var line string
			err := r.Scan(&line)
			t.Log(line)
			return err
		}, text)
		if err != nil {
			t.Log(err)
		}
	}
	t.Logf("now %d", e.o.Now().UnixMicro())
}
