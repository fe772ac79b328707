package jobs

import (
	"context"
	"fmt"
	"time"
)

// A JobState is how a job stands.
type JobState struct {
	Name     string
	Schedule string
	Zone     string
	Accounts []string    // names; not to be changed
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

// Jobs returns how the jobs of the configuration stand, in its order. It asks
// the database no more often if there are more of them.
func (e *Engine) Jobs(ctx context.Context) ([]JobState, error) {
	definitions := e.defined()
	list := make([]JobState, len(definitions))
	byName := make(map[string]*JobState, len(list))
	for i, d := range definitions {
		list[i] = JobState{Name: d.Name, Schedule: d.Schedule.String(), Zone: d.Schedule.Zone().String(), Accounts: d.names, Enabled: d.Enabled}
		byName[d.Name] = &list[i]
	}
	for _, f := range []func(context.Context, map[string]*JobState) error{e.addDisabled, e.addPauses, e.addOpen, e.addLast} {
		if err := f(ctx, byName); err != nil {
			return nil, fmt.Errorf("jobs: %w", err)
		}
	}
	for i, d := range definitions {
		s := &list[i]
		if !d.Enabled || s.Disabled {
			continue
		}
		for next := d.Schedule.Next(e.o.Now()); !next.IsZero() && len(s.Next) < 5; next = d.Schedule.Next(next) {
			s.Next = append(s.Next, next)
		}
	}
	return list, nil
}

func (e *Engine) addDisabled(ctx context.Context, jobs map[string]*JobState) error {
	return each(ctx, e.db.look(), func(r rows) error {
		var job string
		err := r.Scan(&job)
		if s := jobs[job]; s != nil {
			s.Disabled = true
		}
		return err
	}, "SELECT name FROM popherd_job WHERE disabled <> 0")
}

func (e *Engine) addPauses(ctx context.Context, jobs map[string]*JobState) error {
	return each(ctx, e.db.look(), func(r rows) error {
		var job string
		var p Pause
		var paused int64
		err := r.Scan(&job, &p.Account, &paused, &p.Failures, &p.Reason)
		p.Since = at(paused)
		switch s := jobs[job]; {
		case s == nil:
		case paused != 0:
			s.Paused = append(s.Paused, p)
		default:
			s.Failing = append(s.Failing, p)
		}
		return err
	}, "SELECT job, account, paused, failures, reason FROM popherd_standing WHERE paused <> 0 OR failures <> 0 ORDER BY job, account")
}

func (e *Engine) addOpen(ctx context.Context, jobs map[string]*JobState) error {
	return each(ctx, e.db.look(), func(r rows) error {
		var job, state string
		var n int
		err := r.Scan(&job, &state, &n)
		s := jobs[job]
		if s == nil {
			return err
		}
		switch state {
		case "waiting":
			s.Waiting = n
		case "queued":
			s.Queued = n
		case "running":
			s.Running = n
		}
		return err
	}, "SELECT job, state, count(*) FROM popherd_run WHERE state <> 'done' GROUP BY job, state")
}

func (e *Engine) addLast(ctx context.Context, jobs map[string]*JobState) error {
	list, err := e.runsWhere(ctx, `id IN (SELECT (SELECT max(id) FROM popherd_run WHERE job = popherd_job.name AND state = 'done') FROM popherd_job)`)
	for i := range list {
		if s := jobs[list[i].Job]; s != nil {
			s.Last = &list[i]
		}
	}
	return err
}
