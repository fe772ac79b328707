package worker

import (
	"context"
	"sync"
	"time"
)

// watch ends the worker when it must, and returns when it has ended.
func (s *supervisor) watch(ctx context.Context, parts *sync.WaitGroup) {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	wall := (<-chan time.Time)(nil) // never
	if s.Limits.Wall >= 0 {
		wall = time.After(s.Limits.Wall - time.Since(s.begun))
	}
	last := (<-chan time.Time)(nil) // when the worker has had its grace
	stop, quiet, crashing, enough := ctx.Done(), s.quiet, s.crash.seen, s.crash.enough
	for {
		select {
		case <-s.child.ended:
			s.spent = time.Since(s.begun)
			s.waitNoLonger()
			return
		case <-poll.C:
			s.weigh()
		case <-wall:
			wall = nil
			if last = s.linger(WallLimit); last == nil {
				s.end(WallLimit)
			}
		case <-stop:
			stop, last = nil, s.grace(last)
			s.blame(Cancelled)
			parts.Go(func() { s.job.Close() }) // on Windows it waits for a write under way
		case <-quiet:
			quiet, last = nil, s.grace(last)
			s.weigh()
		case <-crashing:
			crashing, last = nil, s.grace(last)
		case <-enough:
			enough = nil
			s.child.kill()
		case <-last:
			if last = s.linger(Broken); last == nil {
				s.end(Broken) // unless there is a better reason
			}
		}
	}
}

// grace is when a worker that is to end must have ended, decided once.
func (s *supervisor) grace(last <-chan time.Time) <-chan time.Time {
	if last != nil {
		return last
	}
	return time.After(s.Grace)
}

// linger is when a busy worker must have ended that is to end for a reason; nil
// is now. One that crashes is at nothing any more.
func (s *supervisor) linger(r Reason) <-chan time.Time {
	if s.lingers || s.Linger <= 0 || s.Busy == nil || !s.Busy() || r == Broken && s.cause == 0 {
		return nil
	}
	s.lingers = true
	s.blame(r)
	return time.After(s.Linger)
}

// weigh looks at the worker's memory.
func (s *supervisor) weigh() {
	resident := s.gauge.read()
	s.peak = max(s.peak, resident)
	if resident > s.Limits.Memory+memoryMargin {
		s.end(MemoryLimit)
	}
}

// end kills the worker for a reason.
func (s *supervisor) end(r Reason) {
	s.blame(r)
	s.child.kill()
}

// blame notes why the worker is to end. The first reason counts.
func (s *supervisor) blame(r Reason) {
	if s.cause == 0 {
		s.cause = r
	}
}

// waitNoLonger sets a term to what reads from a dead worker: its pipes end at
// once, unless something that it started holds them open.
func (s *supervisor) waitNoLonger() {
	term := time.Now().Add(s.Grace)
	_ = s.events.SetReadDeadline(term)
	_ = s.crashes.SetReadDeadline(term)
}
