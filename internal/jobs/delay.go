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
