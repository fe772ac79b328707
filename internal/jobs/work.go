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
	active  *active
	ctx     context.Context
	cancel  context.CancelCauseFunc
	session string
	tries   int
	d       *definition
	agains  int       // in a row, before it
	earlier []byte    // Earlier, packed
	after   time.Time // it is not to begin again before that, if it was Again
	ran     string    // the stamp of what ran dry, if the run is real unless that has changed
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
	var gone []ending
	forget := func() {
		if known != nil {
			e.forget(known)
			known = nil
		}
	}
	err = write(ctx, e.db, func(tx transaction) (err error) {
		forget()
		c, until, gone, err = e.beginIn(ctx, tx, which, number)
		if err == nil && c != nil {
			// Before it is running: see reclaim.
			known = c
			e.remember(c)
		}
		return err
	})
	if err != nil {
		forget()
		return nil, until, err
	}
	e.bid(gone)
	if c == nil {
		return nil, until, nil
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
	c.active = &active{cancel: c.cancel}
	e.runs[c.Run], e.busy[c.Maildrop] = c.active, c.active
}

// forget is for one that is noted. A later attempt of the run may have begun
// if others took this one from here.
func (e *Engine) forget(c *claim) {
	e.quit(c)
	c.cancel(nil)
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	if e.runs[c.Run] == c.active {
		delete(e.runs, c.Run)
	}
}

// quit says that nothing is done to the maildrop any more.
func (e *Engine) quit(c *claim) {
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	if e.busy[c.Maildrop] == c.active {
		delete(e.busy, c.Maildrop)
	}
}

// occupied reports whether an attempt of this process that has lost its lease
// is at the maildrop still, or at what the run was for then: perhaps it commits.
func (e *Engine) occupied(c *claim) bool {
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	return e.busy[c.Maildrop] != nil || e.runs[c.Run] != nil
}

func (e *Engine) beginIn(ctx context.Context, tx transaction, which string, number int64) (c *claim, until time.Time, gone []ending, err error) {
	c = &claim{session: e.session.Load().id}
	var fire, unknown, attempt, tries, wish, river, reported int64
	err = one(ctx, tx, []any{&c.Run, &c.Job, &c.Account, &fire, &unknown, &attempt, &tries, &wish, &river, &c.agains, &reported},
		"SELECT id, job, account, fire, unknown, attempt, tries, wish, COALESCE(river, 0), agains, CASE WHEN report IS NULL THEN 0 ELSE 1 END FROM popherd_run WHERE "+which+" ORDER BY id FOR UPDATE", number)
	if errors.Is(err, errNone) {
		return nil, until, nil, nil
	}
	if err != nil {
		return nil, until, nil, err
	}
	if which == byNumber && river != 0 {
		// Perhaps nobody is there to find out that its ticket opens nothing.
		if _, err := tx.exec(ctx, "DELETE FROM river_job WHERE id = $1 AND state IN ('available', 'scheduled', 'retryable', 'pending')", river); err != nil {
			return nil, until, nil, err
		}
	}
	if until, gone, err = e.obstacle(ctx, tx, c, unknown); err != nil || !until.IsZero() {
		return nil, until, gone, err
	}
	c.Attempt, c.Deadline, c.tries, c.Fire = int(attempt)+1, c.d.Deadline, int(tries)+1, at(fire)
	if err := dryRun(ctx, tx, c, wish); err != nil {
		return nil, until, nil, err
	}
	if reported != 0 {
		if err := one(ctx, tx, []any{&c.earlier}, "SELECT report FROM popherd_run WHERE id = $1", c.Run); err != nil {
			return nil, until, nil, err
		}
	}
	// The time is asked for only now: the lease may have been waited for.
	_, err = tx.exec(ctx, `UPDATE popherd_run SET state = 'running', river = NULL, node = $1, started = $2,
		attempt = attempt + 1, tries = tries + 1, unknown = 0, dry = $3 WHERE id = $4`, c.session, e.o.Now().UnixMicro(), bit(c.DryRun), c.Run)
	return c, until, nil, err
}

// obstacle puts a run back that cannot begin now, and says until when; or ends
// it. If there is none, the lease of the maildrop has been taken.
func (e *Engine) obstacle(ctx context.Context, tx transaction, c *claim, unknown int64) (until time.Time, gone []ending, err error) {
	now := e.o.Now()
	if e.draining() {
		return now, nil, wait(ctx, tx, c.Run, now)
	}
	known := false
	if c.d = e.definition(c.Job); c.d != nil {
		c.Maildrop, known = c.d.maildrop(c.Account)
	}
	if !known {
		until = now.Add(unknownWait)
		return until, nil, e.waitUnknown(ctx, tx, c, unknown, now, until)
	}
	changed := int64(0)
	if !e.occupied(c) {
		changed, err = tx.exec(ctx, "INSERT INTO popherd_lease (maildrop, node, run) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", c.Maildrop, c.session, c.Run)
	}
	if err != nil {
		return until, nil, err
	}
	now = e.o.Now() // another's lease may have been waited for
	if changed == 0 {
		e.counts.snoozed.Add(1)
		until = now.Add(e.heldWait(c.Run))
		gone, err = e.waitBehind(ctx, tx, c, now, until)
		return until, gone, err
	}
	// Only whoever has the lease can know: another's end may be noted just now.
	until, err = delayed(ctx, tx, c.Maildrop, now)
	if err != nil || until.IsZero() {
		return until, nil, err
	}
	if err := release(ctx, tx, c); err != nil {
		return until, nil, err
	}
	gone, err = e.waitBehind(ctx, tx, c, now, until)
	return until, gone, err
}

// release gives the lease of a run back.
func release(ctx context.Context, tx transaction, c *claim) error {
	_, err := tx.exec(ctx, "DELETE FROM popherd_lease WHERE maildrop = $1 AND node = $2 AND run = $3", c.Maildrop, c.session, c.Run)
	return err
}

// heldWait is how long a run waits for the lease of its maildrop: not all of
// one maildrop the same, and never long, for a lease ends unannounced.
func (e *Engine) heldWait(run int64) time.Duration {
	return e.o.Tick*2 + e.o.Tick*time.Duration(run%7)/2
}

// wait puts a run back that was not begun, by who knows its job.
func wait(ctx context.Context, tx transaction, run int64, until time.Time) error {
	_, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'waiting', river = NULL, due = $1, unknown = 0 WHERE id = $2", until.UnixMicro(), run)
	return err
}

// waitUnknown leaves a run whose job or account is not known here to others,
// and ends it some time after that was found out.
func (e *Engine) waitUnknown(ctx context.Context, tx transaction, c *claim, unknown int64, now, until time.Time) error {
	if unknown == 0 || unknown > now.Add(skew).UnixMicro() { // or a clock was ahead
		unknown = now.UnixMicro()
	}
	if now.Sub(time.UnixMicro(unknown)) < unknownMost {
		_, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'waiting', river = NULL, due = $1, unknown = $2 WHERE id = $3", until.UnixMicro(), unknown, c.Run)
		return err
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
