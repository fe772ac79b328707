package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
)

// perform has a run that was begun worked, and notes the result.
func (e *Engine) perform(c *claim) {
	r := e.call(c)
	e.quit(c)
	log := e.attemptLog(c)
	final, err := e.finish(c, r)
	e.forget(c)
	if err != nil {
		// It is running still for all who look, until the lease ends.
		log.Error("jobs: the result of a run could not be noted", "outcome", r.Outcome, "class", r.Class, "deleted", r.Deleted, "delivered", r.Delivered, "error", err)
		return
	}
	log.Info("jobs: run ends", "outcome", r.Outcome, "class", r.Class, "message", r.Message,
		"messages", r.Messages, "deleted", r.Deleted, "delivered", r.Delivered, "kept", r.Kept)
	e.notice(c.Order, r, final)
}

func (e *Engine) attemptLog(c *claim) *slog.Logger {
	return e.log.With("run", c.Run, "job", c.Job, "account", c.Account, "fire", c.Fire, "attempt", c.Attempt, "dry_run", c.DryRun)
}

// notice tells a result to whoever wants to know.
func (e *Engine) notice(o Order, r Result, final bool) {
	if e.o.Notice == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			e.log.Error("jobs: telling of a result panicked", "run", o.Run, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	e.o.Notice(o, r, final)
}

// prepare asks what the job does now, and whether that ran dry.
func (e *Engine) prepare(c *claim) (err error) {
	if c.Earlier, err = unpack(c.earlier); err != nil {
		e.attemptLog(c).Warn("jobs: the report of the attempt before is not to be read", "error", err)
	}
	c.earlier = nil
	if c.Digest, err = c.d.digest(); err != nil || c.ran == "" || c.ran == c.stamp() {
		return err
	}
	c.DryRun = true
	ctx, cancel := context.WithTimeout(e.lives, time.Minute)
	defer cancel()
	if _, err := e.db.exec(ctx, "UPDATE popherd_run SET dry = 1 WHERE id = $1 AND state = 'running' AND node = $2", c.Run, c.session); err != nil {
		e.attemptLog(c).Warn("jobs: a run is dry, and could not say so yet", "error", err) // finish does
	}
	return nil
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
	if err := e.prepare(c); err != nil {
		return Result{Outcome: "failed", Class: Permanent, Message: err.Error()}
	}
	e.attemptLog(c).Info("jobs: run begins")
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
	case Again:
		if c.agains >= mostAgains {
			r.Class = Temporary
		}
	default:
		r.Class, r.Message = Permanent, fmt.Sprintf("the run ended without a class: %s", r.Message)
	}
	if r.Outcome == "" {
		r.Outcome = string(r.Class)
	}
	return r
}
