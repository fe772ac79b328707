package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// performance is what Perform is at.
type performance struct {
	e     *Engine
	works sync.WaitGroup
	slots chan struct{} // one for each run that is worked
	ended chan struct{} // one has ended since this was read

	lock   sync.Mutex
	open   []*pending
	failed error
}

// pending is a run that is not over, as far as is known.
type pending struct {
	id    int64
	state string
	busy  bool      // it is worked here
	ready bool      // it may begin
	after time.Time // not to be tried before
}

// rounds returns nil when all runs are over.
func (p *performance) rounds(ctx context.Context) error {
	for {
		ready, left, err := p.look(ctx)
		if err != nil || left == 0 {
			return err
		}
		for _, w := range ready {
			select {
			case p.slots <- struct{}{}:
				p.works.Go(func() { p.work(ctx, w) })
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		timer := time.NewTimer(p.e.o.Tick)
		select {
		case <-timer.C:
		case <-p.ended:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look forgets the runs that are over, and returns those that are to begin,
// which are busy from now on.
func (p *performance) look(ctx context.Context) (ready []*pending, left int, err error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.failed != nil {
		return nil, len(p.open), p.failed
	}
	idle := slices.DeleteFunc(slices.Clone(p.open), func(w *pending) bool { return w.busy })
	for chunk := range slices.Chunk(idle, batch) {
		if err := p.ask(ctx, chunk); err != nil {
			return nil, 0, err
		}
	}
	p.open = slices.DeleteFunc(p.open, func(w *pending) bool { return !w.busy && w.state == "done" })
	for _, w := range p.open {
		if !w.busy && w.ready {
			w.busy = true
			ready = append(ready, w)
		}
	}
	return ready, len(p.open), nil
}

// ask asks how some runs stand. What waits for its next attempt waits here, too;
// what was never begun may be: an obstacle to another process need not be one.
func (p *performance) ask(ctx context.Context, chunk []*pending) error {
	byID := make(map[int64]*pending, len(chunk))
	args := make([]any, len(chunk))
	for i, w := range chunk {
		byID[w.id], args[i] = w, w.id
		w.state, w.ready = "done", false // unless it is found
	}
	now := p.e.o.Now()
	return each(ctx, p.e.db.look(), func(r rows) error {
		var id, due, tries int64
		var state string
		err := r.Scan(&id, &state, &due, &tries)
		if w := byID[id]; w != nil {
			w.state = state
			w.ready = !now.Before(w.after) && (state == "queued" || state == "waiting" && (tries == 0 || due <= now.UnixMicro()))
		}
		return err
	}, "SELECT id, state, due, tries FROM popherd_run WHERE id IN "+places(len(chunk)), args...)
}

// places is n placeholders.
func places(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", $%d", i+1)
	}
	return "(" + b.String()[2:] + ")"
}

// work begins a run, if nobody else has, and works it.
func (p *performance) work(ctx context.Context, w *pending) {
	c, until, err := p.e.begin(ctx, byNumber, w.id)
	if c != nil {
		stop := context.AfterFunc(ctx, func() { c.cancel(ErrStopping) })
		p.e.perform(c)
		stop()
		until = c.after
	}
	p.lock.Lock()
	w.busy, w.after = false, until
	if err != nil && p.failed == nil {
		p.failed = err
	}
	p.lock.Unlock()
	<-p.slots
	select {
	case p.ended <- struct{}{}:
	default:
	}
}
