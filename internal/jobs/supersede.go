package jobs

import (
	"context"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// An ending is a run that ended without being begun once more.
type ending struct {
	Order
	Result
}

const endingColumns = `id, job, account, fire, attempt, dry, class, message, messages, deleted, delivered, kept`

// endings runs a statement that ends runs and returns endingColumns.
func endings(ctx context.Context, tx transaction, outcome, text string, args ...any) (list []ending, err error) {
	err = each(ctx, tx, func(r rows) error {
		n := ending{Result: Result{Outcome: outcome}}
		var fire, dry int64
		err := r.Scan(&n.Run, &n.Job, &n.Account, &fire, &n.Attempt, &dry, (*string)(&n.Class), &n.Message, &n.Messages, &n.Deleted, &n.Delivered, &n.Kept)
		n.Fire, n.DryRun = at(fire), dry != 0
		list = append(list, n)
		return err
	}, text+" RETURNING "+endingColumns, args...)
	return list, err
}

// bid farewell to runs whose last attempt failed, and that were waiting for
// another one: who was told of that has not heard yet that it was the last.
func (e *Engine) bid(gone []ending) {
	for _, n := range gone {
		if n.Class != Temporary {
			continue
		}
		if d := e.definition(n.Job); d != nil {
			n.Maildrop, _ = d.maildrop(n.Account)
			n.Deadline = d.Deadline
		}
		e.notice(n.Order, n.Result, true)
	}
}

// supersede ends runs that wait for another attempt: the new one does the same.
func supersede(ctx context.Context, tx transaction, job string, fire, now time.Time) ([]ending, error) {
	return endings(ctx, tx, "superseded", `UPDATE popherd_run SET state = 'done', outcome = 'superseded', finished = $1
		WHERE job = $2 AND state = 'waiting' AND state <> 'done' AND tries > 0 AND fire <> 0 AND fire < $3
		AND account NOT IN (SELECT account FROM popherd_standing WHERE job = $2 AND paused <> 0)`,
		now.UnixMicro(), job, fire.UnixMicro())
}

// waitBehind puts a run back that the maildrop's lease or its server has wait,
// or ends it if one of a later fire waits, for they would pile up: a job may
// fire more often than its runs end. Who wants each fire to run gets them all.
func (e *Engine) waitBehind(ctx context.Context, tx transaction, c *claim, now, until time.Time) ([]ending, error) {
	if c.d.CatchUp != schedule.All {
		gone, err := endings(ctx, tx, "superseded", `UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'superseded', finished = $1
			WHERE id = $2 AND fire <> 0 AND EXISTS (SELECT 1 FROM popherd_run AS later WHERE later.job = $3 AND later.account = $4
			AND later.state IN ('waiting', 'queued') AND later.state <> 'done' AND later.fire > popherd_run.fire)`, now.UnixMicro(), c.Run, c.Job, c.Account)
		if err != nil || len(gone) != 0 {
			return gone, err
		}
	}
	return nil, wait(ctx, tx, c.Run, until)
}
