package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// A Run is one run as it stands, or stood when it ended.
type Run struct {
	ID           int64
	Job, Account string
	Fire         time.Time // zero: by hand
	State        string    // "waiting" (until Due), "queued", "running", "done"
	Due          time.Time
	Created      time.Time
	Started      time.Time // of the last attempt; zero if there was none
	Finished     time.Time // zero until it is done
	Node         string    // the session that works it, "machine/..."
	Attempt      int
	DryRun       bool // the last attempt

	// Of the last attempt that ended. Outcomes of the engine's own are
	// "cancelled", "superseded" (a later fire's run took its place), "skipped",
	// "died" and "panic".
	Outcome                            string
	Class                              Class
	Message                            string
	Messages, Deleted, Delivered, Kept int
	Report                             []byte // JSON, of the last one that had one; only of Show
}

// A Query says which runs are wanted. What is empty does not matter.
type Query struct {
	Job, Account, Outcome, State string
	Class                        Class
	Failed                       bool  // those that have ended otherwise than Done, the cancelled and skipped ones too
	Before                       int64 // numbers below it, for the next page
	Limit                        int   // 0 is 100; 1000 at most
}

const runColumns = `id, job, account, fire, state, due, created, started, finished, node, attempt, dry,
	outcome, class, message, messages, deleted, delivered, kept`

// scanRun reads runColumns, and more into what is given.
func scanRun(r rows, more ...any) (Run, error) {
	var run Run
	var fire, due, created, started, finished, dry int64
	err := r.Scan(append([]any{&run.ID, &run.Job, &run.Account, &fire, &run.State, &due, &created, &started, &finished, &run.Node, &run.Attempt, &dry,
		&run.Outcome, (*string)(&run.Class), &run.Message, &run.Messages, &run.Deleted, &run.Delivered, &run.Kept}, more...)...)
	run.Fire, run.Due, run.Created, run.Started, run.Finished = at(fire), at(due), at(created), at(started), at(finished)
	run.DryRun = dry != 0
	return run, err
}

// at is a time of the database.
func at(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

// History returns runs, the latest first.
func (e *Engine) History(ctx context.Context, q Query) ([]Run, error) {
	where, args := q.where()
	if q.Limit <= 0 {
		q.Limit = 100
	}
	list, err := e.runsWhere(ctx, fmt.Sprintf("%s ORDER BY id DESC LIMIT %d", where, min(q.Limit, 1000)), args...)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return list, nil
}

func (e *Engine) runsWhere(ctx context.Context, where string, args ...any) (list []Run, err error) {
	err = each(ctx, e.db.look(), func(r rows) error {
		run, err := scanRun(r)
		list = append(list, run)
		return err
	}, "SELECT "+runColumns+" FROM popherd_run WHERE "+where, args...)
	return list, err
}

// where is the condition for a query. What indexes are made for is written out:
// SQLite does not look into arguments when it chooses one.
func (q Query) where() (string, []any) {
	where := []string{"1 = 1"}
	var args []any
	add := func(column, operator string, value any) {
		if text, ok := value.(string); ok {
			value = clean(text)
		}
		args = append(args, value)
		where = append(where, fmt.Sprintf("%s %s $%d", column, operator, len(args)))
	}
	for _, c := range []struct{ column, value string }{{"job", q.Job}, {"account", q.Account}, {"outcome", q.Outcome}, {"class", string(q.Class)}} {
		if c.value != "" {
			add(c.column, "=", c.value)
		}
	}
	switch q.State {
	case "":
	case "done":
		where = append(where, "state = 'done'")
	case "waiting", "queued", "running":
		where = append(where, "state = '"+q.State+"' AND state <> 'done'")
	default:
		where = append(where, "1 = 0")
	}
	if q.Failed {
		where = append(where, "state = 'done' AND class <> 'done'")
	}
	if q.Before > 0 {
		add("id", "<", q.Before)
	}
	return strings.Join(where, " AND "), args
}

// Show returns a run with its report. It fails with ErrUnknown.
func (e *Engine) Show(ctx context.Context, id int64) (Run, error) {
	var run Run
	found := false
	err := each(ctx, e.db.look(), func(r rows) (err error) {
		var packed []byte
		if run, err = scanRun(r, &packed); err != nil {
			return err
		}
		found = true
		run.Report, err = unpack(packed)
		return err
	}, "SELECT "+runColumns+", report FROM popherd_run WHERE id = $1", id)
	if err == nil && !found {
		err = ErrUnknown
	}
	if err != nil {
		return Run{}, fmt.Errorf("run %d: %w", id, err)
	}
	return run, nil
}
