package jobs

import (
	"context"
	"errors"
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
	Report                             []byte // JSON; only of Show
}

// A Query says which runs are wanted. What is empty does not matter.
type Query struct {
	Job, Account, Outcome, State string
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
	var where []string
	var args []any
	add := func(column, operator string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf("%s %s $%d", column, operator, len(args)))
	}
	for _, c := range []struct{ column, value string }{{"job", q.Job}, {"account", q.Account}, {"outcome", q.Outcome}, {"state", q.State}} {
		if c.value != "" {
			add(c.column, "=", c.value)
		}
	}
	if q.Before > 0 {
		add("id", "<", q.Before)
	}
	if len(where) == 0 {
		where = []string{"1 = 1"}
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	var list []Run
	err := each(ctx, e.db, func(r rows) error {
		run, err := scanRun(r)
		list = append(list, run)
		return err
	}, fmt.Sprintf("SELECT %s FROM popherd_run WHERE %s ORDER BY id DESC LIMIT %d", runColumns, strings.Join(where, " AND "), min(q.Limit, 1000)), args...)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return list, nil
}

// Show returns a run with its report. It fails with ErrUnknown.
func (e *Engine) Show(ctx context.Context, id int64) (Run, error) {
	var run Run
	found := false
	err := each(ctx, e.db, func(r rows) (err error) {
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

// A JobState is how a job stands.
type JobState struct {
	Name     string
	Schedule string
	Zone     string
	Accounts []string
	Enabled  bool        // in the configuration
	Disabled bool        // by a person; see Enable
	Next     []time.Time // up to 5 fires; none unless it is enabled
	Last     *Run        // the latest one that has ended; nil if there is none

	Waiting, Queued, Running int // runs
	Paused                   []Pause
	Failing                  []Pause // accounts that failed, and are not paused yet
}

// A Pause says that a job does not run for an account until Enable, and why.
type Pause struct {
	Account  string
	Since    time.Time // zero: not paused yet
	Failures int       // in a row
	Reason   string    // of the last one
}

// Jobs returns how the jobs of the configuration stand, in its order.
func (e *Engine) Jobs(ctx context.Context) ([]JobState, error) {
	definitions := e.defined()
	list := make([]JobState, len(definitions))
	for i, d := range definitions {
		s := &list[i]
		*s = JobState{Name: d.Name, Schedule: d.Schedule.String(), Zone: d.Schedule.Zone().String(), Accounts: d.Accounts, Enabled: d.Enabled}
		if err := e.state(ctx, s); err != nil {
			return nil, fmt.Errorf("job %s: %w", d.Name, err)
		}
		if !d.Enabled || s.Disabled {
			continue
		}
		for next := d.Schedule.Next(e.o.Now()); !next.IsZero() && len(s.Next) < 5; next = d.Schedule.Next(next) {
			s.Next = append(s.Next, next)
		}
	}
	return list, nil
}

// state fills in what the database knows of a job.
func (e *Engine) state(ctx context.Context, s *JobState) error {
	var disabled int64
	err := one(ctx, e.db, []any{&disabled}, "SELECT disabled FROM popherd_job WHERE name = $1", s.Name)
	if err != nil && !errors.Is(err, errNone) {
		return err
	}
	s.Disabled = disabled != 0
	err = each(ctx, e.db, func(r rows) error {
		var p Pause
		var paused int64
		err := r.Scan(&p.Account, &paused, &p.Failures, &p.Reason)
		if p.Since = at(paused); paused != 0 {
			s.Paused = append(s.Paused, p)
		} else {
			s.Failing = append(s.Failing, p)
		}
		return err
	}, "SELECT account, paused, failures, reason FROM popherd_standing WHERE job = $1 AND (paused <> 0 OR failures <> 0) ORDER BY account", s.Name)
	if err != nil {
		return err
	}
	counters := map[string]*int{"waiting": &s.Waiting, "queued": &s.Queued, "running": &s.Running}
	err = each(ctx, e.db, func(r rows) error {
		var state string
		var n int
		err := r.Scan(&state, &n)
		if c := counters[state]; c != nil {
			*c = n
		}
		return err
	}, "SELECT state, count(*) FROM popherd_run WHERE job = $1 AND state <> 'done' GROUP BY state", s.Name)
	if err != nil {
		return err
	}
	last, err := e.History(ctx, Query{Job: s.Name, State: "done", Limit: 1})
	if len(last) > 0 {
		s.Last = &last[0]
	}
	return err
}
