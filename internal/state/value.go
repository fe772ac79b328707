package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Limits of what scripts keep.
const (
	MaxValue  = 64 << 10 // octets of a value
	MaxName   = 255      // octets of its name
	MaxValues = 10000    // of an account
)

// A Value is what a script keeps under a name. Both are any octets.
type Value struct {
	Name    string
	Value   []byte    // nil removes it
	Expires time.Time // zero means never
}

// Get returns a value, and whether it is there and has not expired.
func (a *Account) Get(ctx context.Context, now time.Time, name string) (v Value, ok bool, err error) {
	v, err = readValue(ctx, a.store.db, a.id, now, name)
	if errors.Is(err, sql.ErrNoRows) {
		return Value{}, false, nil
	}
	return v, err == nil, a.store.explain(err)
}

// Set sets values, all of them or, if it fails, none. It fails with [ErrLimit].
// When it returns they last.
func (a *Account) Set(ctx context.Context, now time.Time, values ...Value) error {
	return a.store.write(ctx, func(tx *sql.Tx) error {
		for _, v := range values {
			if err := a.set(ctx, tx, v); err != nil {
				return err
			}
		}
		return a.countValues(ctx, tx, now)
	})
}

// Incr adds to a value that is a decimal number, or 0 if it is not there, and
// returns the sum. When it expires does not change. It fails if the value is
// no number, or would not fit an int64.
func (a *Account) Incr(ctx context.Context, now time.Time, name string, by int64) (sum int64, err error) {
	err = a.store.write(ctx, func(tx *sql.Tx) error {
		v, err := readValue(ctx, tx, a.id, now, name)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			v = Value{Name: name, Value: []byte("0")}
		case err != nil:
			return err
		}
		sum, err = strconv.ParseInt(string(v.Value), 10, 64)
		if err != nil {
			return fmt.Errorf("value %q: not a number", name)
		}
		if by > 0 && sum > math.MaxInt64-by || by < 0 && sum < math.MinInt64-by {
			return fmt.Errorf("value %q: %w of numbers", name, ErrLimit)
		}
		sum += by
		v.Value = strconv.AppendInt(nil, sum, 10)
		if err := a.set(ctx, tx, v); err != nil {
			return err
		}
		return a.countValues(ctx, tx, now)
	})
	return sum, err
}

// Expire sets when a value expires, and reports whether it is there. The zero
// time means never.
func (a *Account) Expire(ctx context.Context, now time.Time, name string, at time.Time) (ok bool, err error) {
	err = a.store.write(ctx, func(tx *sql.Tx) error {
		v, err := readValue(ctx, tx, a.id, now, name)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		ok = err == nil
		if err != nil {
			return err
		}
		v.Expires = at
		return a.set(ctx, tx, v)
	})
	return ok, err
}

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readValue(ctx context.Context, q querier, account int64, now time.Time, name string) (Value, error) {
	v := Value{Name: name}
	var expires sql.NullInt64
	err := q.QueryRowContext(ctx, "SELECT value, expires FROM value WHERE account = ? AND name = ? AND (expires IS NULL OR expires > ?)",
		account, []byte(name), now.UnixMilli()).Scan(&v.Value, &expires)
	if v.Value == nil { // an empty one is not the one that removes
		v.Value = []byte{}
	}
	v.Expires = moment(expires)
	return v, err
}

func (a *Account) set(ctx context.Context, tx *sql.Tx, v Value) error {
	if len(v.Name) > MaxName || len(v.Value) > MaxValue {
		return fmt.Errorf("value %.40q: %w: %d octets, of %d, under a name of %d, of %d", v.Name, ErrLimit, len(v.Value), MaxValue, len(v.Name), MaxName)
	}
	if v.Value == nil {
		_, err := tx.ExecContext(ctx, "DELETE FROM value WHERE account = ? AND name = ?", a.id, []byte(v.Name))
		return err
	}
	expires := sql.NullInt64{Int64: v.Expires.UnixMilli(), Valid: !v.Expires.IsZero()}
	_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO value (account, name, value, expires) VALUES (?, ?, ?, ?)", a.id, []byte(v.Name), v.Value, expires)
	return err
}

// countValues holds the limit. Those that expired go only when room is needed:
// a clock that jumped ahead for a moment must not cost what it could keep.
func (a *Account) countValues(ctx context.Context, tx *sql.Tx, now time.Time) error {
	var count int
	err := tx.QueryRowContext(ctx, "SELECT count(*) FROM value WHERE account = ?", a.id).Scan(&count)
	if err != nil || count <= MaxValues {
		return err
	}
	done, err := tx.ExecContext(ctx, "DELETE FROM value WHERE account = ? AND expires <= ?", a.id, now.UnixMilli())
	if err != nil {
		return err
	}
	removed, err := done.RowsAffected()
	if err == nil && count-int(removed) > MaxValues {
		err = fmt.Errorf("value: %w of %d an account", ErrLimit, MaxValues)
	}
	return err
}
