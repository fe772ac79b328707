package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var errCrash = errors.New("the process died")

// crashing is the database of a process that dies at its n-th commit: just
// before it, or just after.
type crashing struct {
	database
	n     atomic.Int64 // commits left
	after bool
	doubt bool // it lives on, and does not know that the commit was made
	dead  atomic.Bool
	died  chan struct{}
}

func (c *crashing) exec(ctx context.Context, text string, args ...any) (int64, error) {
	if c.dead.Load() {
		return 0, errCrash
	}
	return c.database.exec(ctx, text, args...)
}

func (c *crashing) query(ctx context.Context, text string, args ...any) (rows, error) {
	if c.dead.Load() {
		return nil, errCrash
	}
	return c.database.query(ctx, text, args...)
}

func (c *crashing) begin(ctx context.Context) (transaction, error) {
	if c.dead.Load() {
		return nil, errCrash
	}
	tx, err := c.database.begin(ctx)
	return &crashingTx{tx, c}, err
}

func (c *crashing) vital() querier { return c }

type crashingTx struct {
	transaction
	of *crashing
}

func (t *crashingTx) commit(ctx context.Context) error {
	if t.of.dead.Load() {
		return errCrash
	}
	if t.of.n.Add(-1) != 0 {
		return t.transaction.commit(ctx)
	}
	t.of.dead.Store(!t.of.doubt)
	defer close(t.of.died)
	if t.of.after {
		if err := t.transaction.commit(ctx); err != nil {
			return err
		}
	}
	return errCrash
}

// points are the commits of one fire: the fire, and begin and finish of two
// runs.
const points = 5

// atEach tells a story for each commit, before and after it.
func atEach(t *testing.T, db string, story func(t *testing.T, db string, point int64, after bool)) {
	for point := range int64(points) {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(point+1, after), func(t *testing.T) {
				t.Parallel()
				story(t, another(t, db), point+1, after)
			})
		}
	}
}

// TestCrashPoints: a process dies at each of its commits, before or after it;
// another one finds what is left, and each account has its run, done once.
func TestCrashPoints(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var reached atomic.Int64
		t.Run("at", func(t *testing.T) {
			atEach(t, db, func(t *testing.T, db string, point int64, after bool) {
				if crashAt(t, db, point, after) {
					reached.Add(1)
				}
			})
		})
		t.Logf("%d points", reached.Load())
		if reached.Load() < 2*(points-1) { // held accounts and such make some more or less
			t.Errorf("only %d points were reached", reached.Load())
		}
	})
}

// crashAt reports whether the point was reached.
func crashAt(t *testing.T, db string, point int64, after bool) bool {
	t.Helper()
	d := hourly()
	first, second := &book{}, &book{}
	o, clock := options(t, db, first, d)
	o.Lease = 300 * time.Millisecond
	dies := opened(t, o)
	c := &crashing{database: dies.db, after: after, died: make(chan struct{})}
	c.n.Store(point + 1) // Start commits once
	dies.db = c
	if err := dies.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	clock.add(time.Hour)
	o.Performer = nil
	look := opened(t, o)
	until(t, "the crash, or the end", func() bool { return c.dead.Load() || len(history(t, look, Query{State: "done"})) == 2 })
	dies.Close()
	o.Performer = second
	e := start(t, o)
	settled(t, e, 2)
	ended := map[string]int{}
	for _, order := range append(first.list(), second.list()...) {
		ended[order.Account]++
		if !order.Fire.Equal(noon.Add(time.Hour)) || ended[order.Account] > 2 {
			t.Errorf("point %d %t: %+v", point, after, order)
		}
	}
	for _, account := range []string{"anna", "ben"} {
		if ended[account] == 0 {
			t.Errorf("point %d %t: the run of %s went lost", point, after, account)
		}
	}
	if got := history(t, e, Query{Outcome: "done", State: "done"}); len(got) != 2 {
		t.Errorf("point %d %t: %q", point, after, got)
	}
	stop(t, e)
	return c.dead.Load()
}

// TestLostTickets: what River has lost, or done with, gets another ticket.
func TestLostTickets(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, nil, hourly())
		look := opened(t, o)
		if _, err := look.Run(t.Context(), "tidy", nil, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := look.db.exec(t.Context(), "DELETE FROM river_job"); err != nil {
			t.Fatal(err)
		}
		o.Performer = &book{}
		e := start(t, o)
		settled(t, e, 2)
		if n := e.Stats().Lost; n != 2 {
			t.Errorf("%d tickets were lost, want 2", n)
		}
	})
}

// TestTakenForDead: a process whose session others ended aborts its runs, and
// what they report is not taken; the run is done by another.
func TestTakenForDead(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		aborted := make(chan error, 1)
		slow := performerFunc(func(ctx context.Context, o Order) Result {
			if o.Attempt > 1 { // with its next session it may do it, too
				return Result{Class: Done}
			}
			<-ctx.Done()
			aborted <- context.Cause(ctx)
			return Result{Class: Done, Outcome: "too late"}
		})
		o, _ := options(t, db, slow, hourly())
		e := opened(t, o)
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Run(t.Context(), "tidy", []string{"anna"}, nil); err != nil {
			t.Fatal(err)
		}
		until(t, "the run", func() bool { return e.running() == 1 })
		// As it would be after SIGSTOP: another process saw no beat for a lease.
		o.Performer, o.Node = &book{}, "other"
		other := start(t, o)
		var beat int64
		s := e.session.Load().id
		if err := one(t.Context(), e.db, []any{&beat}, "SELECT beat FROM popherd_node WHERE id = $1", s); err != nil {
			t.Fatal(err)
		}
		until(t, "the funeral", func() bool {
			if err := other.bury(t.Context(), s, beat); err != nil {
				t.Fatal(err)
			}
			n := 0
			err := one(t.Context(), e.db, []any{&n}, "SELECT count(*) FROM popherd_node WHERE id = $1", s)
			beat++
			return err == nil && n == 0
		})
		if err := <-aborted; !errors.Is(err, ErrLeased) {
			t.Errorf("the run was aborted for %v, want %v", err, ErrLeased)
		}
		settled(t, other, 1)
		if got := history(t, other, Query{}); got[0] != "tidy anna by hand: done done 2" {
			t.Errorf("got %q", got)
		}
		until(t, "another session", func() bool { return e.session.Load().id != s })
		e.Close()
	})
}

// TestFirstStart: many processes start at once on nothing, some times.
func TestFirstStart(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		starts := 0
		const rounds = 5
		for round := range rounds {
			name := fmt.Sprintf("%s.%d", db, round)
			if strings.HasPrefix(db, "postgres") {
				name = emptyPostgres(t, "template1")
			}
			o, _ := options(t, name, nil, hourly())
			opened := make(chan *Engine)
			for range 4 {
				go func() {
					e, err := Open(context.Background(), o)
					if err != nil {
						t.Error(err)
					}
					opened <- e
				}()
			}
			for range 4 {
				if e := <-opened; e != nil {
					starts++
					defer e.Close()
				}
			}
		}
		t.Logf("%d engines on %d new databases", starts, rounds)
	})
}

// TestDoubtfulCommits: the connection breaks at each commit, which is made or
// not, and the process lives on: it finds out by itself.
func TestDoubtfulCommits(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		atEach(t, db, func(t *testing.T, db string, point int64, after bool) {
			b := &book{}
			o, clock := options(t, db, b, hourly())
			o.Lease = 300 * time.Millisecond
			e := opened(t, o)
			c := &crashing{database: e.db, after: after, doubt: true, died: make(chan struct{})}
			c.n.Store(point + 1) // Start commits once
			e.db = c
			if err := e.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			clock.add(time.Hour)
			settled(t, e, 2)
			if got := len(b.list()); got != 2 {
				t.Errorf("%d calls, want 2", got)
			}
			stop(t, e)
		})
	})
}
