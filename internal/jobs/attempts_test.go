package jobs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestBuriedCommits: an attempt whose session others took for dead commits still:
// the run begins again in the same process only after it, and no third time.
func TestBuriedCommits(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var crowd crowd
		var calls atomic.Int64
		release := make(chan struct{})
		p := performerFunc(func(ctx context.Context, o Order) Result {
			if calls.Add(1) == 1 {
				crowd.lock.Lock()
				crowd.at++
				crowd.lock.Unlock()
				<-release
				crowd.lock.Lock()
				crowd.at--
				crowd.lock.Unlock()
			}
			crowd.enter(ctx)
			return Result{Class: Done}
		})
		o, _ := options(t, db, p, one1())
		e := start(t, o)
		ordered(t, e, "tidy")
		until(t, "the run", func() bool { return calls.Load() == 1 })
		buried := e.session.Load().id
		until(t, "the burial", func() bool {
			var beat int64
			err := one(t.Context(), e.db, []any{&beat}, "SELECT beat FROM popherd_node WHERE id = $1", buried)
			if err == nil {
				err = e.bury(t.Context(), buried, beat)
			}
			return errors.Is(err, errNone)
		})
		until(t, "a try", func() bool { return e.Stats().Snoozed > 2 })
		close(release)
		settled(t, e, 1)
		if n := calls.Load(); n != 2 || crowd.most != 1 {
			t.Errorf("%d calls, %d at once; want 2, 1", n, crowd.most)
		}
	})
}

// TestRetryWhileTold: a run that is begun again while somebody is told of its
// failure stays one that this process knows.
func TestRetryWhileTold(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var calls, told atomic.Int64
		second, release := make(chan struct{}), make(chan struct{})
		var o Options
		p := performerFunc(func(ctx context.Context, _ Order) Result {
			if calls.Add(1) == 1 {
				return Result{Class: Permanent}
			}
			close(second)
			<-release
			return Result{Class: Done}
		})
		o, _ = options(t, db, p, one1())
		o.Notice = func(Order, Result, bool) {
			if told.Add(1) == 1 {
				<-second
			}
		}
		e := start(t, o)
		run := ordered(t, e, "tidy")[0]
		until(t, "the notice", func() bool { return told.Load() == 1 })
		if err := e.Retry(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		<-second
		for range 3 {
			if err := e.compare(t.Context(), e.session.Load().id); err != nil {
				t.Fatal(err)
			}
		}
		if n := e.running(); n != 1 {
			t.Errorf("%d runs are known, want 1", n)
		}
		close(release)
		settled(t, e, 1)
		if n := calls.Load(); n != 2 {
			t.Errorf("%d calls, want 2", n)
		}
	})
}

// TestSupersededIsTold: the last failure of a run whose retries end with the
// next fire is told as one that is final.
func TestSupersededIsTold(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n notices
		b := &book{answer: answers(Result{Class: Temporary, Message: "away", After: 3 * time.Hour}, Result{Class: Done})}
		o, c := options(t, db, b, one1())
		o.Notice = n.take
		e := start(t, o)
		c.add(time.Hour)
		until(t, "a wait", func() bool { return len(history(t, e, Query{State: "waiting"})) == 1 })
		c.add(time.Hour)
		settled(t, e, 2)
		stop(t, e)
		n.want(t, "anna 1 done  true", "anna 1 superseded away true", "anna 1 temporary away false")
	})
}

// TestHeldPile: of a job that fires while a run of it is long at it, only the
// latest waits.
func TestHeldPile(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		release := make(chan struct{})
		p := performerFunc(func(context.Context, Order) Result {
			<-release
			return Result{Class: Done}
		})
		o, c := options(t, db, p, one1())
		e := start(t, o)
		for range 5 {
			c.add(time.Hour)
			ticked(t, e)
			until(t, "the run", func() bool { return e.running() == 1 })
			until(t, "one to be open beside it", func() bool { return count(t, e, "popherd_run WHERE state IN ('waiting', 'queued')") <= 1 })
		}
		close(release)
		settled(t, e, 5)
		check1(t, e, "tidy anna 02 13:00: done done 1", "tidy anna 02 14:00: done superseded 0", "tidy anna 02 15:00: done superseded 0",
			"tidy anna 02 16:00: done superseded 0", "tidy anna 02 17:00: done done 1")
	})
}

// hitch is a database some of whose transactions fail.
type hitch struct {
	database
	lock  sync.Mutex
	begun error // of the next begin
	ended error // of the next commit, which is made
}

func (h *hitch) begin(ctx context.Context) (transaction, error) {
	h.lock.Lock()
	defer h.lock.Unlock()
	if err := h.begun; err != nil {
		h.begun = nil
		return nil, err
	}
	tx, err := h.database.begin(ctx)
	return &hitchTx{tx, h}, err
}

type hitchTx struct {
	transaction
	h *hitch
}

func (t *hitchTx) commit(ctx context.Context) error {
	err := t.transaction.commit(ctx)
	t.h.lock.Lock()
	defer t.h.lock.Unlock()
	if err == nil {
		err, t.h.ended = t.h.ended, nil
	}
	return err
}

// TestCommitInDoubt: a result whose commit failed, and was made, is noted; one
// that could not be noted before the run was taken is not.
func TestCommitInDoubt(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n notices
		o, _ := options(t, db, &book{}, one1())
		o.Notice = n.take
		e := opened(t, o)
		h := &hitch{database: e.db}
		e.db = h
		if err := e.enter(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		claimed := func() *claim {
			t.Helper()
			c, _, err := e.begin(t.Context(), byNumber, ordered(t, e, "tidy")[0])
			if err != nil || c == nil {
				t.Fatalf("begin: %v, %v", c, err)
			}
			return c
		}
		c := claimed()
		h.ended = errors.New("the connection broke")
		if final, err := e.finish(c, Result{Class: Done}); err != nil || !final {
			t.Errorf("finish, its commit in doubt: %t, %v", final, err)
		}
		e.forget(c)
		c = claimed()
		if _, err := e.db.exec(t.Context(), "UPDATE popherd_run SET node = 'another' WHERE id = $1", c.Run); err != nil {
			t.Fatal(err)
		}
		h.begun = errors.New("the database is away")
		if _, err := e.finish(c, Result{Class: Done}); !errors.Is(err, errLost) {
			t.Errorf("finish of a run that was taken: %v, want %v", err, errLost)
		}
		e.forget(c)
	})
}

// TestStartedAfterFinished: a run that waited for the other's lease says that it
// started after that one had finished.
func TestStartedAfterFinished(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, one1())
		e := opened(t, o)
		var looks atomic.Int64
		e.o.Now = func() time.Time { return c.now().Add(time.Duration(looks.Add(1)) * time.Second) }
		if err := e.enter(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		run := ordered(t, e, "tidy")[0]
		before := looks.Load()
		claim, _, err := e.begin(t.Context(), byNumber, run)
		if err != nil || claim == nil {
			t.Fatal(err)
		}
		e.forget(claim)
		r, err := e.Show(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		// The first look at the clock is before the lease, the last after it.
		if least := noon.Add(time.Duration(before+2) * time.Second); looks.Load() < before+2 || r.Started.Before(least) {
			t.Errorf("started %v, want %v or later", r.Started, least)
		}
	})
}
