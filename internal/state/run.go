package state

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// A RunID names one run of one account, from 1. It is never used again. A
// script that works several accounts has a run of each.
type RunID int64

// A Run is what is remembered of a run.
type Run struct {
	ID      RunID
	Account string
	Script  string
	Started time.Time
	Ended   time.Time // zero: it goes on, or was cut off and its account not opened since
	Outcome string    // as in [Journal.End], or "" if it has not ended
	Why     string
}

// Row is a row of a run's plan. Texts stand as they came from servers and
// messages.
type Row struct {
	Run      RunID
	Account  string
	Key      Key // 0 if the message had none
	Number   int
	UniqueID string
	Octets   int64
	Decision string // "deliver", "delete" or "keep"
	Target   string // of a delivery
	Reason   string
	Rule     string
	Evidence string
	Subject  string
	From     string
	Gone     time.Time // when the message was found or made to be gone; zero if it was not, or is forgotten
}

// Begin notes that a run starts. If the process ends before [Journal.End],
// the next [Store.Account] gives it an outcome.
func (a *Account) Begin(ctx context.Context, now time.Time, script string) (id RunID, err error) {
	err = a.store.write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "INSERT INTO run (account, script, started) VALUES (?, ?, ?) RETURNING id",
			a.id, script, now.UnixMilli()).Scan(&id)
	})
	return id, err
}

// A Query asks for what has all that it names; zero values ask for all.
type Query struct {
	Account  string
	Run      RunID
	UniqueID string
	Limit    int // how many at most, the latest; 0 means any number
}

// where makes conditions and their arguments; columns that are not named are
// not asked for.
func (q Query) where(account, run, uid string) (string, []any) {
	conditions := []string{"true"}
	var args []any
	add := func(column string, wanted bool, arg any) {
		if column != "" && wanted {
			conditions = append(conditions, column+" = ?")
			args = append(args, arg)
		}
	}
	add(account, q.Account != "", q.Account)
	add(run, q.Run != 0, q.Run)
	add(uid, q.UniqueID != "", []byte(q.UniqueID))
	return strings.Join(conditions, " AND "), args
}

func (q Query) limit() int {
	if q.Limit > 0 {
		return q.Limit
	}
	return -1
}

// Runs returns runs, the latest first. A unique-id is not asked for.
func (s *Store) Runs(ctx context.Context, q Query) ([]Run, error) {
	where, args := q.where("account.name", "run.id", "")
	return collect(ctx, s, func(rows *sql.Rows) (r Run, err error) {
		var started int64
		var ended sql.NullInt64
		err = rows.Scan(&r.ID, &r.Account, &r.Script, &started, &ended, &r.Outcome, &r.Why)
		r.Started, r.Ended = time.UnixMilli(started), moment(ended)
		return r, err
	}, `SELECT run.id, name, script, started, ended, outcome, why FROM run JOIN account ON account.id = run.account
		WHERE `+where+" ORDER BY run.id DESC LIMIT ?", append(args, q.limit())...)
}

// Rows returns rows of plans, the latest run first, each by message-number.
func (s *Store) Rows(ctx context.Context, q Query) ([]Row, error) {
	where, args := q.where("account.name", "plan.run", "plan.uid")
	return collect(ctx, s, func(rows *sql.Rows) (r Row, err error) {
		var gone sql.NullInt64
		err = rows.Scan(&r.Run, &r.Account, &r.Key, &r.Number, &r.UniqueID, &r.Octets, &r.Decision, &r.Target,
			&r.Reason, &r.Rule, &r.Evidence, &r.Subject, &r.From, &gone)
		r.Gone = moment(gone)
		return r, err
	}, `SELECT plan.run, name, plan.message, number, plan.uid, plan.octets, decision, target, reason, rule, evidence, subject, sender, gone
		FROM plan JOIN run ON run.id = plan.run JOIN account ON account.id = run.account LEFT JOIN message ON message.id = plan.message
		WHERE `+where+" ORDER BY plan.run DESC, plan.number LIMIT ?", append(args, q.limit())...)
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, s *Store, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, s.explain(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("state %s: %w", s.file, err)
		}
		all = append(all, one)
	}
	return all, s.explain(rows.Err())
}

// moment is a time of the database; zero for none.
func moment(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64)
}
