package state

import (
	"context"
	"database/sql"
	"time"
)

// A Backup is a copy of a message in a file.
type Backup struct {
	ID       int64  // set by the store, with Account, Run and Made
	Account  string // its name
	Run      RunID  // that made it
	UniqueID string
	Octets   int64  // of the copy
	Digest   Digest // of the copy
	File     string // relative to wherever the caller keeps backups
	Made     time.Time
}

// Backups returns what was backed up, the latest first. It outlives the run, the
// journal and the account.
func (s *Store) Backups(ctx context.Context, q Query) ([]Backup, error) {
	where, args := q.where("account", "run", "uid")
	return s.backups(ctx, where+" ORDER BY id DESC LIMIT ?", append(args, q.limit())...)
}

// OldBackups returns the backups that were made before a time, and the oldest
// of the others that take the total over a number of octets; the oldest first.
// Remove the file, then forget it with [Store.ForgetBackups]: after a crash in
// between it is found again here.
func (s *Store) OldBackups(ctx context.Context, before time.Time, octets int64) ([]Backup, error) {
	return s.backups(ctx, `id IN (SELECT id FROM
		(SELECT id, made, sum(octets) OVER (ORDER BY made DESC, id DESC) AS total FROM backup)
		WHERE made < ? OR total > ?) ORDER BY made, id`, before.UnixMilli(), octets)
}

// ForgetBackups forgets backups by their ID.
func (s *Store) ForgetBackups(ctx context.Context, ids ...int64) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "DELETE FROM backup WHERE id = ?", id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) backups(ctx context.Context, where string, args ...any) ([]Backup, error) {
	return collect(ctx, s, func(rows *sql.Rows) (b Backup, err error) {
		var digest []byte
		var made int64
		err = rows.Scan(&b.ID, &b.Account, &b.Run, &b.UniqueID, &b.Octets, &digest, &b.File, &made)
		copy(b.Digest[:], digest)
		b.Made = time.UnixMilli(made)
		return b, err
	}, "SELECT id, account, run, uid, octets, digest, file, made FROM backup WHERE "+where, args...)
}
