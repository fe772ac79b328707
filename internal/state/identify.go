package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// A Digest is the SHA-256 of a message's octets.
type Digest [sha256.Size]byte

// Identify says what is known of a message whose content is known: one without
// a key, or one that is doubtful. Any other may be given too; if its content
// was known, and is another, it is another message: the old one is gone, and
// nothing of it counts. Messages without a key and with the same octets are
// one and the same. What it found lasts, and after a crash is found again.
func (a *Account) Identify(ctx context.Context, now time.Time, m Listed, k Known, d Digest) (Known, error) {
	err := a.store.write(ctx, func(tx *sql.Tx) error {
		var err error
		if k.Key != 0 {
			k.Key, err = a.sameContent(ctx, tx, now, m, k.Key, d)
		} else {
			k.Key, err = a.byContent(ctx, tx, now, m, d)
		}
		if err != nil {
			return err
		}
		k, err = a.known(ctx, tx, k.Key)
		return err
	})
	if err != nil {
		return Known{}, err
	}
	return k, nil
}

// sameContent compares a message with the digest that is known of it.
func (a *Account) sameContent(ctx context.Context, tx *sql.Tx, now time.Time, m Listed, key Key, d Digest) (Key, error) {
	var before []byte
	var doubtful bool
	err := tx.QueryRowContext(ctx, "SELECT digest, doubtful FROM message WHERE id = ? AND account = ?", key, a.id).Scan(&before, &doubtful)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, fmt.Errorf("message %d: %w", key, ErrNoMessage)
	case err != nil:
		return 0, err
	case before != nil && string(before) != string(d[:]):
		_, err := tx.ExecContext(ctx, "UPDATE message SET gone = ?, doubtful = 0, wanted = NULL, failures = 0 WHERE id = ?", now.UnixMilli(), key)
		if err != nil {
			return 0, err
		}
		return a.insert(ctx, tx, now, sql.NullString{String: m.UniqueID, Valid: true}, m.Octets, d)
	case before == nil || doubtful: // else there is nothing to write, and to fsync
		_, err = tx.ExecContext(ctx, "UPDATE message SET digest = ?, doubtful = 0 WHERE id = ?", d[:], key)
	}
	return key, err
}

// byContent finds the message that has this content and no unique-id.
func (a *Account) byContent(ctx context.Context, tx *sql.Tx, now time.Time, m Listed, d Digest) (key Key, err error) {
	var gone bool
	err = tx.QueryRowContext(ctx, "SELECT id, gone IS NOT NULL FROM message WHERE account = ? AND digest = ? AND uid IS NULL", a.id, d[:]).
		Scan(&key, &gone)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return a.insert(ctx, tx, now, sql.NullString{}, m.Octets, d)
	case err == nil && gone:
		_, err = tx.ExecContext(ctx, "UPDATE message SET gone = NULL WHERE id = ?", key)
	}
	return key, err
}

// insert adds a message that its digest tells from others.
func (a *Account) insert(ctx context.Context, tx *sql.Tx, now time.Time, uid sql.NullString, octets int64, d Digest) (key Key, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO message (account, uid, octets, checksum, digest, apart, first_seen) VALUES (?, ?, ?, ?, ?, 1, ?) RETURNING id`,
		a.id, uid, octets, checksum([]byte(uid.String), octets), d[:], max(now.UnixMilli(), a.previous)).Scan(&key)
	return key, err
}

// known reads what is known of a message.
func (a *Account) known(ctx context.Context, tx *sql.Tx, key Key) (Known, error) {
	k := Known{Key: key, Comparable: true}
	var p past
	var wanted sql.NullInt64
	var passed int64
	err := tx.QueryRowContext(ctx, `SELECT doubtful, first_seen, delivered, wanted, failures, seen
		FROM message JOIN account ON account.id = message.account WHERE message.id = ?`, key).
		Scan(&k.Doubtful, &k.firstSeen, &p.delivered, &wanted, &p.failures, &passed)
	p.wanted = RunID(wanted.Int64)
	k.New = int64(key) > passed || p.failures > 0
	if p != (past{}) {
		k.past = &p
	}
	return k, err
}

// DeliveryID returns the id that deliveries of a message have: 32 hexadecimal
// digits, the same in every run, and also after the state was lost as long as
// the server's unique-ids hold. It fails with [ErrDoubtful] where the id would
// be that of another message, and with [ErrNoMessage].
func (a *Account) DeliveryID(ctx context.Context, key Key) (string, error) {
	var uid sql.NullString
	var octets int64
	var digest []byte
	var apart, doubtful bool
	err := a.store.db.QueryRowContext(ctx, "SELECT uid, octets, digest, apart, doubtful FROM message WHERE id = ? AND account = ?", key, a.id).
		Scan(&uid, &octets, &digest, &apart, &doubtful)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", fmt.Errorf("message %d: %w", key, ErrNoMessage)
	case err != nil:
		return "", a.store.explain(err)
	case doubtful:
		return "", fmt.Errorf("message %d: %w", key, ErrDoubtful)
	case !apart:
		digest = nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %x", a.name, uid.String, octets, digest))
	return hex.EncodeToString(sum[:16]), nil
}
