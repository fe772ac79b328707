package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Perform works these runs in this process, and no others, at most
// Options.Workers at once; the engine is not to be started. No fire is computed.
// Runs that another process took, or that wait for their next attempt, are
// waited for. When all are over, it returns them as they ended, in the order
// given. Close the engine only after it has returned.
//
// When the context ends, so do those of the runs that are worked here: what only
// read is interrupted, a commit finishes. Then Perform returns all as they stand
// with an error; those that are not over are left to any process that works what
// is due, unless they are cancelled.
func (e *Engine) Perform(ctx context.Context, runs []int64) ([]Run, error) {
	if e.o.Performer == nil {
		return nil, errors.New("jobs: an engine without a performer cannot perform")
	}
	e.performing.Lock()
	defer e.performing.Unlock()
	if e.started || e.draining() {
		return nil, errors.New("jobs: the engine was started, or stopped, and performs no runs of its own")
	}
	if err := e.performable(ctx, runs); err != nil {
		return nil, err
	}
	if err := e.enter(ctx, false); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	err := e.adoptOrphans(ctx)
	if err == nil {
		err = e.performAll(ctx, runs)
	}
	// All of it lasts, and is told, whatever became of the context.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterMost)
	defer cancel()
	list, _, failed := e.list(ctx, runs)
	left := 0
	for _, r := range list {
		if r.State != "done" {
			left++
		}
	}
	if left == 0 && failed == nil {
		err = nil
	} else if err != nil {
		err = fmt.Errorf("%d runs are not over: %w", left, err)
	}
	if err = errors.Join(err, failed, e.leave(ctx), e.prune(ctx), e.db.lasting(ctx)); err != nil {
		err = fmt.Errorf("jobs: %w", err)
	}
	return list, err
}

// afterMost bounds that: a database may hang.
const afterMost = 30 * time.Second

// list returns runs in the order of their numbers, and the first that is not
// there.
func (e *Engine) list(ctx context.Context, runs []int64) (list []Run, missing int64, err error) {
	known := map[int64]Run{}
	for chunk := range slices.Chunk(runs, batch) {
		args := make([]any, len(chunk))
		for i, id := range chunk {
			args[i] = id
		}
		found, err := e.runsWhere(ctx, "id IN "+places(len(chunk)), args...)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range found {
			known[r.ID] = r
		}
	}
	for _, id := range runs {
		if r, ok := known[id]; ok {
			list = append(list, r)
		} else if missing == 0 {
			missing = id
		}
	}
	return list, missing, nil
}

// performable refuses runs that this process cannot work.
func (e *Engine) performable(ctx context.Context, runs []int64) error {
	list, missing, err := e.list(ctx, runs)
	if err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	if missing != 0 {
		return fmt.Errorf("run %d: %w", missing, ErrUnknown)
	}
	for _, r := range list {
		d := e.definition(r.Job)
		if d == nil {
			return fmt.Errorf("run %d: job %s: %w", r.ID, r.Job, ErrUnknown)
		}
		if _, ok := d.maildrop(r.Account); !ok {
			return fmt.Errorf("run %d: job %s: account %s: %w", r.ID, r.Job, r.Account, ErrUnknown)
		}
	}
	return nil
}

// performAll returns when all runs are over, or none is worked any more.
func (e *Engine) performAll(ctx context.Context, runs []int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.lives, func() { cancel(ErrStopping) })()
	beating, stopBeats := context.WithCancel(e.lives)
	var beats sync.WaitGroup
	e.live(beating, &beats)
	p := &performance{e: e, slots: make(chan struct{}, e.o.Workers), ended: make(chan struct{}, 1)}
	known := map[int64]bool{}
	for _, id := range runs {
		if !known[id] {
			p.open = append(p.open, &pending{id: id})
		}
		known[id] = true
	}
	err := p.rounds(ctx)
	p.works.Wait()
	stopBeats()
	beats.Wait()
	return err
}
