package run

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

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

// An errand is one message on its way.
type errand struct {
	number  int
	targets []string
	doubt   bool   // the journal says it was delivered; that must be this message
	id      string // the delivery's, the same in every run
	digest  state.Digest
	octets  int64
	passed  bool // it was read whole, so that digest and octets are known
	had     bool // the backup was there already
}

// deliver does all errands, and returns once what they brought lasts.
func (s *session) deliver(ctx context.Context) error {
	errands := s.errands()
	if len(errands) == 0 {
		return nil
	}
	numbers := make([]int, len(errands))
	for i, e := range errands {
		numbers[i] = e.number
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

// errands are the deliveries of the plan that are not done yet, by
// message-number.
func (s *session) errands() []*errand {
	var all []*errand
	for m, d := range s.plan.All() {
		known := s.known(m.Number)
		e := &errand{number: m.Number, targets: s.pending(d, known)}
		// A server may give the unique-id of a message that is gone to another. Before
		// what an earlier run delivered counts for a deletion, the content decides.
		e.doubt = d.Mark && known.Comparable && len(s.destinations(d)) > 0
		if len(e.targets) > 0 || e.doubt {
			all = append(all, e)
		}
	}
	return all
}

// destinations are the targets that a message must have reached.
func (s *session) destinations(d plan.Decision) []string {
	if d.Mark && s.run.Backup != nil {
		return append(slices.Clone(d.Deliver), backup)
	}
	return d.Deliver
}

// pending are the targets that a message has not reached yet.
func (s *session) pending(d plan.Decision, known state.Known) []string {
	return slices.DeleteFunc(slices.Clone(s.destinations(d)), known.Delivered)
}

// send does one errand. An error is the run's end; what concerns this message
// alone is in s.failures.
func (s *session) send(ctx context.Context, e *errand) error {
	if err := s.identify(ctx, e); err != nil {
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
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		return s.fail(ctx, e, fmt.Sprintf("not delivered to %s: %v", name, failed[name]))
	}
	return nil
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

// identify finds the id of the delivery, for which a message without an
// unambiguous unique-id must be read once more.
func (s *session) identify(ctx context.Context, e *errand) error {
	m, _ := s.plan.Find(e.number)
	i, _ := s.plan.Index(e.number)
	if s.journal == nil && m.UniqueID != "" {
		e.id = idOf(s.journalKey(), m.UniqueID, fmt.Sprint(m.Octets))
		return nil
	}
	if s.journal != nil && s.journal.known[i].Key != 0 && !s.journal.known[i].Doubtful && !e.doubt {
		id, err := s.journal.account.DeliveryID(ctx, s.journal.known[i].Key)
		e.id = id
		return err
	}
	digest, err := s.digest(ctx, e)
	if err != nil || s.failures[e.number] != "" {
		return err
	}
	if s.journal == nil {
		e.id = idOf(s.journalKey(), hex.EncodeToString(digest[:]))
		return nil
	}
	known, err := s.journal.account.Identify(ctx, s.run.now(), state.Listed{UniqueID: m.UniqueID, Octets: m.Octets}, s.journal.known[i], digest)
	if err != nil {
		return err
	}
	s.journal.known[i] = known
	e.targets = s.pending(s.plan.Decided(e.number), known)
	e.id, err = s.journal.account.DeliveryID(ctx, known.Key)
	return err
}

// idOf is the id of a delivery without a journal.
func idOf(of ...string) string {
	h := sha256.New()
	for _, part := range of {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// digest retrieves a message for its digest alone.
func (s *session) digest(ctx context.Context, e *errand) (d state.Digest, err error) {
	text, err := s.get(ctx, e.number, pop3.Whole)
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
		return d, s.fail(ctx, e, "the server refused RETR: "+refused.Text)
	}
	if err != nil {
		return d, err
	}
	h := sha256.New()
	_, err = text.WriteTo(h)
	h.Sum(d[:0])
	return d, err
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
			envelope.Had = had(s.known(e.number), name)
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

// fail keeps a message that could not be delivered. The error is the journal's.
func (s *session) fail(ctx context.Context, e *errand, why string) error {
	if s.failures == nil {
		s.failures = map[int]string{}
	}
	s.failures[e.number] = why
	d := s.plan.Decided(e.number)
	d.Mark, d.Deliver, d.Reason = false, nil, why
	if err := s.plan.Decide(e.number, d); err != nil {
		return err
	}
	k := s.known(e.number)
	if k.Key == 0 {
		return nil
	}
	return s.note(ctx, func(j *state.Journal) { j.Failed(k.Key, why) })
}

// noteAtOnce journals what went to a target that cannot be asked whether it has
// a message: a server, a command. Of one that failed, recipients may have it.
func (s *session) noteAtOnce(ctx context.Context, e *errand, failed map[string]error) error {
	k := s.known(e.number)
	if k.Key == 0 {
		return nil
	}
	var reached []string
	for _, name := range e.targets {
		if name == backup || !forgetful(s.run.Targets[name].Kind) {
			continue
		}
		if failed[name] == nil {
			reached = append(reached, name)
			continue
		}
		if partly := (*deliver.Error)(nil); errors.As(failed[name], &partly) {
			for _, recipient := range partly.Had {
				reached = append(reached, name+" "+recipient)
			}
		}
	}
	if len(reached) == 0 {
		return nil
	}
	return s.note(ctx, func(j *state.Journal) {
		for _, name := range reached {
			j.Delivered(k.Key, name, e.digest)
		}
	})
}

// had are the recipients of a target that have a message from an earlier run.
func had(known state.Known, name string) []string {
	var recipients []string
	for _, reached := range known.Targets() {
		if recipient, ok := strings.CutPrefix(reached, name+" "); ok {
			recipients = append(recipients, recipient)
		}
	}
	return recipients
}

// forgetful reports whether targets of a kind cannot be asked what they have.
func forgetful(kind deliver.Kind) bool {
	return kind == deliver.SMTP || kind == deliver.SMTPS || kind == deliver.LMTP || kind == deliver.Pipe
}

// noteSent journals the content of what is about to last in a target: should the
// run be cut off now, the target has messages that the journal does not know to
// be delivered, and the next run must not take others for them.
func (s *session) noteSent(ctx context.Context, done []*errand) error {
	return s.note(ctx, func(j *state.Journal) {
		for _, e := range done {
			if k := s.known(e.number); k.Key != 0 && e.passed {
				j.Sent(k.Key, e.digest)
			}
		}
	})
}

// noteDelivered journals what lasts now, and where the backups are.
func (s *session) noteDelivered(ctx context.Context, done []*errand) error {
	return s.note(ctx, func(j *state.Journal) {
		for _, e := range done {
			k := s.known(e.number)
			for _, name := range e.targets {
				if name == backup {
					s.noteBackup(j, e)
				}
				if k.Key != 0 {
					j.Delivered(k.Key, name, e.digest)
				}
			}
		}
	})
}

func (s *session) noteBackup(j *state.Journal, e *errand) {
	m, _ := s.plan.Find(e.number)
	file := filepath.Join(s.run.Backup.Path, s.run.started.UTC().Format("20060102T150405Z")+"-"+e.id+".eml")
	if e.had { // by a run that was killed before it could say so
		if found, _ := filepath.Glob(filepath.Join(s.run.Backup.Path, "*-"+e.id+".eml")); len(found) > 0 {
			file = found[0]
		}
	}
	j.BackedUp(state.Backup{UniqueID: m.UniqueID, Octets: e.octets, Digest: e.digest, File: file})
}

// target opens a target, once.
func (r *run) target(ctx context.Context, name string) (deliver.Target, error) {
	if t := r.targets[name]; t != nil {
		return t, nil
	}
	spec, ok := r.Targets[name]
	if name == backup {
		spec, ok = *r.Backup, true
	}
	if !ok {
		return nil, noTarget(name)
	}
	t, err := spec.Open(ctx, deliver.Options{Now: r.now, FS: r.Files})
	if err != nil {
		return nil, err
	}
	if r.targets == nil {
		r.targets = map[string]deliver.Target{}
	}
	r.targets[name] = t
	return t, nil
}

func noTarget(name string) error {
	return &Stop{kind: "policy", reason: fmt.Sprintf("deliver: there is no target %q", name), hint: fmt.Sprintf("name it, as in --target %s=maildir:DIR", name)}
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
