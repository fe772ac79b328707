package pop3

import (
	"iter"
	"slices"
)

// A key tells requests apart.
type key struct{ number, lines int }

func keyOf(r Request) key { return key{r.Number, r.Lines} }

// A queue is what will be wanted and was not sent.
type queue struct {
	next  func() (Request, bool) // nil at the upcoming's end
	stop  func()
	seq   int      // place of the last upcoming request taken
	front *entry   // taken from next, and not yet wanted
	again []*entry // sent once and dropped, in order of their places
	early map[key]struct{}
	fresh bool // nothing sent was claimed yet
}

// replace starts another upcoming.
func (q *queue) replace(seq iter.Seq[Request]) {
	q.close()
	q.front, q.again, q.early, q.fresh = nil, nil, nil, true
	if seq != nil {
		q.next, q.stop = iter.Pull(seq)
	}
}

func (q *queue) close() {
	if q.stop != nil {
		q.stop()
	}
	q.next, q.stop = nil, nil
}

// peek returns what pop will, and leaves it.
func (q *queue) peek(p *Pipeline) *entry {
	if len(q.again) > 0 {
		return q.again[0]
	}
	for q.front == nil && q.next != nil {
		r, ok := q.next()
		if !ok {
			q.close()
			break
		}
		q.seq++
		if r.Number < 1 || r.Lines < Whole {
			continue // Get says so, if it is wanted
		}
		if _, had := q.early[keyOf(r)]; had {
			delete(q.early, keyOf(r))
			continue
		}
		q.front = p.newEntry(r, q.seq)
	}
	return q.front
}

// pop takes what is wanted next, or nil.
func (q *queue) pop(p *Pipeline) *entry {
	e := q.peek(p)
	if len(q.again) > 0 {
		q.again = q.again[1:]
	} else {
		q.front = nil
	}
	return e
}

// maxEarly bounds how many requests got out of turn are remembered, so that
// they are not sent again when their turn comes.
const maxEarly = 10_000

// take makes the entry for r, wherever it is queued.
func (q *queue) take(p *Pipeline, r Request) *entry {
	if i := slices.IndexFunc(q.again, func(e *entry) bool { return e.is(&r) }); i >= 0 {
		e := q.again[i]
		q.again = slices.Delete(q.again, i, i+1)
		return e
	}
	if p.window.most == 1 {
		return p.newEntry(r, 0)
	}
	if e := q.peek(p); e != nil && e.is(&r) {
		return q.pop(p)
	}
	if q.next != nil && len(q.early) < maxEarly {
		if q.early == nil {
			q.early = map[key]struct{}{}
		}
		q.early[keyOf(r)] = struct{}{}
	}
	return p.newEntry(r, 0)
}

// putBack queues again what was sent and dropped, unless its turn is over.
func (p *Pipeline) putBack(e *entry) {
	if e.place <= p.place {
		return
	}
	q := &p.queue
	again := p.newEntry(e.Request, e.place)
	again.seen = e.size
	i, _ := slices.BinarySearchFunc(q.again, e.place, func(e *entry, place int) int { return e.place - place })
	q.again = slices.Insert(q.again, i, again)
}

// claim finds what was sent, or kept, among a new upcoming's first: it takes
// its new place and is not sent again.
func (p *Pipeline) claim() {
	if !p.queue.fresh {
		return
	}
	p.queue.fresh = false
	have := p.having()
	for len(have) > 0 {
		front := p.queue.peek(p)
		if front == nil {
			return
		}
		e := have[keyOf(front.Request)]
		if e == nil {
			return
		}
		delete(have, keyOf(front.Request))
		e.place = front.place
		p.queue.pop(p)
	}
}

// having is all that needs not be asked for again.
func (p *Pipeline) having() map[key]*entry {
	have := make(map[key]*entry, p.flight.len()+len(p.kept.index))
	for e := range p.kept.all() {
		have[keyOf(e.Request)] = e
	}
	for _, some := range [][]*entry{p.ready[p.next:], p.group, p.flight.all()} {
		for _, e := range some {
			if !e.dropped {
				have[keyOf(e.Request)] = e
			}
		}
	}
	return have
}
