package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// raises is how often a session raises its number within a lease; it ends its
// own runs when it could not for longer than patience, which leaves the rest of
// the lease for a commit.
const (
	raises   = 6
	patience = 4
)

// A session is a process that works, from Start to Stop or until others took
// it for dead; then it begins another one.
type session struct {
	id     string
	raised time.Time // by the monotonic clock
	serves bool      // it works whatever is due
}

// observation is what this process saw of another's session.
type observation struct {
	beat  int64
	times int // in a row
}

// enter begins a session.
func (e *Engine) enter(ctx context.Context, serves bool) error {
	id := e.o.Node + "/" + strings.ToLower(rand.Text()[:10])
	now := time.Now()
	_, err := e.db.exec(ctx, "INSERT INTO popherd_node (id, beat, seen, serves, started) VALUES ($1, 1, "+e.db.clock()+", $2, $3)", id, bit(serves), e.o.Now().UnixMicro())
	if err != nil {
		return err
	}
	e.session.Store(&session{id: id, raised: now, serves: serves})
	return nil
}

// leave ends the session; its leases go with it.
func (e *Engine) leave(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err := e.db.exec(ctx, "DELETE FROM popherd_node WHERE id = $1", e.session.Load().id)
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// live raises the session's number several times a lease, and looks at its runs
// and at other sessions as often, until the context ends. It goes by the
// monotonic clock. A look that takes long keeps no number from being raised.
func (e *Engine) live(until context.Context, loops *sync.WaitGroup) {
	loops.Go(func() { e.periodically(until, "jobs: the lease was not renewed", e.beat) })
	loops.Go(func() {
		e.periodically(until, "jobs: the runs and sessions were not looked at", func(ctx context.Context) error {
			return errors.Join(e.compare(ctx, e.session.Load().id), e.observe(ctx))
		})
	})
}

func (e *Engine) periodically(until context.Context, failed string, f func(context.Context) error) {
	for pause(until, e.o.Lease/raises) {
		ctx, cancel := context.WithTimeout(e.lives, e.o.Lease)
		if err := f(ctx); err != nil && e.lives.Err() == nil {
			e.log.Error(failed, "error", err)
		}
		cancel()
	}
}

// beat raises the number. Runs end when their leases may have.
func (e *Engine) beat(ctx context.Context) error {
	s, now := e.session.Load(), time.Now()
	// Before the deadline of patience, not after: a database that hangs.
	guard := time.AfterFunc(s.raised.Add(e.o.Lease*patience/raises).Sub(now), func() { e.interrupt(ErrLeased) })
	defer guard.Stop()
	changed, err := e.db.vital().exec(ctx, "UPDATE popherd_node SET beat = beat + 1, seen = "+e.db.clock()+" WHERE id = $1", s.id)
	if err != nil {
		return err
	}
	e.counts.beat.Store(now.UnixNano())
	if changed == 1 {
		e.session.Store(&session{id: s.id, raised: now, serves: s.serves})
		return nil
	}
	e.log.Error("jobs: others took this process for dead; its runs end", "session", s.id, "runs", e.running())
	e.interrupt(ErrLeased)
	return e.enter(ctx, s.serves)
}

// compare asks which runs this session works. Those that a person wants to end
// are ended; those that it knows nothing of are given back.
func (e *Engine) compare(ctx context.Context, id string) error {
	type row struct{ run, started, cancel int64 }
	var list, strange []row
	err := each(ctx, e.db.look(), func(r rows) error {
		var w row
		err := r.Scan(&w.run, &w.started, &w.cancel)
		list = append(list, w)
		return err
	}, "SELECT id, started, cancel FROM popherd_run WHERE state = 'running' AND state <> 'done' AND node = $1", id)
	if err != nil {
		return err
	}
	e.runsLock.Lock()
	for _, w := range list {
		if r := e.runs[w.run]; r == nil {
			strange = append(strange, w)
		} else if w.cancel != 0 {
			r.cancel(errCancelled)
		}
	}
	e.runsLock.Unlock()
	for _, w := range strange {
		if err := e.reclaim(ctx, id, w.run, w.started); err != nil {
			return err
		}
	}
	return nil
}

// reclaim gives back a run that was begun without this process knowing: the
// connection broke at the commit, and it had been made. A run that ended
// meanwhile, and perhaps was begun again, has another start.
func (e *Engine) reclaim(ctx context.Context, id string, run, started int64) error {
	var changed int64
	err := write(ctx, e.db, func(tx transaction) (err error) {
		changed, err = tx.exec(ctx, `UPDATE popherd_run SET state = 'waiting', node = '', attempt = attempt - 1, tries = tries - 1, due = $1
			WHERE id = $2 AND state = 'running' AND node = $3 AND started = $4`, e.o.Now().UnixMicro(), run, id, started)
		if err != nil || changed == 0 {
			return err
		}
		_, err = tx.exec(ctx, "DELETE FROM popherd_lease WHERE run = $1 AND node = $2", run, id)
		return err
	})
	if err == nil && changed != 0 {
		e.log.Warn("jobs: a run was begun that was not known to be; it runs again", "run", run)
	}
	return err
}

// observe looks at the other sessions, and ends those that have died: whose
// number stayed the same for a lease, counted in looks, for clocks may jump and
// this process may have slept, too.
func (e *Engine) observe(ctx context.Context) error {
	seen, self := map[string]observation{}, e.session.Load()
	serving := bit(self.serves)
	err := each(ctx, e.db.look(), func(r rows) error {
		var id string
		var beat, serves int64
		if err := r.Scan(&id, &beat, &serves); err != nil {
			return err
		}
		o := observation{beat, 1}
		if last := e.looks[id]; last.beat == beat {
			o.times = last.times + 1
		}
		seen[id] = o
		serving += serves
		return nil
	}, "SELECT id, beat, serves FROM popherd_node WHERE id <> $1", self.id)
	if err != nil {
		return err
	}
	e.looks = seen
	e.counts.nodes.Store(serving)
	var failed []error
	for id, o := range seen {
		if o.times > raises+1 {
			failed = append(failed, e.bury(ctx, id, o.beat))
		}
	}
	return errors.Join(failed...)
}
