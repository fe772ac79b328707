package jobs

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// tickLoop fires what is due and queues what waits, at every tick; now and then
// it looks for what went lost, and deletes what is old.
func (e *Engine) tickLoop() {
	for n := 0; ; n++ {
		ctx, cancel := context.WithTimeout(e.ticks, tickMost)
		err := e.tick(ctx, n)
		cancel()
		if err != nil && e.ticks.Err() == nil {
			e.log.Error("jobs: tick", "error", err)
		} else {
			e.counts.tick.Store(time.Now().UnixNano())
		}
		if !pause(e.ticks, e.o.Tick) {
			return
		}
	}
}

// tickMost bounds a tick: a database may hang.
const tickMost = 2 * time.Minute

// Ticks between the rarer duties.
const (
	sweepTicks = 30
	pruneTicks = 3600
)

func (e *Engine) tick(ctx context.Context, n int) error {
	e.ticking.Lock()
	defer e.ticking.Unlock()
	failed := []error{e.fireAll(ctx), e.queueDue(ctx)}
	if n%sweepTicks == 0 {
		failed = append(failed, e.sweep(ctx), e.count(ctx))
	}
	if n%pruneTicks == pruneTicks/2 {
		failed = append(failed, e.prune(ctx))
	}
	return errors.Join(failed...)
}

// queueDue gives tickets to runs that waited, until none is due.
func (e *Engine) queueDue(ctx context.Context) error {
	for {
		n, err := e.reticket(ctx, `SELECT id, job, account, fire FROM popherd_run
			WHERE state = 'waiting' AND state <> 'done' AND due <= $1 ORDER BY due, id LIMIT 500 FOR UPDATE SKIP LOCKED`, e.o.Now().UnixMicro())
		if err != nil || n < batch {
			return err
		}
	}
}

// reticket gives a ticket to each run that the query finds, and locks.
func (e *Engine) reticket(ctx context.Context, query string, args ...any) (n int, err error) {
	// Most often there is nothing; do not take SQLite's write lock for that.
	if err := one(ctx, e.db, []any{new(int64), new(string), new(string), new(int64)}, strings.ReplaceAll(query, " FOR UPDATE SKIP LOCKED", ""), args...); err != nil {
		if errors.Is(err, errNone) {
			err = nil
		}
		return 0, err
	}
	err = write(ctx, e.db, func(tx transaction) error {
		var runs []any
		var tickets []ticket
		err := each(ctx, tx, func(r rows) error {
			var id, fire int64
			var t ticket
			err := r.Scan(&id, &t.Job, &t.Account, &fire)
			t.urgent = fire == 0
			runs, tickets = append(runs, id), append(tickets, t)
			return err
		}, query, args...)
		n = len(runs)
		if err != nil || n == 0 {
			return err
		}
		numbers, err := tx.enqueue(ctx, tickets)
		if err != nil {
			return err
		}
		pairs := make([]any, 0, 2*n)
		for i, run := range runs {
			pairs = append(pairs, run, numbers[i])
		}
		_, err = tx.exec(ctx, "WITH pair (run, number) AS (VALUES "+tuples(n, "bigint", "bigint")+`)
			UPDATE popherd_run SET state = 'queued', river = pair.number FROM pair WHERE popherd_run.id = pair.run`, pairs...)
		return err
	})
	return n, err
}

// longest is how long a run may wait: for its jitter, or a server.
const longest = max(maxJitter, maxWait+maxWait/8) + time.Hour

// lostAfter is how many leases River's job may be running whose run is queued
// still: it is a moment, unless its process died in it. A ticket too many does
// no harm.
const lostAfter = 2

// sweep finds runs that nobody would come back to: whose ticket River does not
// have, has done with, has left in the hands of a process that is no more, or
// keeps for a time that a clock that was ahead wrote; and those whose session is
// gone.
func (e *Engine) sweep(ctx context.Context) error {
	n, err := e.reticket(ctx, `SELECT id, job, account, fire FROM popherd_run
		WHERE state = 'queued' AND state <> 'done' AND NOT EXISTS (SELECT 1 FROM river_job WHERE river_job.id = popherd_run.river
		AND (river_job.state IN ('available', 'scheduled', 'retryable', 'pending') AND river_job.scheduled_at <= $2
			OR river_job.state = 'running' AND river_job.attempted_at > $1 AND river_job.attempted_at <= $2))
		ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED`, e.db.moment(time.Now().Add(-lostAfter*e.o.Lease)), e.db.moment(time.Now().Add(skew)))
	if n > 0 {
		e.counts.lost.Add(uint64(n))
		e.log.Warn("jobs: tickets were lost; there are new ones", "runs", n)
	}
	if err != nil {
		return err
	}
	// No run waits that long: the clock was ahead when it was told to.
	now := e.o.Now()
	if _, err := e.db.exec(ctx, "UPDATE popherd_run SET due = $1 WHERE state = 'waiting' AND state <> 'done' AND due > $2", now.UnixMicro(), now.Add(longest).UnixMicro()); err != nil {
		return err
	}
	return errors.Join(e.adoptOrphans(ctx), e.dropLeases(ctx))
}

// adoptOrphans has runs run again that no session works.
func (e *Engine) adoptOrphans(ctx context.Context) error {
	var orphans int
	err := one(ctx, e.db, []any{&orphans}, "SELECT count(*) FROM popherd_run WHERE state = 'running' AND state <> 'done' AND node NOT IN (SELECT id FROM popherd_node)")
	if err != nil || orphans == 0 {
		return err
	}
	var fate fate
	err = write(ctx, e.db, func(tx transaction) (err error) {
		fate, err = e.rescue(ctx, tx)
		return err
	})
	if err == nil {
		e.mourn(fate)
	}
	return err
}

// dropLeases gives back leases whose run is not under way: none is known to be
// left so, and it would keep a maildrop from being worked.
func (e *Engine) dropLeases(ctx context.Context) error {
	const idle = `NOT EXISTS (SELECT 1 FROM popherd_run WHERE popherd_run.id = popherd_lease.run
		AND popherd_run.state = 'running' AND popherd_run.node = popherd_lease.node)`
	var n int64
	err := one(ctx, e.db, []any{&n}, "SELECT count(*) FROM popherd_lease WHERE "+idle)
	if err != nil || n == 0 {
		return err
	}
	if n, err = e.db.exec(ctx, "DELETE FROM popherd_lease WHERE "+idle); n > 0 {
		e.log.Warn("jobs: leases were left without a run", "leases", n)
	}
	return err
}

// prune deletes what is older than the history is kept.
func (e *Engine) prune(ctx context.Context) error {
	now, err := e.pruneTime(ctx)
	if err != nil || now.IsZero() {
		return err
	}
	oldest := now.AddDate(0, 0, -e.o.HistoryDays).UnixMicro()
	for {
		n, err := e.db.exec(ctx, `DELETE FROM popherd_run WHERE id IN
			(SELECT id FROM popherd_run WHERE state = 'done' AND finished < $1 ORDER BY finished LIMIT 1000)`, oldest)
		if err != nil {
			return err
		}
		if n < 1000 {
			break
		}
	}
	if _, err := e.db.exec(ctx, "DELETE FROM popherd_delay WHERE until < $1", e.o.Now().Add(-maxWait).UnixMicro()); err != nil {
		return err
	}
	// Both clocks must have passed it: newCursor makes up for none as old.
	_, err = e.db.exec(ctx, "DELETE FROM popherd_fire WHERE fire < $1", now.Add(-fireMemory-24*time.Hour).UnixMicro())
	return err
}

// pruneTime is this clock's time, or that of the latest end if it is before: a
// clock that is ahead for a while must not delete what is young.
func (e *Engine) pruneTime(ctx context.Context) (time.Time, error) {
	now, latest := e.o.Now(), int64(0)
	err := one(ctx, e.db, []any{&latest}, "SELECT COALESCE(MAX(finished), 0) FROM popherd_run WHERE state = 'done'")
	if last := at(latest); last.Before(now) {
		now = last
	}
	return now, err
}

// count asks how much waits, for Stats.
func (e *Engine) count(ctx context.Context) error {
	var found []int64
	err := each(ctx, e.db, func(r rows) error {
		var state string
		var n int64
		err := r.Scan(&state, &n)
		if i := slices.Index([]string{"waiting", "queued", "running"}, state); i >= 0 {
			found = append(found, int64(i), n)
		}
		return err
	}, "SELECT state, count(*) FROM popherd_run WHERE state <> 'done' GROUP BY state")
	if err != nil {
		return err
	}
	var totals [3]int64
	for i := 0; i < len(found); i += 2 {
		totals[found[i]] = found[i+1]
	}
	for i, n := range totals {
		e.counts.states[i].Store(n)
	}
	return nil
}
