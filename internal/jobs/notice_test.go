package jobs

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// notices records what was told.
type notices struct {
	lock sync.Mutex
	list []string
}

func (n *notices) take(o Order, r Result, final bool) {
	n.lock.Lock()
	defer n.lock.Unlock()
	n.list = append(n.list, fmt.Sprintf("%s %d %s %s %t", o.Account, o.Attempt, r.Outcome, r.Message, final))
	if o.Account == "ben" {
		panic("oh")
	}
}

func (n *notices) want(t *testing.T, want ...string) {
	t.Helper()
	n.lock.Lock()
	defer n.lock.Unlock()
	slices.Sort(n.list)
	if !slices.Equal(n.list, want) {
		t.Errorf("got  %q\nwant %q", n.list, want)
	}
	n.list = nil
}

// TestNotice: each attempt is told once it is noted, and whether there will be
// another one; a panic of who is told harms nobody.
func TestNotice(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n notices
		var e *Engine
		b := &book{answer: func(_ context.Context, o Order) Result {
			switch {
			case o.Account == "anna" && o.Attempt < 3:
				return Result{Class: Temporary, Message: "away"}
			case o.Account == "carl":
				return Result{Class: Temporary, Message: "hung"}
			case o.Account == "dora":
				return Result{Class: Refused, Message: "no"}
			}
			return Result{Class: Done, Outcome: "committed"}
		}}
		d := hourly()
		d.Accounts, d.Retries = named("anna", "ben", "carl", "dora"), 2
		o, _ := options(t, db, b, d)
		o.RetryWait = time.Millisecond
		o.Notice = func(order Order, r Result, final bool) {
			run, err := e.Show(context.Background(), order.Run)
			if err != nil || (run.State == "done") != final {
				t.Errorf("told final %t of %+v, %v", final, run, err)
			}
			n.take(order, r, final)
		}
		e = opened(t, o)
		if _, err := e.Perform(t.Context(), ordered(t, e, "tidy")); err != nil {
			t.Fatal(err)
		}
		n.want(t, "anna 1 temporary away false", "anna 2 temporary away false", "anna 3 committed  true", "ben 1 committed  true",
			"carl 1 temporary hung false", "carl 2 temporary hung false", "carl 3 temporary hung true", "dora 1 refused no true")
	})
}

// TestNoticeOfStops: what a stop interrupted is to run again, what a person
// cancelled is not.
func TestNoticeOfStops(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n notices
		began := make(chan int64, 1)
		o, _ := options(t, db, performerFunc(func(ctx context.Context, o Order) Result {
			began <- o.Run
			<-ctx.Done()
			return Result{Class: Interrupted}
		}), one1())
		o.Notice = n.take
		e := start(t, o)
		ordered(t, e, "tidy")
		if err := e.Cancel(t.Context(), <-began); err != nil {
			t.Fatal(err)
		}
		settled(t, e, 1)
		ordered(t, e, "tidy")
		<-began
		stop(t, e)
		n.want(t, "anna 1 cancelled  true", "anna 1 interrupted  false")
	})
}

// TestNoticeOfDeath: a run that processes die of is given up, and told.
func TestNoticeOfDeath(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n notices
		o, _ := options(t, db, &book{}, one1())
		o.Notice = n.take
		e := opened(t, o)
		ordered(t, e, "tidy")
		if _, err := e.db.exec(t.Context(), "UPDATE popherd_run SET state = 'running', node = 'gone', attempt = 6, deaths = $1", maxDeaths); err != nil {
			t.Fatal(err)
		}
		if err := e.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.want(t, fmt.Sprintf("anna 6 died %d processes died while they worked it true", maxDeaths+1))
		check1(t, e, "tidy anna by hand: done died 6")
	})
}
