package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
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
	run, err := e.begin(ctx, job.ID)
	if err != nil || run == nil {
		return err
	}
	e.perform(run)
	return nil
}

// claim is a run that this process has begun.
type claim struct {
	Order
	ctx     context.Context
	cancel  context.CancelCauseFunc
	session string
	tries   int
	d       *Definition
}

// begin makes the run of a ticket running, and takes the lease of its account.
// It returns nil if there is nothing to do: another has begun it with a later
// ticket, or it waits now.
func (e *Engine) begin(ctx context.Context, number int64) (c *claim, err error) {
	// One moment for River's context to end is not one for the transaction:
	// half of it would be rolled back, and the ticket lost for a while.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	held := false
	var known *claim // in e.runs
	forget := func() {
		if known != nil {
			e.forget(known)
			known = nil
		}
	}
	err = write(ctx, e.db, func(tx transaction) (err error) {
		forget()
		c, held, err = e.beginIn(ctx, tx, number)
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
	if held {
		e.counts.snoozed.Add(1)
	}
	if err != nil || c == nil {
		return nil, err
	}
	e.runsLock.Lock()
	defer e.runsLock.Unlock()
	switch {
	case e.stopping:
		c.cancel(ErrStopping)
	case e.session.Load().id != c.session:
		c.cancel(ErrLeased)
	}
	return c, nil
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

func (e *Engine) beginIn(ctx context.Context, tx transaction, number int64) (c *claim, held bool, err error) {
	c = &claim{session: e.session.Load().id}
	var fire, created, attempt, tries, wish int64
	err = one(ctx, tx, []any{&c.Run, &c.Job, &c.Account, &fire, &created, &attempt, &tries, &wish},
		`SELECT id, job, account, fire, created, attempt, tries, wish FROM popherd_run
		WHERE river = $1 AND state = 'queued' ORDER BY id FOR UPDATE`, number)
	if errors.Is(err, errNone) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	now := e.o.Now()
	if e.draining() {
		return nil, false, wait(ctx, tx, c.Run, now)
	}
	if c.d = e.definition(c.Job); c.d == nil || !contains(c.d, c.Account) {
		return nil, false, e.waitUnknown(ctx, tx, c, time.UnixMicro(created), now)
	}
	changed, err := tx.exec(ctx, "INSERT INTO popherd_lease (account, node, run) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", c.Account, c.session, c.Run)
	if err != nil {
		return nil, false, err
	}
	if changed == 0 {
		return nil, true, wait(ctx, tx, c.Run, now.Add(e.heldWait(c.Run)))
	}
	dry, err := dryRun(ctx, tx, c, wish)
	if err != nil {
		return nil, false, err
	}
	c.Order = Order{Run: c.Run, Job: c.Job, Account: c.Account, Attempt: int(attempt) + 1, DryRun: dry, Deadline: c.d.Deadline}
	if fire != 0 {
		c.Fire = time.UnixMicro(fire).UTC()
	}
	c.tries = int(tries) + 1
	_, err = tx.exec(ctx, `UPDATE popherd_run SET state = 'running', river = NULL, node = $1, started = $2,
		attempt = attempt + 1, tries = tries + 1, dry = $3 WHERE id = $4`, c.session, now.UnixMicro(), flag(dry), c.Run)
	return c, false, err
}

// heldWait is how long a run waits for the lease of its account: not all of
// one account the same, and never long, for a lease ends unannounced.
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
func (e *Engine) waitUnknown(ctx context.Context, tx transaction, c *claim, created, now time.Time) error {
	if age := now.Sub(created); age >= 0 && age < unknownMost {
		return wait(ctx, tx, c.Run, now.Add(unknownWait))
	}
	_, err := tx.exec(ctx, `UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'cancelled', finished = $1,
		message = 'the configuration has no such job any more, or not for this account' WHERE id = $2`, now.UnixMicro(), c.Run)
	return err
}

func contains(d *Definition, account string) bool {
	for _, a := range d.Accounts {
		if a == account {
			return true
		}
	}
	return false
}

func flag(b bool) int64 {
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

// perform has a run that was begun worked, and notes the result.
func (e *Engine) perform(c *claim) {
	defer e.forget(c)
	log := e.log.With("run", c.Run, "job", c.Job, "account", c.Account, "attempt", c.Attempt, "dry_run", c.DryRun)
	log.Info("jobs: run begins", "fire", c.Fire)
	r := e.call(c)
	if err := e.finish(c, r); err != nil {
		// It is running still for all who look, until the lease ends.
		log.Error("jobs: the result of a run could not be noted", "outcome", r.Outcome, "class", r.Class, "deleted", r.Deleted, "delivered", r.Delivered, "error", err)
		return
	}
	log.Info("jobs: run ends", "outcome", r.Outcome, "class", r.Class, "message", r.Message,
		"messages", r.Messages, "deleted", r.Deleted, "delivered", r.Delivered, "kept", r.Kept)
}

// call calls the performer, and makes sense of what it returns.
func (e *Engine) call(c *claim) (r Result) {
	ctx, stop := context.WithTimeoutCause(c.ctx, c.Deadline, errDeadline)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("jobs: a run panicked", "run", c.Run, "job", c.Job, "account", c.Account, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			r = Result{Outcome: "panic", Class: Permanent, Message: "a fault of popherd; its log says more"}
		}
	}()
	r = e.o.Performer.Perform(ctx, c.Order)
	if r.Class == Temporary && ctx.Err() != nil {
		r.Class = Interrupted // that is why
	}
	switch r.Class {
	case Done, Temporary, Refused, Permanent:
	case Interrupted:
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errDeadline):
			r.Class, r.Message = Temporary, fmt.Sprintf("the deadline of %v passed", c.Deadline)
		case errors.Is(cause, errCancelled):
			r.Outcome = "cancelled"
		case cause == nil:
			r.Class, r.Message = Temporary, "it was interrupted: "+r.Message
		}
	default:
		r.Class, r.Message = Permanent, fmt.Sprintf("the run ended without a class: %s", r.Message)
	}
	if r.Outcome == "" {
		r.Outcome = string(r.Class)
	}
	return r
}
