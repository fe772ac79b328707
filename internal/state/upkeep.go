package state

import (
	"context"
	"database/sql"
	"time"
)

// Purge forgets what is older than a time: runs with their plans, messages that
// are gone, values that expired. What a run of unknown outcome still wants, and
// backups, stay. A message that comes back after it was forgotten is a new one,
// so that a year is a good age.
func (s *Store) Purge(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, statement := range []string{
			"DELETE FROM run WHERE ended < ? AND id NOT IN (SELECT wanted FROM message WHERE wanted IS NOT NULL)",
			"DELETE FROM message WHERE gone < ?",
			"DELETE FROM value WHERE expires < ?",
		} {
			if _, err := tx.ExecContext(ctx, statement, before.UnixMilli()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forget forgets an account with its messages, runs and values; its backups
// stay. It fails with a *LockedError while the account is at work.
func (s *Store) Forget(ctx context.Context, account string, now time.Time) error {
	locked, err := s.lock(account, now)
	if err != nil {
		return err
	}
	defer locked.Close()
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM account WHERE name = ?", account)
		return err
	})
}

// Vacuum checks the whole database, and gives the room of what was forgotten
// back to the disk; meanwhile it needs as much again. It fails with a
// *DamagedError, [ErrBusy] or [ErrFull], and then changes nothing.
func (s *Store) Vacuum(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, "VACUUM"); err != nil {
		return s.explain(err)
	}
	_, err := s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	return s.explain(err)
}
