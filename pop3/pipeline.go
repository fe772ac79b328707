package pop3

import (
	"context"
	"iter"
	"slices"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A Request asks for a message, or for the start of one.
type Request struct {
	Number int   // the message-number
	Lines  int   // of the body, for TOP; Whole asks for RETR
	Octets int64 // of the message, from LIST; 0 if not known, which is slower
}

// Whole as Request.Lines asks for the whole message (RETR).
const Whole = -1

const (
	keepLimit   = 4 << 20  // octets of answers that are kept because others are wanted first
	aheadLimit  = 16 << 20 // octets expected of what is in flight
	groupLimit  = 256 << 10
	streamLimit = 64 << 10 // from here an answer is handed out while it arrives
)

// A Pipeline reads ahead: it sends RETR and TOP for the requests that will be
// wanted while the answers to those before are read. Without PIPELINING (RFC
// 2449 §6.6), or with Options.NoPipelining, it asks for one at a time. It is
// for one goroutine at a time.
//
// An answer does not say which message it is of. So that a server which offers
// PIPELINING and loses, doubles or swaps answers cannot give one message for
// another, "LIST n" is sent behind single requests or groups of them: its
// answer has a number (RFC 1939 §5), and no answer is complete before the LIST
// behind it was answered rightly. If it is not, the session ends with a
// *ProtocolError that says so.
//
// Memory is bounded: about 4 MiB for answers that arrived before they were
// wanted, whatever their number and size; those beyond are dropped, and asked
// for again when they are wanted.
type Pipeline struct {
	c       *Client
	ctx     context.Context
	hold    bool   // the client is held until Close
	unwatch func() // nil at rest: then other commands can be given
	closed  bool
	closing bool // what arrives is dropped

	window window
	queue  queue
	out    sender
	flight flight
	open   run  // requests sent without a LIST behind them yet
	jumped bool // requests came out of turn: read ahead less

	text  *entry    // handed out, and not read to its end
	wire  wire.Text // of the answer that is arriving
	arena []byte    // the octets of group and ready
	group []*entry  // arrived, and not proven
	doubt int       // the number of a LIST that should not have been refused
	odd   *entry    // in group, and of another size than LIST said
	ready []*entry  // proven, in order
	next  int       // in ready
	kept  shelf     // proven, passed over
	place int       // of the last upcoming request that was wanted
	slab  []entry
}

// A run is what was sent since the last LIST.
type run struct {
	count  int
	octets int64
	sizes  [maxGroup]int64 // of its messages, as LIST has them
}

// has reports whether a message of that size is among them: an answer that is
// swapped with its could not be told.
func (r *run) has(size int64) bool { return slices.Contains(r.sizes[:r.count], size) }

// Pipeline starts reading ahead. upcoming are the requests that will be
// wanted, in that order; it may be nil, and is asked only for as many as can be
// sent. ctx holds until Close, which must be called. While something is in
// flight other commands are ErrBusy.
func (c *Client) Pipeline(ctx context.Context, upcoming iter.Seq[Request]) (*Pipeline, error) {
	return c.pipeline(ctx, upcoming, false)
}

func (c *Client) pipeline(ctx context.Context, upcoming iter.Seq[Request], hold bool) (*Pipeline, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	ahead, err := c.mayPipeline(ctx)
	if err != nil {
		return nil, err
	}
	p := &Pipeline{c: c, ctx: ctx, hold: hold, window: newWindow(ahead && !c.trust.noList)}
	p.out.c = c
	p.queue.replace(upcoming)
	if err := p.engage(); err != nil {
		p.queue.close()
		return nil, err
	}
	p.ahead()
	p.rest()
	return p, nil
}

// Get returns the answer to r. One that was upcoming flows in order; one that
// is in flight behind others makes those wait; any other goes out next, before
// what is still upcoming, and is not sent again when its turn comes.
//
// The Text must be read to io.EOF, or closed, before the next call. An *Error
// means that the server refused this one, an *ArgumentError that there can be
// no such request; the pipeline goes on. Any other error is the session's end.
func (p *Pipeline) Get(r Request) (*Text, error) {
	if err := p.check(r); err != nil {
		return nil, err
	}
	for {
		if e := p.find(r); e != nil {
			return p.hand(e)
		}
		if err := p.engage(); err != nil {
			return nil, err
		}
		asked := p.ask(r)
		for first := true; first || asked != nil && !asked.settled; first = false {
			streamed, err := p.advance(&r)
			if err != nil {
				return nil, err
			}
			if streamed != nil {
				return p.hand(streamed)
			}
		}
	}
}

// check reports why r cannot be got now, if so.
func (p *Pipeline) check(r Request) error {
	if p.closed {
		return ErrClosed
	}
	if err := p.c.alive(); err != nil {
		return err
	}
	if p.text != nil {
		return ErrBusy
	}
	if err := p.cancelled(); err != nil {
		return err
	}
	if r.Lines < Whole {
		return &ArgumentError{Command: "TOP", Argument: "number of lines", Reason: "is negative"}
	}
	return checkNumber(textVerb(r.Lines), r.Number)
}

// cancelled ends the session if the context has ended, even when answers have
// arrived already.
func (p *Pipeline) cancelled() error {
	if p.ctx.Err() == nil {
		return nil
	}
	if p.unwatch == nil {
		return contextError(p.ctx) // nothing is in flight
	}
	return p.c.fail(p.ctx, contextError(p.ctx))
}

// Upcoming replaces what will be wanted from now on. What was sent already is
// kept if it is wanted; what is not wanted is dropped when room is needed. If
// nothing is in flight, sending starts with the next Get.
func (p *Pipeline) Upcoming(seq iter.Seq[Request]) {
	if p.closed {
		return
	}
	p.place = p.queue.seq
	p.queue.replace(seq)
	if p.unwatch != nil && p.c.alive() == nil && p.text == nil {
		p.claim()
		p.ahead()
	}
}

// Settle reads what is in flight, so that the client can take another command.
// What arrives is kept, up to 4 MiB; Get goes on after it.
func (p *Pipeline) Settle() error {
	if p.closed {
		return nil
	}
	if err := p.c.alive(); err != nil {
		return err
	}
	if p.text != nil {
		return ErrBusy
	}
	return p.settle()
}

func (p *Pipeline) settle() error {
	for p.unwatch != nil && !p.idle() {
		if err := p.cancelled(); err != nil {
			return err
		}
		if _, err := p.advance(nil); err != nil {
			return err
		}
	}
	err := p.stray()
	p.rest()
	return err
}

// Close reads what is in flight, without keeping it, and frees the client. It
// returns the error that ended the session on the way, if one did. After
// Client.Close, and after an error, it reads nothing.
func (p *Pipeline) Close() error {
	if p.closed {
		return nil
	}
	p.closing = true
	var err error
	if p.c.alive() == nil && p.text != nil {
		err = p.text.text.Close()
	}
	if p.c.alive() == nil {
		err = p.settle()
	}
	p.closed = true
	p.queue.close()
	p.out.wait()
	p.release()
	p.arena, p.group, p.ready, p.kept = nil, nil, nil, shelf{}
	return err
}

// idle reports whether all that was sent is answered and proven.
func (p *Pipeline) idle() bool {
	return p.flight.len() == 0 && len(p.group) == 0 && p.doubt == 0
}

// engage takes the client for commands in flight.
func (p *Pipeline) engage() error {
	if p.unwatch != nil {
		return p.stray()
	}
	if err := p.c.ready(); err != nil {
		return err
	}
	if err := p.c.unasked(p.ctx, "RETR"); err != nil {
		return err
	}
	p.c.piping = true
	p.unwatch = p.c.stream.watch(p.ctx)
	return nil
}

// rest frees the client for other commands, once nothing is in flight.
func (p *Pipeline) rest() {
	if !p.hold && p.unwatch != nil && p.text == nil && p.idle() {
		p.release()
	}
}

func (p *Pipeline) release() {
	if p.unwatch != nil {
		p.unwatch()
		p.unwatch = nil
		p.c.piping = false
	}
}

// stray fails the session when all was answered and more has arrived.
func (p *Pipeline) stray() error {
	if err := p.c.alive(); err != nil || !p.idle() || p.text != nil || p.unwatch == nil {
		return err
	}
	return p.c.unasked(p.ctx, "RETR")
}
