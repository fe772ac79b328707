package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// A querier runs statements. They are written for PostgreSQL and SQLite both:
// $1 for the first argument, CAST instead of ::, times and flags as integers.
type querier interface {
	exec(ctx context.Context, text string, args ...any) (changed int64, err error)
	query(ctx context.Context, text string, args ...any) (rows, error)
}

// rows are those of database/sql or of pgx.
type rows interface {
	Next() bool
	Scan(into ...any) error
	Err() error
	Close() error
}

// A transaction lasts once commit returned nil; rollback after it does nothing.
type transaction interface {
	querier
	// enqueue gives River's queue a job for each ticket, and returns their ids.
	enqueue(ctx context.Context, tickets []ticket) ([]int64, error)
	commit(ctx context.Context) error
	rollback()
}

// A database is one of the two kinds.
type database interface {
	querier
	begin(ctx context.Context) (transaction, error)
	// again reports whether a transaction that failed so may succeed if tried
	// again, for it met another one.
	again(err error) bool
	// vital is for the leases: it waits for no other goroutine's statement.
	vital() querier
	// look is for people: it keeps no other goroutine waiting.
	look() querier
	// clock is an expression for the database's own time in microseconds: the
	// clocks of machines may differ.
	clock() string
	// lasting returns once what was committed survives a loss of power.
	lasting(ctx context.Context) error
	// moment is a time as River has it in its tables.
	moment(t time.Time) any
	work(ctx context.Context) error // has River call the engine's worker
	rest(ctx context.Context) error // returns when River has ended
	close()
}

// A ticket is a job of River's: it says that a run is to be begun. The names
// are for people who look into its table; the id is what counts.
type ticket struct {
	Job     string `json:"job"`
	Account string `json:"account"`

	urgent bool
}

// Kind names the tickets among River's jobs.
func (ticket) Kind() string { return "popherd_run" }

const queue = "popherd"

// params are what River is to insert. By hand comes first, for a person waits.
func params(tickets []ticket) []river.InsertManyParams {
	list := make([]river.InsertManyParams, len(tickets))
	for i, t := range tickets {
		o := &river.InsertOpts{Queue: queue, MaxAttempts: 5, Priority: 2}
		if t.urgent {
			o.Priority = 1
		}
		list[i] = river.InsertManyParams{Args: t, InsertOpts: o}
	}
	return list
}

// riverTimeout is never reached: the engine has its own deadlines, and a run
// that its process died with gets a new ticket long before. River takes the old
// one out of the running after that, and it opens nothing.
const riverTimeout = maxDeadline + time.Hour

// settings are River's. Nothing depends on its leader but that its finished
// jobs are deleted.
func settings(e *Engine, cooldown, poll time.Duration) *river.Config {
	c := &river.Config{
		Logger:                      slog.New(quiet{e.o.Log.Handler()}),
		CompletedJobRetentionPeriod: 10 * time.Minute,
		CancelledJobRetentionPeriod: 10 * time.Minute,
		DiscardedJobRetentionPeriod: 24 * time.Hour,
		FetchCooldown:               cooldown,
		FetchPollInterval:           poll,
		JobTimeout:                  riverTimeout,
		RescueStuckJobsAfter:        riverTimeout + time.Hour,
		RetryPolicy:                 soon{},
		SkipUnknownJobCheck:         true,
	}
	if e.o.Performer == nil {
		return c
	}
	c.Workers = river.NewWorkers()
	river.AddWorker(c.Workers, &worker{engine: e})
	c.Queues = map[string]river.QueueConfig{queue: {MaxWorkers: e.o.Workers}}
	return c
}

// openDatabase opens the kind that the text says.
func openDatabase(ctx context.Context, e *Engine) (database, error) {
	if strings.HasPrefix(e.o.DB, "postgres://") || strings.HasPrefix(e.o.DB, "postgresql://") {
		return openPostgres(ctx, e)
	}
	// Other forms of such an address would become the name of a file, which
	// every error shows.
	if strings.Contains(e.o.DB, "password=") || strings.Contains(e.o.DB, "://") {
		return nil, errors.New("jobs: the database is neither a path nor postgres://user@host/name")
	}
	return openSQLite(ctx, e)
}

// write runs f in a transaction. It is run again if it met another one, so that
// it keeps what it finds out in variables that it sets anew each time.
func write(ctx context.Context, db database, f func(tx transaction) error) error {
	for attempt := 1; ; attempt++ {
		err := writeOnce(ctx, db, f)
		if err == nil || attempt == 10 || ctx.Err() != nil || !db.again(err) {
			return err
		}
		if !pause(ctx, time.Duration(attempt*attempt)*5*time.Millisecond) {
			return err
		}
	}
}

func writeOnce(ctx context.Context, db database, f func(tx transaction) error) error {
	tx, err := db.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.commit(ctx)
}

// pause waits, and reports whether it did so to the end.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// errNone is what one returns without a row.
var errNone = errors.New("no such row")

// one scans the first row.
func one(ctx context.Context, q querier, into []any, text string, args ...any) error {
	found := errNone
	err := each(ctx, q, func(r rows) error {
		if found == nil {
			return nil
		}
		found = nil
		return r.Scan(into...)
	}, text, args...)
	if err != nil {
		return err
	}
	return found
}

// each calls f for every row; f may not use the querier.
func each(ctx context.Context, q querier, f func(r rows) error, text string, args ...any) error {
	r, err := q.query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := f(r); err != nil {
			return err
		}
	}
	return r.Err()
}

// tuples writes n rows of placeholders for VALUES, each of the types given: in
// a statement that does not say what they are, PostgreSQL wants to be told.
func tuples(n int, types ...string) string {
	var b strings.Builder
	for i := range n {
		for j, kind := range types {
			switch {
			case j > 0:
				b.WriteString(", ")
			case i > 0:
				b.WriteString(", (")
			default:
				b.WriteString("(")
			}
			fmt.Fprintf(&b, "CAST($%d AS %s)", i*len(types)+j+1, kind)
		}
		b.WriteString(")")
	}
	return b.String()
}

// soon is when River tries again a ticket that could not be looked at, for the
// database failed: below 5 seconds, it needs no leader for it.
type soon struct{}

// NextRetry is asked by River.
func (soon) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(4 * time.Second) }

// quiet passes on only what needs somebody's attention.
type quiet struct{ slog.Handler }

// Enabled is asked first by a logger.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// WithAttrs keeps it quiet.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup keeps it quiet.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
