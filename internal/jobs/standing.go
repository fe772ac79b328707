package jobs

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// Wishes of a run by hand.
const (
	wishDry  = 1
	wishReal = 2
)

// dryRun decides whether an attempt is a dry run: it is if a person wished so,
// or if the job, as it is now, never ran dry to its end for that account before
// this run was made. The order of their numbers counts, and no clock. What the
// job does now is asked later, outside of the transaction: see prepare.
func dryRun(ctx context.Context, tx transaction, c *claim, wish int64) error {
	if wish != 0 || !c.d.DryFirst {
		c.DryRun = wish == wishDry
		return nil
	}
	var digest string
	var upto int64
	err := one(ctx, tx, []any{&digest, &upto}, "SELECT digest, dry_upto FROM popherd_standing WHERE job = $1 AND account = $2", c.Job, c.Account)
	if errors.Is(err, errNone) {
		c.DryRun = true
		return nil
	}
	if c.DryRun = upto == 0 || c.Run <= upto; !c.DryRun {
		c.ran = digest
	}
	return err
}

// stamp is what is remembered of what an attempt does, and to which maildrop.
func (c *claim) stamp() string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(c.Maildrop+"\x00"+c.Digest)))
}

// stand notes what a result means for the job and the account: failures that no
// retry mends are counted, and pause it; a run that did what it was to forgets
// them. A server that was away is neither.
func stand(ctx context.Context, tx transaction, c *claim, r Result, now time.Time) error {
	switch r.Class {
	case Done:
		return standWell(ctx, tx, c)
	case Refused, Permanent:
		return standBadly(ctx, tx, c, r, now)
	}
	return nil
}

func standWell(ctx context.Context, tx transaction, c *claim) error {
	// Runs that were there when the first one ended are dry, too: nobody has
	// had a look at it yet.
	_, err := tx.exec(ctx, `INSERT INTO popherd_standing (job, account, failures, digest, dry_upto)
		SELECT $1, $2, 0, $3, COALESCE(MAX(id), 0) FROM popherd_run WHERE job = $1 AND account = $2
		ON CONFLICT (job, account) DO UPDATE SET failures = 0, digest = excluded.digest,
		dry_upto = CASE WHEN popherd_standing.digest = excluded.digest AND popherd_standing.dry_upto <> 0
			THEN popherd_standing.dry_upto ELSE excluded.dry_upto END`,
		c.Job, c.Account, c.stamp())
	return err
}

func standBadly(ctx context.Context, tx transaction, c *claim, r Result, now time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO popherd_standing (job, account, failures, reason) VALUES ($1, $2, 1, $3)
		ON CONFLICT (job, account) DO UPDATE SET failures = popherd_standing.failures + 1, reason = excluded.reason`,
		c.Job, c.Account, clean(r.Message))
	if err != nil || c.d.PauseAfter == 0 {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE popherd_standing SET paused = $1
		WHERE job = $2 AND account = $3 AND paused = 0 AND failures >= $4`, now.UnixMicro(), c.Job, c.Account, c.d.PauseAfter)
	if err != nil {
		return err
	}
	// What waits for it would fail in the same way, and every login that is
	// refused may lock the account.
	_, err = tx.exec(ctx, `UPDATE popherd_run SET state = 'done', river = NULL, outcome = 'skipped', finished = $1, message = 'paused'
		WHERE job = $2 AND account = $3 AND state IN ('waiting', 'queued') AND state <> 'done' AND fire <> 0
		AND EXISTS (SELECT 1 FROM popherd_standing WHERE job = $2 AND account = $3 AND paused <> 0)`, now.UnixMicro(), c.Job, c.Account)
	return err
}
