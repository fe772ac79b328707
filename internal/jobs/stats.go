package jobs

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Stats are what an engine counted. All but the last four are of this process,
// since Open.
type Stats struct {
	Fires   uint64            // that this process was the first to note
	Runs    map[string]uint64 // attempts that ended, by class
	Snoozed uint64            // times that a run met an account that was held
	Rescued uint64            // runs whose process had died, and that run again
	Lost    uint64            // tickets that were lost, and given anew
	Running int               // runs under way here
	Ticked  time.Time         // when the clock was last looked at without a failure
	Beat    time.Time         // when the leases were last renewed

	Deleted, Delivered uint64 // messages

	// Of all processes, some moments ago.
	Processes                int // that work whatever is due
	Waiting, Queued, Working int // runs
}

// counts are the same while they are counted.
type counts struct {
	fires, snoozed, rescued, lost, deleted, delivered atomic.Uint64
	tick, beat                                        atomic.Int64 // UnixNano
	nodes                                             atomic.Int64
	states                                            [3]atomic.Int64 // waiting, queued, running

	lock sync.Mutex
	runs map[string]uint64
}

func (c *counts) ended(r Result) {
	c.deleted.Add(uint64(max(0, r.Deleted)))
	c.delivered.Add(uint64(max(0, r.Delivered)))
	c.lock.Lock()
	defer c.lock.Unlock()
	c.runs[string(r.Class)]++
}

// Stats returns what was counted so far. It asks nobody.
func (e *Engine) Stats() Stats {
	c := &e.counts
	c.lock.Lock()
	runs := maps.Clone(c.runs)
	c.lock.Unlock()
	return Stats{
		Fires: c.fires.Load(), Runs: runs, Snoozed: c.snoozed.Load(), Rescued: c.rescued.Load(), Lost: c.lost.Load(),
		Deleted: c.deleted.Load(), Delivered: c.delivered.Load(),
		Running: e.running(), Ticked: moment(c.tick.Load()), Beat: moment(c.beat.Load()),
		Processes: int(c.nodes.Load()), Waiting: int(c.states[0].Load()), Queued: int(c.states[1].Load()), Working: int(c.states[2].Load()),
	}
}

func moment(nano int64) time.Time {
	if nano == 0 {
		return time.Time{}
	}
	return time.Unix(0, nano)
}

// Processes counts the processes that work whatever is due and have shown it
// within two leases, also for an engine that looks only. One that died not
// longer ago counts, too.
func (e *Engine) Processes(ctx context.Context) (n int, err error) {
	err = one(ctx, e.db.look(), []any{&n}, "SELECT count(*) FROM popherd_node WHERE serves <> 0 AND seen > "+e.db.clock()+" - $1", 2*e.o.Lease.Microseconds())
	if err != nil {
		return 0, fmt.Errorf("jobs: %w", err)
	}
	return n, nil
}
