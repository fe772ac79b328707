package jobs

import "context"

// bury ends a session that has died, and has its runs run again.
func (e *Engine) bury(ctx context.Context, id string, beat int64) error {
	var fate fate
	var buried bool
	err := write(ctx, e.db, func(tx transaction) error {
		buried = false
		// First of all: runs that are being begun hold on to this row.
		changed, err := tx.exec(ctx, "DELETE FROM popherd_node WHERE id = $1 AND beat = $2", id, beat)
		if err != nil || changed == 0 {
			return err
		}
		buried = true
		fate, err = e.rescue(ctx, tx)
		return err
	})
	if err == nil && buried {
		e.log.Warn("jobs: a process died; what it was at runs again", "session", id, "runs", fate.rescued)
		e.mourn(fate)
	}
	return err
}

// maxDeaths is how many processes may die of a run before it is given up: it
// may be what they die of.
const maxDeaths = 5

// fate is what becomes of runs whose session is no more.
type fate struct {
	rescued int
	died    []Order // that were given up
}

// rescue makes such runs wait again.
func (e *Engine) rescue(ctx context.Context, tx transaction) (f fate, err error) {
	const dead = "state = 'running' AND state <> 'done' AND node NOT IN (SELECT id FROM popherd_node)"
	now := e.o.Now().UnixMicro()
	// In the same order by all who do this at once.
	ignore := func(r rows) error { return nil }
	if err := each(ctx, tx, ignore, "SELECT id FROM popherd_run WHERE "+dead+" ORDER BY id FOR UPDATE"); err != nil {
		return f, err
	}
	if _, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'done', outcome = 'cancelled', finished = $1 WHERE cancel <> 0 AND "+dead, now); err != nil {
		return f, err
	}
	err = each(ctx, tx, func(r rows) error {
		var o Order
		var fire, dry int64
		err := r.Scan(&o.Run, &o.Job, &o.Account, &fire, &o.Attempt, &dry)
		o.Fire, o.DryRun = at(fire), dry != 0
		f.died = append(f.died, o)
		return err
	}, `UPDATE popherd_run SET state = 'done', outcome = 'died', class = 'permanent', finished = $1, deaths = deaths + 1, message = $2
		WHERE deaths >= $3 AND `+dead+" RETURNING id, job, account, fire, attempt, dry", now, epitaph, maxDeaths)
	if err != nil {
		return f, err
	}
	n, err := tx.exec(ctx, "UPDATE popherd_run SET state = 'waiting', deaths = deaths + 1, tries = tries - 1, due = $1 WHERE "+dead, now)
	f.rescued = int(n)
	return f, err
}

const epitaph = "6 processes died while they worked it" // maxDeaths, and one

// mourn counts and tells what rescue did, once that lasts.
func (e *Engine) mourn(f fate) {
	e.counts.rescued.Add(uint64(f.rescued))
	for _, o := range f.died {
		e.notice(o, Result{Outcome: "died", Class: Permanent, Message: epitaph}, true)
	}
}
