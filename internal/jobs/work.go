package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"
)

const (
	// unknownWait is how long a run waits for a process that knows its job,
	// and unknownMost for how long in all: the new configuration may not have
	// come to all machines at once.
	unknownWait = 20 * time.Second
	unknownMost = 15 * time.Minute
)

// worker is what River calls with each ticket.
type worker struct {
	river.WorkerDefaults[ticket]
	engine *Engine
}

// Work works the run of a ticket. Only what keeps it from looking at the run is
// an error; then River offers the ticket again.
func (w *worker) Work(ctx context.Context, job *river.Job[ticket]) error {
	e := w.engine
	c, _, err := e.begin(ctx, byTicket, job.ID)
	if err != nil || c == nil {
		return err
	}
	e.perform(c)
	return nil
}

// Which run is to begin.
const (
	byTicket = "river = $1 AND state = 'queued'"
	byNumber = "id = $1 AND state IN ('queued', 'waiting')"
)

// claim is a run that this process has begun.
type claim struct {
	Order
	ctx      context.Context
	cancel   context.CancelCauseFunc
	session  string
	tries    int
	d        *definition
	maildrop string
	ran      string // the stamp of what ran dry, if the run is real unless that has changed
}

// begin makes a run running, and takes the lease of its maildrop. It returns
// nil if there is nothing to do: another has begun it, with a later ticket
// perhaps, or it waits now, until the moment that is returned.
func (e *Engine) begin(ctx context.Context, which string, number int64) (c *claim, until time.Time, err error) {
	// One moment for River's context to end is not one for the transaction:
	// half of it would be rolled back, and the ticket lost for a while.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	var known *claim // in e.runs
	forget := func() {
		if known != nil {
			e.forget(known)
			known = nil
		}
	}
	err = write(ctx, e.db, func(tx transaction) (err error) {
		forget()
		c, until, err = e.beginIn(ctx, tx, which, number)
		if err == nil && c != nil {
			// Before it is running: see reclaim.
			known = c
			e.remember(c)
		}
		return err
	})
	if err != nil {
		forget()
	}
	if err != nil || c == nil {
		return nil, until, err
	}
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	switch {
	case e.stopping:
		c.cancel(ErrStopping)
	case e.session.Load().id != c.session:
		c.cancel(ErrLeased)
	}
	return c, until, nil
}

// remember makes a run one that this process works, until forget.
func (e *Engine) remember(c *claim) {
	c.ctx, c.cancel = context.WithCancelCause(e.lives)
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	e.runs[c.Run] = &active{cancel: c.cancel}
}

func (e *Engine) forget(c *claim) {
	c.cancel(nil)
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	delete(e.runs, c.Run)
}

func (e *Engine) beginIn(ctx context.Context, tx transaction, which string, number int64) (c *claim, until time.Time, err error) {
	c = &claim{session: e.session.Load().id}
	var fire, created, attempt, tries, wish, river int64
	err = one(ctx, tx, []any{&c.Run, &c.Job, &c.Account, &fire, &created, &attempt, &tries, &wish, &river},
		"SELECT id, job, account, fire, created, attempt, tries, wish, COALESCE(river, 0) FROM popherd_run WHERE "+which+" ORDER BY id FOR UPDATE", number)
	if errors.Is(err, errNone) {
		return nil, until, nil
	}
	if err != nil {
		return nil, until, err
	}
	if which == byNumber && river != 0 {
		// Perhaps nobody is there to find out that its ticket opens nothing.
		if _, err := tx.exec(ctx, "DELETE FROM river_job WHERE id = $1 AND state IN ('available', 'scheduled', 'retryable', 'pending')", river); err != nil {
			return nil, until, err
		}
	}
	now := e.o.Now()
	if until, err = e.obstacle(ctx, tx, c, time.UnixMicro(created), now); err != nil || !until.IsZero() {
		return nil, until, err
	}
	c.Attempt, c.Deadline, c.tries, c.Fire = int(attempt)+1, c.d.Deadline, int(tries)+1, at(fire)
	if err := dryRun(ctx, tx, c, wish); err != nil {
		return nil, until, err
	}
	_, err = tx.exec(ctx, `UPDATE popherd_run SET state = 'running', river = NULL, node = $1, started = $2,
		attempt = attempt + 1, tries = tries + 1, dry = $3 WHERE id = $4`, c.session, now.UnixMicro(), bit(c.DryRun), c.Run)
	return c, until, err
}

// obstacle puts a run back that cannot begin now, and says until when. If there
// is none, the lease of the maildrop has been taken.
func (e *Engine) obstacle(ctx context.Context, tx transaction, c *claim, created, now time.Time) (until time.Time, err error) {
	if e.draining() {
		return now, wait(ctx, tx, c.Run, now)
	}
	known := false
	if c.d = e.definition(c.Job); c.d != nil {
		c.maildrop, known = c.d.maildrop(c.Account)
	}
	if !known {
		until = now.Add(unknownWait)
		return until, e.waitUnknown(ctx, tx, c, created, now, until)
	}
	changed, err := tx.exec(ctx, "INSERT INTO popherd_lease (maildrop, node, run) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", c.maildrop, c.session, c.Run)
	if err != nil {
		return until, err
	}
	if changed == 0 {
		e.counts.snoozed.Add(1)
		until = now.Add(e.heldWait(c.Run))
		return until, wait(ctx, tx, c.Run, until)
	}
	// Only whoever has the lease can know: another's end may be noted just now.
	until, err = delayed(ctx, tx, c.maildrop, now)
	if err != nil || until.IsZero() {
		return until, err
	}
	if err := release(ctx, tx, c); err != nil {
		return until, err
	}
	return until, waitDelayed(ctx, tx, c, now, until)
}

// release gives the lease of a run back.
func release(ctx context.Context, tx transaction, c *claim) error {
	_, err := tx.exec(ctx, "DELETE FROM popherd_lease WHERE maildrop = $1 AND node = $2 AND run = $3", c.maildrop, c.session, c.Run)
	return err
}

// heldWait is how long a run waits for the lease of its maildrop: not all of
// one maildrop the same, and never long, for a lease ends unannounced.
func (e *Engine) heldWait(run int64) time.Duration {
	return e.o.Tick*2 + e.o.Tick*time.Duration(run%7)/2
}

// wait puts a run back that was not begun.
func wait(ctx context.Context, tx transaction, run int64, until time.Time) error {
	_, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'waiting', river = NULL, due = $1 WHERE id = $2", until.UnixMicro(), run)
	return err
}

// waitUnknown leaves a run whose job or account is not known here to others,
// and ends it after some time.
func (e *Engine) waitUnknown(ctx context.Context, tx transaction, c *claim, created, now, until time.Time) error {
	if age := now.Sub(created); age >= 0 && age < unknownMost {
		return wait(ctx, tx, c.Run, until)
	}
	_, err := tx.exec(ctx, `UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'cancelled', finished = $1,
		message = 'the configuration has no such job any more, or not for this account' WHERE id = $2`, now.UnixMicro(), c.Run)
	return err
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// draining reports whether no run may begin.
func (e *Engine) draining() bool {
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	return e.stopping
}
