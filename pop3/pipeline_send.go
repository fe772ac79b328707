package pop3

// An entry is one request, from when it is sent until its answer was read.
type entry struct {
	Request
	p     *Pipeline
	place int   // among the upcoming; 0 if it came out of turn
	cost  int64 // octets expected of the answer
	alone bool  // nothing else is in flight: no LIST is needed
	fence bool  // LIST follows, with its number

	text    Text
	refused error
	octets  []byte // of the answer; of a streamed one its start
	size    int64
	seen    int64 // size when it was got and dropped
	stream  bool  // the rest is on the wire
	dropped bool  // the octets were not kept
	single  bool  // in a group of its own
	status  bool  // the octets start as a status line does
	settled bool  // it left the group, for good or to be asked for again
	checked bool  // it was odd, and the same when it was asked for again
}

// is reports whether an entry answers r.
func (e *entry) is(r *Request) bool {
	return r != nil && e.Number == r.Number && e.Lines == r.Lines
}

// textVerb is the command for a count of lines.
func textVerb(lines int) string {
	if lines == Whole {
		return "RETR"
	}
	return "TOP"
}

// newEntry makes the entry for a request. Many are one allocation.
func (p *Pipeline) newEntry(r Request, place int) *entry {
	if len(p.slab) == 0 {
		p.slab = make([]entry, 32)
	}
	e := &p.slab[0]
	p.slab = p.slab[1:]
	e.Request, e.p, e.place = r, p, place
	return e
}

// ask makes sure that r is on its way, and sends what else there is room for.
// It returns r's entry, or nil if another must be read first.
func (p *Pipeline) ask(r Request) *entry {
	p.claim()
	e := p.awaited(r)
	if e == nil {
		if p.flight.holdsAlone() {
			return nil
		}
		e = p.queue.take(p, r)
		if p.flight.len() > 0 {
			p.jumped = p.jumped || e.place == 0
		}
		e.single = true
		p.send(e)
	}
	p.ahead()
	return e
}

// awaited returns r's entry if it is in flight, or arrived and not proven.
func (p *Pipeline) awaited(r Request) *entry {
	for _, some := range [][]*entry{p.group, p.flight.all()} {
		for _, e := range some {
			if e.is(&r) && !e.dropped {
				return e
			}
		}
	}
	return nil
}

// ahead sends what the window has room for, in batches.
func (p *Pipeline) ahead() {
	if p.window.most > 1 && !p.flight.holdsAlone() && p.doubt == 0 && p.odd == nil && p.room(3) {
		for p.room(4) {
			e := p.queue.pop(p)
			if e == nil {
				break
			}
			p.send(e)
			if e.alone {
				break
			}
		}
	}
	direct := p.flight.len() == 1 && p.flight.holdsAlone()
	p.fence()
	p.out.flush(direct)
}

// room reports whether so many quarters of the window are not in use.
func (p *Pipeline) room(quarters int64) bool {
	inFlight := p.flight.len()
	if p.window.most == 1 {
		return false
	}
	if inFlight < 2 {
		return true
	}
	limit := int64(aheadLimit)
	if p.jumped {
		limit = keepLimit - p.kept.due(p.place)
	}
	return int64(inFlight) < int64(p.window.size())*quarters/4 && p.flight.octets < limit*quarters/4
}

// send appends the command for an entry, and LIST where a group ends.
func (p *Pipeline) send(e *entry) {
	e.cost = max(p.c.trust.expect(e.Request), e.seen)
	big := e.cost > streamLimit
	// In a group two answers could be swapped. Sizes show that of messages
	// whose size is known, and nothing else would.
	single := big || e.single || e.Lines != Whole || e.Octets <= 0
	if p.flight.len() == 0 && len(p.group) == 0 && p.mustBeAlone(big) {
		e.alone = true
	} else if single || p.open.octets+e.cost > groupLimit || p.open.has(e.Octets) {
		p.fence()
	}
	p.out.command(textVerb(e.Lines), e.Number, e.Lines)
	p.flight.push(e)
	if e.alone {
		return
	}
	p.c.trust.asked++
	p.open.sizes[p.open.count] = e.Octets
	p.open.count++
	p.open.octets += e.cost
	if single || p.open.count >= p.c.trust.groupSize() {
		p.fence()
	}
}

// mustBeAlone reports whether the next request, nothing being in flight, goes
// without others: there are none, or it is big, would be handed out while it
// arrives, and nothing shows yet that the server answers LIST n.
func (p *Pipeline) mustBeAlone(big bool) bool {
	return p.window.most == 1 || big && !p.c.trust.lists || p.queue.peek(p) == nil
}

// fence sends LIST behind what has none.
func (p *Pipeline) fence() {
	if p.open.count == 0 {
		return
	}
	last := p.flight.last()
	last.fence = true
	p.flight.fences++
	p.out.command("LIST", last.Number, Whole)
	p.open = run{}
}
