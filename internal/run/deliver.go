package run

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/pop3"
)

// This file delivers what the plan says is to be delivered, and copies what is
// to be deleted where backups are kept, before anything is deleted. A message
// that cannot be delivered is kept; the others go on.

// backup is the name of the target of backups; no --target can be called so.
const backup = "(backup)"

// deliver does all errands, and returns once what they brought lasts.
func (s *session) deliver(ctx context.Context) error {
	errands := s.errands()
	if len(errands) == 0 {
		s.noteEarlier(nil)
		return nil
	}
	var numbers []int
	for _, e := range errands {
		if e.reads() {
			numbers = append(numbers, e.number)
		}
	}
	s.expect(pop3.Whole, slices.Values(numbers))
	used := map[string]bool{}
	var done []*errand
	for i, e := range errands {
		if err := s.send(ctx, e); err != nil {
			return err
		}
		if s.failures[e.number] == "" {
			done = append(done, e)
		}
		for _, name := range e.targets {
			used[name] = true
		}
		s.progress("deliver", i+1, len(errands))
	}
	if err := s.forget(); err != nil {
		return err
	}
	if err := s.noteSent(ctx, done); err != nil {
		return err
	}
	for name := range used {
		if err := s.sync(ctx, name); err != nil {
			return err
		}
	}
	s.noteEarlier(errands)
	return s.noteDelivered(ctx, done)
}

// sync makes what a target took last. One that could not be opened took
// nothing, which was told of each message.
func (s *session) sync(ctx context.Context, name string) error {
	target := s.run.targets[name]
	if target == nil {
		return nil
	}
	if err := target.Sync(ctx); err != nil {
		return fmt.Errorf("target %s: %w", name, err)
	}
	return nil
}

// send does one errand. An error is the run's end; what concerns this message
// alone is in s.failures.
func (s *session) send(ctx context.Context, e *errand) error {
	if err := s.identify(ctx, e); err != nil {
		return err
	}
	if s.failures[e.number] != "" {
		return nil // kept
	}
	if err := s.ask(ctx, e); err != nil {
		return err
	}
	if s.failures[e.number] != "" || len(e.targets) == 0 {
		return nil // kept, or delivered before
	}
	text, err := s.get(ctx, e.number, pop3.Whole)
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
		return s.fail(ctx, e, "the server refused RETR: "+refused.Text)
	}
	if err != nil {
		return err
	}
	defer text.Close()
	body := s.reading(text)
	deliveries, err := s.begin(ctx, e, body)
	if err != nil {
		return err
	}
	failed, err := e.pass(ctx, body, s.passing, deliveries)
	if err != nil {
		return err
	}
	if err := s.noteAtOnce(ctx, e, failed); err != nil {
		return err
	}
	if len(failed) == 0 {
		return nil
	}
	if s.run.ctx.Err() != nil { // which is no fault of the message
		return context.Cause(s.run.ctx)
	}
	name := slices.Sorted(maps.Keys(failed))[0]
	why := fmt.Sprintf("not delivered to %s: %v", name, failed[name])
	if !refusedMessage(failed[name]) {
		return s.keep(e, why)
	}
	return s.fail(ctx, e, why)
}

// refusedMessage reports whether a target, which was there, would not take this
// message. A target that is not there, or full, takes none, and that must not
// have messages left alone for good.
func refusedMessage(err error) bool {
	var e *deliver.Error
	return errors.As(err, &e) && (e.Op == "write" || e.Op == "commit") && !e.Temporary
}

// reading reads a text by buffers that all deliveries of the session share.
func (s *session) reading(text io.Reader) *bufio.Reader {
	if s.body == nil {
		s.body = bufio.NewReaderSize(text, message.MaxGlance)
		s.passing = make([]byte, 64<<10)
	}
	s.body.Reset(text)
	return s.body
}

// A delivery is one target's part of an errand.
type delivery struct {
	name string
	deliver.Delivery
	failed error
}

// begin begins a delivery at each target that has not got the message yet.
func (s *session) begin(ctx context.Context, e *errand, body *bufio.Reader) ([]*delivery, error) {
	head, err := body.Peek(message.MaxGlance)
	if err != nil && err != io.EOF {
		return nil, err
	}
	m, _ := s.plan.Find(e.number)
	header := message.ParseHeader(head)
	envelope := deliver.Envelope{ID: e.id, Octets: m.Octets, Sender: header.From().Address}
	envelope.Received, _ = header.Received()
	var deliveries []*delivery
	for _, name := range e.targets {
		d := &delivery{name: name}
		target, err := s.run.target(ctx, name)
		if err == nil {
			if name == backup {
				envelope.Received = s.run.started
			}
			envelope.Had = had(s.known(e.number), s.run.place(name))
			d.Delivery, err = target.Begin(ctx, envelope)
		}
		switch {
		case errors.Is(err, deliver.ErrHave):
			e.had = e.had || name == backup
			continue
		case err != nil:
			d.failed = err
		}
		deliveries = append(deliveries, d)
		e.sent = append(e.sent, name)
	}
	return deliveries, nil
}

// pass reads a message once and writes it to every delivery. A target that
// fails does not stop the others; an error is the server's.
func (e *errand) pass(ctx context.Context, body io.Reader, buf []byte, deliveries []*delivery) (failed map[string]error, err error) {
	h := sha256.New()
	for err == nil {
		var n int
		n, err = body.Read(buf)
		h.Write(buf[:n])
		e.octets += int64(n)
		for _, d := range deliveries {
			if d.failed == nil {
				_, d.failed = d.Write(buf[:n])
			}
		}
	}
	if err == io.EOF {
		err = nil
	}
	h.Sum(e.digest[:0])
	e.passed = err == nil
	failed = map[string]error{}
	for _, d := range deliveries {
		if d.failed == nil && err == nil {
			d.failed = d.Commit(ctx)
			if d.failed == nil {
				continue
			}
		}
		if d.Delivery != nil {
			d.failed = errors.Join(d.failed, d.Abort())
		}
		if d.failed != nil {
			failed[d.name] = d.failed
		}
	}
	return failed, err
}

// keep keeps a message that could not be delivered.
func (s *session) keep(e *errand, why string) error {
	if s.failures == nil {
		s.failures = map[int]string{}
	}
	s.failures[e.number] = why
	d := s.plan.Decided(e.number)
	d.Mark, d.Deliver, d.Reason = false, nil, why
	return s.plan.Decide(e.number, d)
}

// fail keeps a message that could not be delivered, which counts: one that fails
// again and again is left alone. The error is the journal's.
func (s *session) fail(ctx context.Context, e *errand, why string) error {
	if err := s.keep(e, why); err != nil {
		return err
	}
	k := s.known(e.number)
	if k.Key == 0 {
		return nil
	}
	return s.note(ctx, func(j *state.Journal) { j.Failed(k.Key, why) })
}

// An UndeliveredError is messages that could not be delivered, and were kept.
type UndeliveredError struct {
	Count int
	First string // why the first of them
}

// Error implements error.
func (e *UndeliveredError) Error() string {
	return fmt.Sprintf("%d messages could not be delivered and are kept; the first: %s", e.Count, e.First)
}

// undelivered says how many messages could not be delivered.
func (r *run) undelivered() error {
	var e UndeliveredError
	for _, s := range r.sessions {
		if s.plan == nil || s.plan.Outcome() != plan.Committed && s.plan.Outcome() != plan.Unknown {
			continue
		}
		for _, n := range slices.Sorted(maps.Keys(s.failures)) {
			if e.Count == 0 {
				e.First = s.failures[n]
			}
			e.Count++
		}
	}
	if e.Count == 0 {
		return nil
	}
	return &e
}
