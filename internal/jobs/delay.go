package jobs

import (
	"context"
	"errors"
	"time"
)

// delay notes that a server wants to be left alone for a while (LOGIN-DELAY).
func delay(ctx context.Context, tx transaction, maildrop string, d time.Duration, now time.Time) error {
	if d <= 0 {
		return nil
	}
	d = min(d, maxWait)
	_, err := tx.exec(ctx, `INSERT INTO popherd_delay (maildrop, until, length) VALUES ($1, $2, $3)
		ON CONFLICT (maildrop) DO UPDATE SET until = excluded.until, length = excluded.length`, maildrop, now.Add(d).UnixMicro(), d.Microseconds())
	return err
}

// waitDelayed puts a run back for that, or ends it if one of a later fire waits:
// a job may fire more often than its server wants, and they would pile up.
func waitDelayed(ctx context.Context, tx transaction, c *claim, now, until time.Time) error {
	changed, err := tx.exec(ctx, `UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'superseded', finished = $1
		WHERE id = $2 AND fire <> 0 AND EXISTS (SELECT 1 FROM popherd_run AS later WHERE later.job = $3 AND later.account = $4
		AND later.state IN ('waiting', 'queued') AND later.state <> 'done' AND later.fire > popherd_run.fire)`, now.UnixMicro(), c.Run, c.Job, c.Account)
	if err != nil || changed != 0 {
		return err
	}
	return wait(ctx, tx, c.Run, until)
}

// delayed returns until when no run of a maildrop may begin; zero if one may.
func delayed(ctx context.Context, tx transaction, maildrop string, now time.Time) (time.Time, error) {
	var micro, length int64
	err := one(ctx, tx, []any{&micro, &length}, "SELECT until, length FROM popherd_delay WHERE maildrop = $1", maildrop)
	until := time.UnixMicro(micro)
	switch {
	case errors.Is(err, errNone) || err == nil && !until.After(now):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	if whole := time.Duration(length) * time.Microsecond; until.After(now.Add(whole + skew)) {
		// A clock that was ahead wrote it: the whole of it is certainly enough.
		until = now.Add(whole)
		_, err = tx.exec(ctx, "UPDATE popherd_delay SET until = $1 WHERE maildrop = $2", until.UnixMicro(), maildrop)
	}
	return until, err
}
