package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

const (
	// grace is how late a fire may be found and still be on time. What is found
	// later was missed.
	grace = time.Minute
	// skew is how far the clocks of machines may be apart, and how far one may
	// be set back, before its past is looked at anew.
	skew = 2 * time.Minute
	// fireMemory is how long a fire is remembered, so that it does not run
	// twice; none is made up for that is as old.
	fireMemory = 400 * 24 * time.Hour
	// backlog is how many runs of a job may wait for one account; from then on
	// its fires are skipped. Missed ones are no more than that, either.
	backlog = 100
	// batch is how many rows one statement writes.
	batch = 500
)

// A cursor says up to where this process has computed the fires of a job.
type cursor struct {
	at   time.Time // all up to there are decided
	next time.Time // the first after that; zero if there is none

	settings string // by which they are computed; empty in an engine that was not started
	outdated bool   // somebody knows others, and it was said so
}

// newCursor begins where the database left off. What it says of the future was
// written by a clock that is ahead, or was: this one counts.
func newCursor(s schedule.Schedule, looked, now time.Time) *cursor {
	if looked.After(now.Add(skew)) {
		looked = now
	}
	if oldest := now.Add(skew - fireMemory); looked.Before(oldest) {
		looked = oldest
	}
	c := &cursor{}
	c.move(s, looked)
	return c
}

func (c *cursor) move(s schedule.Schedule, to time.Time) {
	c.at, c.next = to, s.Next(to)
}

// due returns the fires to run now, in order, and how many more were missed
// that do not run. Those of the last moments run each; of older ones the policy
// decides.
func due(d *definition, from, now time.Time) (fires []time.Time, dropped int) {
	late := now.Add(-grace)
	if from.Before(late) {
		fires = schedule.Missed(d.Schedule, from, late, d.CatchUp, backlog)
		dropped = len(d.Schedule.Between(from, late, 10*backlog)) - len(fires)
		from = late
	}
	punctual := d.Schedule.Between(from, now, backlog)
	if d.CatchUp == schedule.Once && len(fires) > 0 && len(punctual) > 0 {
		// The one that is due just now does what the missed one would.
		fires, dropped = nil, dropped+1
	}
	return append(fires, punctual...), dropped
}

// fireAll looks at the clock, and fires what is due.
func (e *Engine) fireAll(ctx context.Context) error {
	now := e.o.Now().UTC()
	var failed []error
	for _, d := range e.defined() {
		c := e.cursors[d.Name]
		if !d.Enabled || c == nil {
			continue
		}
		if now.Before(c.at.Add(-skew)) {
			e.log.Warn("jobs: the clock went back", "job", d.Name, "from", c.at, "to", now)
			c.move(d.Schedule, now)
		}
		if c.next.IsZero() || now.Before(c.next) {
			continue
		}
		fires, dropped := due(d, c.at, now)
		if err := e.fire(ctx, d, c, fires); err != nil {
			failed = append(failed, fmt.Errorf("job %s: %w", d.Name, err)) // the cursor stays
			continue
		}
		if dropped > 0 {
			e.log.Warn("jobs: fires were missed", "job", d.Name, "since", c.at, "dropped", dropped, "catch_up", d.CatchUp.String())
		}
		c.move(d.Schedule, now)
	}
	return errors.Join(failed...)
}

// fire notes fires, each with a run for every account, unless another process
// has. It is all in one transaction a fire.
func (e *Engine) fire(ctx context.Context, d *definition, c *cursor, fires []time.Time) error {
	for _, at := range fires {
		made := 0
		fired := false
		var gone []ending
		err := write(ctx, e.db, func(tx transaction) (err error) {
			made, fired, gone, err = e.fireOne(ctx, tx, d, c.settings, at)
			return err
		})
		if errors.Is(err, errOutdated) {
			if !c.outdated {
				e.log.Warn("jobs: fires are left to others, who have a newer configuration of the job", "job", d.Name)
			}
			c.outdated = true
			return nil
		}
		if err != nil {
			return err
		}
		if fired {
			c.outdated = false
			e.counts.fires.Add(1)
			e.log.Info("jobs: fire", "job", d.Name, "fire", at, "runs", made)
		}
		e.bid(gone)
	}
	return nil
}

// errOutdated says that another process was told of other settings of a job
// later than this one: its fires are not those that count.
var errOutdated = errors.New("the settings of the job are not the latest")

func (e *Engine) fireOne(ctx context.Context, tx transaction, d *definition, settings string, at time.Time) (made int, fired bool, gone []ending, err error) {
	fire, now := at.UnixMicro(), e.o.Now()
	changed, err := tx.exec(ctx, "INSERT INTO popherd_fire (job, fire) VALUES ($1, $2) ON CONFLICT DO NOTHING", d.Name, fire)
	if err != nil || changed == 0 {
		return 0, false, nil, err
	}
	var since, disabled int64
	var latest string
	err = one(ctx, tx, []any{&since, &disabled, &latest}, "SELECT since, disabled, settings FROM popherd_job WHERE name = $1 FOR UPDATE", d.Name)
	if errors.Is(err, errNone) {
		err = fmt.Errorf("is not in the database any more")
	}
	if err == nil && settings != "" && latest != "" && latest != settings {
		err = errOutdated
	}
	if err != nil {
		return 0, false, nil, err
	}
	if _, err := tx.exec(ctx, "UPDATE popherd_job SET looked = $1 WHERE name = $2", fire, d.Name); err != nil {
		return 0, false, nil, err
	}
	// A moment in the future was written by a clock that was ahead.
	if disabled != 0 || fire <= since && since <= now.Add(skew).UnixMicro() {
		return 0, false, nil, nil
	}
	made, gone, err = e.expand(ctx, tx, d, at, now)
	return made, true, gone, err
}

// expand makes the runs of a fire.
func (e *Engine) expand(ctx context.Context, tx transaction, d *definition, fire, now time.Time) (made int, gone []ending, err error) {
	paused, err := pausedAccounts(ctx, tx, d.Name)
	if err != nil {
		return 0, nil, err
	}
	open, err := openRuns(ctx, tx, d.Name)
	if err != nil {
		return 0, nil, err
	}
	if gone, err = supersede(ctx, tx, d.Name, fire, now); err != nil {
		return 0, nil, err
	}
	var fresh, skipped []newRun
	for _, account := range d.names {
		r := newRun{job: d.Name, account: account, fire: fire.UnixMicro(), due: fire.Add(schedule.Jitter(d.Name+"/"+account, fire, d.Jitter)).UnixMicro()}
		switch {
		case paused[account]:
		case open[account] >= backlog:
			skipped = append(skipped, r)
		default:
			fresh = append(fresh, r)
		}
	}
	if err := insertSkipped(ctx, tx, skipped, now); err != nil {
		return 0, nil, err
	}
	_, err = insertRuns(ctx, tx, fresh, now)
	return len(fresh), gone, err
}

func pausedAccounts(ctx context.Context, q querier, job string) (map[string]bool, error) {
	paused := map[string]bool{}
	err := each(ctx, q, func(r rows) error {
		var account string
		err := r.Scan(&account)
		paused[account] = true
		return err
	}, "SELECT account FROM popherd_standing WHERE job = $1 AND paused <> 0", job)
	return paused, err
}

// openRuns counts the runs of each account that have not ended.
func openRuns(ctx context.Context, q querier, job string) (map[string]int, error) {
	open := map[string]int{}
	err := each(ctx, q, func(r rows) error {
		var account string
		var n int
		err := r.Scan(&account, &n)
		open[account] = n
		return err
	}, "SELECT account, count(*) FROM popherd_run WHERE job = $1 AND state <> 'done' GROUP BY account", job)
	return open, err
}

// newRun is a run that is to be inserted.
type newRun struct {
	job, account string
	fire, due    int64
	wish         int64
	river        any // int64, or nil
}

// insertRuns inserts runs, with tickets for those that are due.
func insertRuns(ctx context.Context, tx transaction, list []newRun, now time.Time) (made []int64, err error) {
	for chunk := range slices.Chunk(list, batch) {
		if err := ticketRuns(ctx, tx, chunk, now); err != nil {
			return nil, err
		}
		args := make([]any, 0, 8*len(chunk))
		for _, r := range chunk {
			state := "waiting"
			if r.river != nil {
				state = "queued"
			}
			args = append(args, r.job, r.account, r.fire, state, r.river, r.due, now.UnixMicro(), r.wish)
		}
		err := each(ctx, tx, func(r rows) error {
			var id int64
			err := r.Scan(&id)
			made = append(made, id)
			return err
		}, "INSERT INTO popherd_run (job, account, fire, state, river, due, created, wish) VALUES "+
			tuples(len(chunk), "text", "text", "bigint", "text", "bigint", "bigint", "bigint", "bigint")+" RETURNING id", args...)
		if err != nil {
			return nil, err
		}
	}
	return made, nil
}

func ticketRuns(ctx context.Context, tx transaction, chunk []newRun, now time.Time) error {
	var tickets []ticket
	var of []int
	for i, r := range chunk {
		if r.due <= now.UnixMicro() {
			tickets = append(tickets, ticket{Job: r.job, Account: r.account, urgent: r.fire == 0})
			of = append(of, i)
		}
	}
	if len(tickets) == 0 {
		return nil
	}
	numbers, err := tx.enqueue(ctx, tickets)
	if err != nil {
		return err
	}
	if len(numbers) != len(tickets) {
		return fmt.Errorf("the queue took %d tickets of %d", len(numbers), len(tickets))
	}
	for i, n := range numbers {
		chunk[of[i]].river = n
	}
	return nil
}

// insertSkipped notes runs that will not be.
func insertSkipped(ctx context.Context, tx transaction, list []newRun, now time.Time) error {
	message := fmt.Sprintf("%d runs of it were waiting", backlog)
	for chunk := range slices.Chunk(list, batch) {
		args := []any{}
		for _, r := range chunk {
			args = append(args, r.job, r.account, r.fire, r.due, now.UnixMicro(), now.UnixMicro(), message)
		}
		texts := tuples(len(chunk), "text", "text", "bigint", "bigint", "bigint", "bigint", "text")
		texts = strings.ReplaceAll(texts, "(CAST", "('done', 'skipped', CAST")
		_, err := tx.exec(ctx, "INSERT INTO popherd_run (state, outcome, job, account, fire, due, created, finished, message) VALUES "+texts, args...)
		if err != nil {
			return err
		}
	}
	return nil
}
