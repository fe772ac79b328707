package pop3

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// trust is what the pipelines of a session learned of its server.
type trust struct {
	asked   int     // requests sent ahead
	lists   bool    // LIST n was answered rightly
	noList  bool    // LIST n is refused: one command at a time
	inexact bool    // sizes that LIST says are not exact, or were not once
	odd     int     // answers that were asked for again
	retr    average // of unknown messages
	top     average
	lines   int // that top is of
}

// An average moves with the last answers.
type average struct{ octets, count int64 }

func (a *average) note(octets int64) {
	a.count = min(a.count+1, 16)
	a.octets += (octets - a.octets) / a.count
}

func (a *average) or(octets int64) int64 {
	if a.count == 0 {
		return octets
	}
	return a.octets
}

// groupSize is how many requests may share a LIST: one at first, so that the
// order is proven from the start, and up to 16 in the end. Dovecot takes 10 to
// 15 % longer with a LIST behind every message of 4 KB, and 3 to 5 % with one
// behind 16.
//
// Within a group only sizes tell answers apart: where they do not, because LIST
// is not exact, each message has a LIST of its own.
func (t *trust) groupSize() int {
	if t.inexact {
		return 1
	}
	return min(max(t.asked/8, 1), maxGroup)
}

const maxGroup = 16

// expect guesses how many octets the answer to r has.
func (t *trust) expect(r Request) int64 {
	if r.Lines == Whole {
		if r.Octets > 0 {
			return r.Octets
		}
		return t.retr.or(32 << 10)
	}
	octets := 2<<10 + 80*int64(min(r.Lines, 10_000))
	if r.Lines == t.lines {
		octets = t.top.or(octets)
	}
	if r.Octets > 0 {
		octets = min(octets, r.Octets)
	}
	return octets
}

// note learns from an answer's size.
func (t *trust) note(e *entry) {
	if e.Lines == Whole {
		t.retr.note(e.size)
		return
	}
	if e.Lines != t.lines {
		t.lines, t.top = e.Lines, average{}
	}
	t.top.note(e.size)
}

// checkFence reads the answer to the LIST behind e. If it is refused, the group
// waits for the next LIST, or for resolve.
func (p *Pipeline) checkFence(e *entry) error {
	p.flight.fences--
	size, err := p.list(e.Number)
	if refused := (*Error)(nil); errors.As(err, &refused) {
		if e.refused == nil && !refused.Temporary() && p.doubt == 0 {
			p.doubt = e.Number // it was there a moment ago
		}
		return nil
	}
	if err != nil {
		return p.unanswered(err, e)
	}
	p.c.trust.lists = true
	if e.Lines == Whole && e.refused == nil && e.Octets <= 0 {
		e.Octets = size
	}
	return p.prove()
}

// list reads the answer to LIST n, which must be that message's. A refusal is
// an *Error; any other error is the session's end.
func (p *Pipeline) list(n int) (octets int64, err error) {
	if err := p.cancelled(); err != nil {
		return 0, err
	}
	line, err := p.c.readLine(p.ctx, "LIST")
	if err != nil {
		return 0, err
	}
	command := "LIST " + strconv.Itoa(n)
	if !strings.HasPrefix(line, "+") {
		err := p.c.checkStatus(p.ctx, command, line)
		if refused := (*Error)(nil); errors.As(err, &refused) {
			return 0, err
		}
		return 0, p.broke(command, line, "the answers are out of step")
	}
	row, err := replyRow(line, n, parseScan, func(s ScanListing) int { return s.Number })
	if err != nil {
		return 0, p.broke(command, line, "the reply "+err.Error())
	}
	return row.Octets, nil
}

// broke ends the session because the server does not keep to RFC 2449 §6.6.
func (p *Pipeline) broke(command, line, how string) error {
	return p.c.fail(p.ctx, &ProtocolError{
		Command: command,
		Line:    shorten(p.c.secrets.redact(line)),
		Reason:  "the server offers PIPELINING but broke it: " + how + "; switch pipelining off for this server",
	})
}

// resolve decides about answers that are in doubt, nothing being in flight: it
// asks once more, alone.
func (p *Pipeline) resolve() error {
	if p.closing {
		p.odd, p.doubt = nil, 0
		return p.accept()
	}
	if p.odd != nil {
		return p.askOdd()
	}
	n := p.doubt
	if n == 0 {
		n = p.lastAnswered()
	}
	if n == 0 { // refusals only: there is nothing to be mistaken for another
		return p.accept()
	}
	p.out.command("LIST", n, Whole)
	p.out.flush(true)
	_, err := p.list(n)
	refused := (*Error)(nil)
	switch {
	case err == nil && p.doubt > 0:
		return p.broke("LIST "+strconv.Itoa(n), "", "it refused what was sent ahead, and answers it alone")
	case err == nil:
		return p.prove()
	case !errors.As(err, &refused):
		return err
	}
	p.doubt = 0
	if len(p.group) == 0 {
		return nil // proven meanwhile: that message is gone
	}
	return p.distrust()
}

// lastAnswered is the number of the last in the group that was not refused.
func (p *Pipeline) lastAnswered() int {
	for i := len(p.group) - 1; i >= 0; i-- {
		if p.group[i].refused == nil {
			return p.group[i].Number
		}
	}
	return 0
}

// distrust goes on with one command at a time, since the server answers no
// LIST n. What is not proven is asked for again.
func (p *Pipeline) distrust() error {
	p.c.trust.noList = true
	p.window.most = 1
	for _, e := range p.group {
		e.settled = true
		if e.stream {
			return p.broke(p.name(e), "", "it refuses LIST, by which its answers are told apart")
		}
	}
	clear(p.group)
	p.group = p.group[:0]
	return nil
}

// prove makes the group ready: every answer in it is its message's, as far as
// LIST can tell. Two of a group may still be swapped, or LIST's answers be
// right and the texts' not: an odd one is asked for again, alone.
func (p *Pipeline) prove() error {
	if p.odd == nil && !p.closing {
		p.odd = p.findOdd()
	}
	if p.odd != nil && p.flight.len() > 0 {
		return nil // until nothing is in flight
	}
	if p.odd != nil {
		return p.askOdd()
	}
	return p.accept()
}

// mostOdd bounds how many odd texts are asked for again.
const mostOdd = 16

// findOdd returns a message of the group that has not the size LIST said, which
// is looked into once a session, since many servers' sizes are not exact; or
// one that starts as a status line does, which an answer too many can lead to.
func (p *Pipeline) findOdd() *entry {
	t := &p.c.trust
	for _, e := range p.group {
		switch {
		case e.alone || e.checked || e.refused != nil || e.size > keepLimit:
		case e.oddSize() && !t.inexact, e.status && t.odd < mostOdd:
			return e
		}
	}
	return nil
}

func (e *entry) oddSize() bool { return e.Lines == Whole && e.Octets > 0 && e.size != e.Octets }

// askOdd asks for the odd message again. If it has the same size then, all is
// well with it.
func (p *Pipeline) askOdd() error {
	odd := p.odd
	p.odd = nil
	again := entry{Request: odd.Request, p: p, alone: true, dropped: true}
	p.out.command(textVerb(odd.Lines), odd.Number, odd.Lines)
	p.out.flush(true)
	if err := p.arrive(&again, nil); err != nil {
		return err
	}
	p.group = p.group[:len(p.group)-1] // what arrive added
	if again.refused == nil && again.size != odd.size {
		how := fmt.Sprintf("it sent %d octets for an answer of %d", odd.size, again.size)
		return p.broke(p.name(odd), "", how)
	}
	odd.checked = true
	p.c.trust.odd++
	p.c.trust.inexact = p.c.trust.inexact || odd.oddSize()
	return p.prove()
}

// accept makes the group ready, unless it must be asked for again.
func (p *Pipeline) accept() error {
	for _, e := range p.group {
		e.settled = true
		switch {
		case e.stream, p.closing: // handed out already, or not wanted
		case e.dropped:
			p.putBack(e)
		default:
			p.ready = append(p.ready, e)
		}
	}
	clear(p.group)
	p.group = p.group[:0]
	return nil
}
