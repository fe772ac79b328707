package jobs

import (
	"context"
	"errors"
	"fmt"
)

// Run makes runs of a job by hand, for these accounts or all of it, which begin
// as soon as a worker is free, also if the job is disabled or paused. If dry is
// nil it is as the next fire would be. It returns their numbers, in the order
// of the accounts.
func (e *Engine) Run(ctx context.Context, job string, accounts []string, dry *bool) ([]int64, error) {
	d := e.definition(job)
	if d == nil {
		return nil, fmt.Errorf("job %s: %w", job, ErrUnknown)
	}
	if len(accounts) == 0 {
		accounts = d.names
	}
	now := e.o.Now()
	list := make([]newRun, len(accounts))
	for i, account := range accounts {
		if _, ok := d.maildrop(account); !ok {
			return nil, fmt.Errorf("job %s: account %s: %w", job, account, ErrUnknown)
		}
		list[i] = newRun{job: job, account: account, due: now.UnixMicro()}
		switch {
		case dry != nil && *dry:
			list[i].wish = wishDry
		case dry != nil:
			list[i].wish = wishReal
		}
	}
	var made []int64
	err := e.command(ctx, func(tx transaction) (err error) {
		made, err = insertRuns(ctx, tx, list, now)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("job %s: %w", job, err)
	}
	return made, nil
}

// command runs what a person asked for: once it is said to be done, it lasts.
func (e *Engine) command(ctx context.Context, f func(tx transaction) error) error {
	if err := write(ctx, e.db, f); err != nil {
		return err
	}
	return e.db.lasting(ctx)
}

// Enable has a job fire again, from now on, for all accounts: what was paused
// is no more, and its failures are forgotten.
func (e *Engine) Enable(ctx context.Context, job string) error {
	return e.settle(ctx, job, func(tx transaction) error {
		now := e.o.Now().UnixMicro()
		if _, err := tx.exec(ctx, "UPDATE popherd_job SET disabled = 0, since = CASE WHEN disabled = 0 THEN since ELSE $1 END WHERE name = $2", now, job); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "UPDATE popherd_standing SET paused = 0, failures = 0, reason = '' WHERE job = $1", job)
		return err
	})
}

// Disable has a job fire no more, on any machine, until Enable. Its runs that
// were not begun end; those under way go on: see Cancel.
func (e *Engine) Disable(ctx context.Context, job string) error {
	return e.settle(ctx, job, func(tx transaction) error {
		if _, err := tx.exec(ctx, "UPDATE popherd_job SET disabled = 1 WHERE name = $1", job); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'cancelled', finished = $1, message = 'the job was disabled'
			WHERE job = $2 AND state IN ('waiting', 'queued') AND state <> 'done' AND fire <> 0`, e.o.Now().UnixMicro(), job)
		return err
	})
}

func (e *Engine) settle(ctx context.Context, job string, f func(tx transaction) error) error {
	if e.definition(job) == nil {
		return fmt.Errorf("job %s: %w", job, ErrUnknown)
	}
	if err := e.command(ctx, f); err != nil {
		return fmt.Errorf("job %s: %w", job, err)
	}
	return nil
}

// Retry has a run that failed, was cancelled or waits, run as soon as a worker
// is free, with all its retries before it. It fails with ErrSettled if the run
// ended well, and does nothing if it is under way.
func (e *Engine) Retry(ctx context.Context, run int64) error {
	return e.change(ctx, run, func(tx transaction, state, class string) error {
		switch {
		case state == "done" && class == string(Done):
			return ErrSettled
		case state == "running" || state == "queued":
			return nil
		}
		_, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'waiting', due = $1, finished = 0, tries = 0, deaths = 0, agains = 0, unknown = 0, cancel = 0 WHERE id = $2", e.o.Now().UnixMicro(), run)
		return err
	})
}

// Cancel ends a run. One that waits is over at once; the context of one under
// way ends some moments later, on whatever machine it is, and if it was
// committing already it finishes. It fails with ErrOver if the run has ended.
func (e *Engine) Cancel(ctx context.Context, run int64) error {
	return e.change(ctx, run, func(tx transaction, state, _ string) error {
		switch state {
		case "done":
			return ErrOver
		case "running":
			_, err := tx.exec(ctx, "UPDATE popherd_run SET cancel = 1 WHERE id = $1", run)
			return err
		}
		_, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'cancelled', finished = $1 WHERE id = $2", e.o.Now().UnixMicro(), run)
		return err
	})
}

func (e *Engine) change(ctx context.Context, run int64, f func(tx transaction, state, class string) error) error {
	err := e.command(ctx, func(tx transaction) error {
		var state, class string
		err := one(ctx, tx, []any{&state, &class}, "SELECT state, class FROM popherd_run WHERE id = $1 FOR UPDATE", run)
		if errors.Is(err, errNone) {
			return ErrUnknown
		}
		if err != nil {
			return err
		}
		return f(tx, state, class)
	})
	if err != nil {
		return fmt.Errorf("run %d: %w", run, err)
	}
	return nil
}
