// Package plan is POP3's transaction on the client's side: which messages of
// one session are marked, and why, until QUIT commits the marks or anything
// else abandons them. Like a server it numbers messages by the scan listing,
// refuses to mark twice, hides what is marked, and forgets every mark at a
// reset. It decides nothing, sends nothing and stores nothing.
package plan

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
)

// What a server would say too: both read well behind "-ERR ".
var (
	// ErrNoMessage means that the scan listing has no such message-number.
	ErrNoMessage = errors.New("no such message")
	// ErrMarked means that the message is marked already.
	ErrMarked = errors.New("message already deleted")
)

// ErrEnded means that the plan was committed or abandoned, and is not to be
// changed any more.
var ErrEnded = errors.New("plan has ended")

// Message is one row of the plan: a row of the scan listing with its unique-id,
// which stands as it came, terminal controls included.
type Message struct {
	Number   int    // the message-number, from 1; a server may leave gaps
	UniqueID string // empty where the server has no UIDL
	Octets   int64  // as the scan listing has it
}

// Decision is what the plan means to do with one message. The zero value
// keeps it.
type Decision struct {
	Deliver  []string // the targets it is delivered to, before all else
	Mark     bool     // delete it when the plan is committed
	Reason   string   // why, in a rule's words
	Rule     string   // the rule that decided; empty if a script did by itself
	Evidence string   // what held of the message; empty if no predicate was asked
}

// NoRule is the reason of a message that nobody decided about.
const NoRule = "no rule spoke"

// String returns "keep", "delete", "deliver archive", or "deliver archive, then
// delete".
func (d Decision) String() string {
	action := "keep"
	if d.Mark {
		action = "delete"
	}
	switch {
	case len(d.Deliver) == 0:
		return action
	case d.Mark:
		return "deliver " + strings.Join(d.Deliver, " ") + ", then delete"
	}
	return "deliver " + strings.Join(d.Deliver, " ")
}

// Plan is the plan of one session, made from its scan listing. It is not safe
// for concurrent use.
type Plan struct {
	rows    []row // by message-number
	octets  int64 // of all rows
	marks   int   // how many rows are marked
	marked  int64 // octets of the marked rows
	deliver int   // how many rows are to be delivered
	both    int   // how many are to be delivered and marked
	outcome Outcome
	why     string
}

type row struct {
	Message
	decision *Decision // nil for undecided, as nearly all of a large maildrop are
}

func (r *row) decided() Decision {
	if r.decision == nil {
		return Decision{Reason: NoRule}
	}
	return *r.decision
}

func (r *row) marked() bool { return r.decision != nil && r.decision.Mark }

// New makes the plan of a scan listing, whose order does not matter. Every
// message is kept until somebody decides otherwise. It refuses a listing that
// names a message twice, or has numbers below 1, octets below 0, or more octets
// in all than an int64 holds.
func New(listing []Message) (*Plan, error) {
	p := &Plan{rows: make([]row, len(listing))}
	for i, m := range listing {
		switch {
		case m.Number < 1:
			return nil, fmt.Errorf("message %d: not a message-number", m.Number)
		case m.Octets < 0:
			return nil, fmt.Errorf("message %d: %d octets", m.Number, m.Octets)
		case m.Octets > math.MaxInt64-p.octets:
			return nil, fmt.Errorf("message %d: more octets in all than can be counted", m.Number)
		}
		p.octets += m.Octets
		p.rows[i] = row{Message: m}
	}
	slices.SortFunc(p.rows, func(a, b row) int { return cmp.Compare(a.Number, b.Number) })
	for i := 1; i < len(p.rows); i++ {
		if p.rows[i].Number == p.rows[i-1].Number {
			return nil, fmt.Errorf("message %d: listed twice", p.rows[i].Number)
		}
	}
	return p, nil
}

// Mark decides to delete a message. It fails with [ErrNoMessage], [ErrMarked]
// or [ErrEnded], and then changes nothing.
func (p *Plan) Mark(number int, reason string) error {
	if p.Marked(number) {
		return ErrMarked
	}
	return p.Decide(number, Decision{Mark: true, Reason: reason})
}

// Decide decides about a message, whatever was decided before: the last word
// counts, be it a rule's or that of the server, which may refuse a DELE. It
// fails with [ErrNoMessage] or [ErrEnded], and then changes nothing.
func (p *Plan) Decide(number int, d Decision) error {
	r, err := p.find(number)
	if err == nil {
		err = p.open()
	}
	if err != nil {
		return err
	}
	p.count(r, -1)
	r.decision = &d
	p.count(r, 1)
	return nil
}

// count adds a row to the sums, or takes it out of them.
func (p *Plan) count(r *row, by int) {
	if r.marked() {
		p.marks += by
		p.marked += int64(by) * r.Octets
	}
	if r.decision != nil && len(r.decision.Deliver) > 0 {
		p.deliver += by
		if r.decision.Mark {
			p.both += by
		}
	}
}

// Decided returns the decision about a message so far.
func (p *Plan) Decided(number int) Decision {
	r, err := p.find(number)
	if err != nil {
		return Decision{}
	}
	return r.decided()
}

// Reset takes back every decision, as RSET does. It fails with [ErrEnded].
func (p *Plan) Reset() error {
	if err := p.open(); err != nil {
		return err
	}
	for i := range p.rows {
		p.rows[i].decision = nil
	}
	p.marks, p.marked, p.deliver, p.both = 0, 0, 0, 0
	return nil
}

// Marked reports whether the message is marked; no message is not.
func (p *Plan) Marked(number int) bool {
	r, err := p.find(number)
	return err == nil && r.marked()
}

// Stat returns the drop listing: count and octets of the messages that are not
// marked.
func (p *Plan) Stat() (count int, octets int64) {
	return len(p.rows) - p.marks, p.octets - p.marked
}

// Len returns how many messages the scan listing had, marked or not.
func (p *Plan) Len() int { return len(p.rows) }

// Octets returns the octets of all messages, marked or not.
func (p *Plan) Octets() int64 { return p.octets }

// Find returns a message of the scan listing, marked or not.
func (p *Plan) Find(number int) (m Message, ok bool) {
	r, err := p.find(number)
	if err != nil {
		return Message{}, false
	}
	return r.Message, true
}

// Index returns which row of [Plan.All] a message is, from 0.
func (p *Plan) Index(number int) (i int, ok bool) {
	// Nearly every listing runs from 1 without a gap.
	if i := number - 1; i >= 0 && i < len(p.rows) && p.rows[i].Number == number {
		return i, true
	}
	return slices.BinarySearchFunc(p.rows, number, func(r row, n int) int { return cmp.Compare(r.Number, n) })
}

// Visible iterates over the messages that are not marked, by message-number.
// The plan may be changed meanwhile: what is marked before its turn is not
// shown.
func (p *Plan) Visible() iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for i := range p.rows {
			if !p.rows[i].marked() && !yield(p.rows[i].Message) {
				return
			}
		}
	}
}

// All iterates over every message with the decision about it, by
// message-number: the rows of the report. The plan may be changed meanwhile.
func (p *Plan) All() iter.Seq2[Message, Decision] {
	return func(yield func(Message, Decision) bool) {
		for i := range p.rows {
			if !yield(p.rows[i].Message, p.rows[i].decided()) {
				return
			}
		}
	}
}

// Marks returns the numbers of the marked messages in ascending order.
func (p *Plan) Marks() []int {
	numbers := make([]int, 0, p.marks)
	for i := range p.rows {
		if p.rows[i].marked() {
			numbers = append(numbers, p.rows[i].Number)
		}
	}
	return numbers
}

// Summary counts the decisions of a plan.
type Summary struct {
	Deliver int // messages to deliver, marked or not
	Delete  int // messages marked
	Keep    int // messages neither delivered nor marked
}

// Summary counts the decisions.
func (p *Plan) Summary() Summary {
	return Summary{Deliver: p.deliver, Delete: p.marks, Keep: len(p.rows) - p.marks - p.deliver + p.both}
}

// find returns the row of a message, or ErrNoMessage.
func (p *Plan) find(number int) (*row, error) {
	i, ok := p.Index(number)
	if !ok {
		return nil, ErrNoMessage
	}
	return &p.rows[i], nil
}
