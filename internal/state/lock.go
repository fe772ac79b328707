package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// lockFile is the file whose lock is that of an account. It stays when the lock
// is released: to remove it would let two processes lock two files of one name.
func (s *Store) lockFile(account string) string {
	sum := sha256.Sum256([]byte(account))
	return filepath.Join(s.dir, "locks", hex.EncodeToString(sum[:16]))
}

// lock takes the lock of an account, or fails at once. The system releases it
// when the process ends, however it does.
func (s *Store) lock(account string, now time.Time) (*os.File, error) {
	name := s.lockFile(account)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	if err := atomicfile.Flock(f); err != nil {
		defer f.Close()
		if errors.Is(err, atomicfile.ErrLocked) {
			return nil, holder(f, account)
		}
		return nil, fmt.Errorf("account %s: lock: %w", account, err)
	}
	// Who holds it is for people only: without it the lock is as good.
	if f.Truncate(0) == nil {
		fmt.Fprintf(f, "%d %d\n", os.Getpid(), now.Unix())
	}
	return f, nil
}

// holder reads who has the lock.
func holder(f *os.File, account string) error {
	e := &LockedError{Account: account}
	var since int64
	if n, _ := fmt.Fscanf(io.LimitReader(f, 64), "%d %d\n", &e.PID, &since); n == 2 {
		e.Since = time.Unix(since, 0)
	} else {
		e.PID = 0
	}
	return e
}

// An Account is one account's part of a store, held by its lock: nobody else
// works it. An Account is not for several goroutines at once.
type Account struct {
	store    *Store
	name     string
	id       int64
	previous int64 // when its latest run started, 0 if there was none
	locked   *os.File
}

// Account locks an account and returns what is known of it; name is
// "user@host", or whatever tells accounts apart for ever. It fails with a
// *LockedError if another process has it, or this one already. What a run left
// open that was cut off is closed: its outcome is unknown if it had wanted
// deletions, else it was aborted.
func (s *Store) Account(ctx context.Context, name string, now time.Time) (*Account, error) {
	locked, err := s.lock(name, now)
	if err != nil {
		return nil, err
	}
	a := &Account{store: s, name: name, locked: locked}
	err = s.write(ctx, func(tx *sql.Tx) error { return a.load(ctx, tx, now) })
	if err != nil {
		locked.Close()
		return nil, err
	}
	return a, nil
}

func (a *Account) load(ctx context.Context, tx *sql.Tx, now time.Time) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO account (name) VALUES (?) ON CONFLICT DO NOTHING", a.name)
	if err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, "SELECT id FROM account WHERE name = ?", a.name).Scan(&a.id); err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, "SELECT started FROM run WHERE account = ? ORDER BY id DESC LIMIT 1", a.id).Scan(&a.previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE run SET ended = ?, why = 'popherd was cut off',
		outcome = iif(EXISTS (SELECT 1 FROM message WHERE account = run.account AND wanted = run.id), 'unknown', 'aborted')
		WHERE account = ? AND ended IS NULL`, now.UnixMilli(), a.id)
	return err
}

// Name returns the account's name.
func (a *Account) Name() string { return a.name }

// Close releases the account. A run of it that has not ended counts as cut off.
func (a *Account) Close() error { return a.locked.Close() }
