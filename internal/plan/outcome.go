package plan

import "fmt"

// Outcome is what became of a plan.
type Outcome uint8

// A plan starts as Planned, and ends at most once: the other three are final.
// A dry run leaves it Planned.
const (
	// Planned means that nothing was tried: the server has no mark to commit.
	Planned Outcome = iota
	// Committed means that the server answered +OK to QUIT. Only then has
	// anything been deleted.
	Committed
	// Aborted means that the session ended without QUIT in the TRANSACTION
	// state: the server drops the marks, and nothing is deleted.
	Aborted
	// Unknown means that QUIT was sent, but its +OK did not come: it was lost,
	// or the server answered -ERR, which RFC 1939 section 6 allows for "some
	// deleted messages not removed". The next run finds out by unique-id; it
	// does so with a plan of its own, so this one stays Unknown.
	Unknown
)

// String returns "planned", "committed", "aborted" or "unknown".
func (o Outcome) String() string {
	switch o {
	case Planned:
		return "planned"
	case Committed:
		return "committed"
	case Aborted:
		return "aborted"
	case Unknown:
		return "unknown"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Commit ends the plan after QUIT's +OK. It fails with [ErrEnded] when the
// plan has ended otherwise: what was aborted cannot have been committed.
func (p *Plan) Commit() error { return p.end(Committed, "") }

// Abort ends the plan without a commit, and says why. It fails with [ErrEnded]
// when the plan has ended otherwise: a QUIT that went out cannot be taken back.
func (p *Plan) Abort(why string) error { return p.end(Aborted, why) }

// Lose ends the plan after a QUIT without +OK, and says what came instead. It
// fails with [ErrEnded] when the plan has ended otherwise.
func (p *Plan) Lose(why string) error { return p.end(Unknown, why) }

// Outcome returns what became of the plan so far.
func (p *Plan) Outcome() Outcome { return p.outcome }

// Why returns the reason given with [Plan.Abort] or [Plan.Lose], else "".
func (p *Plan) Why() string { return p.why }

// end moves the plan from Planned to its last outcome. The first end counts,
// with its reason: to abort on the way out of a failed run is usual, and must
// not hide what failed.
func (p *Plan) end(o Outcome, why string) error {
	if err := p.open(); err != nil {
		if p.outcome == o {
			return nil
		}
		return fmt.Errorf("%w: %s, not %s", err, p.outcome, o)
	}
	p.outcome, p.why = o, why
	return nil
}

func (p *Plan) open() error {
	if p.outcome != Planned {
		return ErrEnded
	}
	return nil
}
