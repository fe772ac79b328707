package run

import (
	"context"
	"iter"
	"slices"

	"github.com/popherd/popherd/pop3"
)

// This file reads ahead. A script asks for one message after the other, and a
// round trip for each would be most of its time; who knows what it will ask for
// next asks for it in advance. Nothing is read ahead that a server may take
// note of, unless the script or the host allows it: RETR may set a seen flag.

// A reader is what a session knows about the requests to come.
type reader struct {
	pipeline *pop3.Pipeline // nil until something was read ahead
	expects  bool           // the pipeline has requests to come
	told     bool           // they are not a guess: the script named them
	lines    int            // of those requests
	allowed  bool           // RETR may be read ahead, too
	top      sequence       // of TOP, all with the same count of lines
	retr     sequence
	strays   int // requests in a row that were not expected
}

// maxStrays is how many requests in a row may be others than expected before
// nothing is expected any more.
const maxStrays = 3

// A sequence finds out whether numbers are asked for one after the other.
type sequence struct {
	lines int
	last  int
	step  int // 1 or -1 once two numbers stood beside each other
}

// note takes the next number, and reports whether the sequence goes on.
func (q *sequence) note(n, lines int) bool {
	step := n - q.last
	going := q.last != 0 && q.lines == lines && (step == 1 || step == -1) && (q.step == 0 || q.step == step)
	q.last, q.lines, q.step = n, lines, 0
	if going {
		q.step = step
	}
	return going
}

// AllowReadAhead is how a script allows that messages are retrieved ahead.
func (s *session) AllowReadAhead(allowed bool) { s.reader.allowed = allowed }

// Expect implements luabind.Expecter.
func (s *session) Expect(ctx context.Context, lines int, numbers []int) {
	if s.settle() != nil { // broken: the next request meets the reason
		return
	}
	s.expect(lines, slices.Values(numbers))
	s.reader.told = true
}

// expect makes the pipeline ask for these numbers ahead.
func (s *session) expect(lines int, numbers iter.Seq[int]) {
	requests := func(yield func(pop3.Request) bool) {
		for n := range numbers {
			if !yield(s.request(n, lines)) {
				return
			}
		}
	}
	r := &s.reader
	r.expects, r.told, r.lines, r.strays = true, false, lines, 0
	s.retrieved = s.retrieved || lines == pop3.Whole
	if r.pipeline != nil {
		r.pipeline.Upcoming(requests)
		return
	}
	pipeline, err := s.client.Pipeline(s.run.ctx, requests)
	if err != nil {
		r.expects = false
		return
	}
	r.pipeline = pipeline
}

// request is what to ask the server for, with the size that LIST told.
func (s *session) request(n, lines int) pop3.Request {
	r := pop3.Request{Number: n, Lines: lines}
	if s.plan != nil && lines == pop3.Whole {
		m, _ := s.plan.Find(n)
		r.Octets = m.Octets
	}
	return r
}

// get asks for a message or the start of one, ahead of time if it was expected.
func (s *session) get(ctx context.Context, n, lines int) (*pop3.Text, error) {
	if err := s.foresee(ctx, n, lines); err != nil {
		return nil, err
	}
	if s.reader.expects {
		return s.reader.pipeline.Get(s.request(n, lines))
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	if lines == pop3.Whole {
		return s.client.Retrieve(ctx, n)
	}
	return s.client.Top(ctx, n, lines)
}

// foresee looks whether a request goes on with a sequence, and if so expects
// the rest of it; or whether what was expected does not come.
func (s *session) foresee(ctx context.Context, n, lines int) error {
	r := &s.reader
	q := &r.top
	if lines == pop3.Whole {
		q = &r.retr
	}
	going := q.note(n, lines)
	switch {
	case r.expects && lines != r.lines:
		return nil // such as RETR of what TOP showed to be of interest
	case r.expects && (going || r.told || r.strays < maxStrays):
		r.strays++
		if going {
			r.strays = 0
		}
		return nil
	case r.expects:
		r.expects = false
		r.pipeline.Upcoming(nil)
		return nil
	}
	if !going || s.total == 0 || lines == pop3.Whole && !r.allowed {
		return nil
	}
	if lines == pop3.Whole { // the window is one of octets
		if err := s.load(ctx); err != nil {
			return err
		}
	}
	s.expect(lines, s.steps(n, q.step))
	return nil
}

// steps counts from n to either end of the maildrop, and leaves out what a script
// cannot ask for: marked messages, and numbers that the listing has not.
func (s *session) steps(n, step int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; n >= 1 && n <= s.total; n += step {
			if s.plan != nil {
				if _, listed := s.plan.Find(n); !listed || s.plan.Marked(n) {
					continue
				}
			}
			if !yield(n) {
				return
			}
		}
	}
}

// settle makes the connection free for another command. What was read ahead
// is kept, within bounds.
func (s *session) settle() error {
	if s.reader.pipeline == nil {
		return nil
	}
	return s.reader.pipeline.Settle()
}

// forget ends reading ahead, and makes the connection free.
func (s *session) forget() error {
	r := &s.reader
	if r.pipeline == nil {
		return nil
	}
	err := r.pipeline.Close()
	r.pipeline, r.expects = nil, false
	return err
}
