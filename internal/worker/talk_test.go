package worker

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestJobAndResult(t *testing.T) {
	for _, n := range []int{0, 1, 100, 64 << 10, 3 << 20, MaxWhole} {
		if raceEnabled && n > 3<<20 {
			continue
		}
		o := options("echo", string(pattern(n)))
		o.Limits.Memory = 1 << 30
		end := run(t, t.Context(), o)
		check(t, end, Done, "")
		if !bytes.Equal(end.Result, o.Job) {
			t.Errorf("%d octets came back as %d", n, len(end.Result))
		}
	}
	o := options("echo", "")
	o.Job = make([]byte, MaxWhole+1)
	if _, err := Run(t.Context(), o); err == nil || err.Error() != "job: 67108865 octets, more than 67108864" {
		t.Errorf("a job that is too long: %v", err)
	}
}

func TestFramesOfAllSizes(t *testing.T) {
	o := options("sizes", "")
	o.Limits.Memory = 1 << 30
	var got []int
	o.Event = func(kind byte, payload []byte) error {
		if int(kind) != len(got) || !bytes.Equal(payload, pattern(len(payload))) {
			t.Errorf("event %d of %d octets is damaged", kind, len(payload))
		}
		got = append(got, len(payload))
		return nil
	}
	end := run(t, t.Context(), o)
	check(t, end, Done, "")
	if fmt.Sprint(got) != fmt.Sprint(frameSizes) {
		t.Errorf("got %v, want %v", got, frameSizes)
	}
	if !bytes.Equal(end.Result, pattern(MaxWhole)) {
		t.Errorf("the result of %d octets is damaged", len(end.Result))
	}
}

func TestQuestionsAndAnswers(t *testing.T) {
	o := options("ask", "3")
	var order []string
	o.Event = func(_ byte, payload []byte) error { order = append(order, string(payload)); return nil }
	o.Answer = func(_ context.Context, kind byte, question []byte) ([]byte, error) {
		order = append(order, string(question))
		if kind == 1 {
			return nil, errors.New("not that one")
		}
		return fmt.Appendf(nil, "answer %d", kind), nil
	}
	end := run(t, t.Context(), o)
	check(t, end, Done, "")
	if got, want := string(end.Result), "answer 0\nerror: not that one\nanswer 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := strings.Join(order, ", "), "before 0, question 0, before 1, question 1, before 2, question 2"; got != want {
		t.Errorf("order %q, want %q", got, want)
	}
}

func TestNobodyAnswers(t *testing.T) {
	end := run(t, t.Context(), options("ask", "1"))
	if got, want := string(end.Result), "error: nobody answers questions"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	o := options("ask", "1")
	o.Answer = func(context.Context, byte, []byte) ([]byte, error) { return make([]byte, MaxFrame+1), nil }
	end = run(t, t.Context(), o)
	if got, want := string(end.Result), "error: answer: 16777217 octets, more than 16777216"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An answer that comes after its question was given up is not the next one's.
func TestQuestionGivenUp(t *testing.T) {
	in, supervisor := io.Pipe()
	asked, out := io.Pipe()
	tell := func(f frame) { writeFrame(supervisor, make([]byte, 0, smallFrame), f) }
	go tell(frame{what: frameJob})
	w, err := attach(t.Context(), newFrameReader(in, toWorker), out, time.Hour, func() {})
	if err != nil {
		t.Fatal(err)
	}
	questions := newFrameReader(asked, fromWorker)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() { questions.next(); giveUp() }()
	if _, err := w.Ask(ctx, 1, []byte("first")); err != context.Canceled {
		t.Errorf("the question that was given up: %v, want %v", err, context.Canceled)
	}
	go func() {
		questions.next()
		tell(frame{what: frameAnswer, payload: []byte("to first")})
		tell(frame{what: frameAnswer, payload: []byte("to second")})
	}()
	if got, err := w.Ask(t.Context(), 1, []byte("second")); string(got) != "to second" || err != nil {
		t.Errorf("got %q, %v, want the answer to second", got, err)
	}
	supervisor.Close()
	<-w.Context().Done()
}

// Large answers and large events at the same time: neither waits for the other.
func TestTalkInBothDirections(t *testing.T) {
	o := options("flood", "")
	o.Limits.Memory = 1 << 30
	o.Answer = func(_ context.Context, _ byte, q []byte) ([]byte, error) { return q, nil }
	end := run(t, t.Context(), o)
	check(t, end, Done, "")
}

func TestEventError(t *testing.T) {
	o, full := options("talk", ""), errors.New("disk full")
	o.Grace = 20 * time.Millisecond
	events := 0
	o.Event = func(byte, []byte) error {
		if events++; events == 5 {
			return full
		}
		return nil
	}
	end, err := Run(t.Context(), o)
	if err != full || events != 5 {
		t.Errorf("got %v after %d events, want %v after 5", err, events, full)
	}
	check(t, end, Cancelled, "the run was interrupted")
}

// A handler that panics leaves no worker behind: goleak and the wait see to it.
func TestHandlerPanics(t *testing.T) {
	o := options("talk", "")
	o.Event = func(byte, []byte) error { panic("handler") }
	defer func() {
		if r := recover(); r != "handler" {
			t.Errorf("recovered %v, want the handler's panic", r)
		}
	}()
	Run(t.Context(), o)
	t.Error("the panic was lost")
}

// sequence checks that events are those of talk, in order and whole.
type sequence struct {
	t    *testing.T
	next uint64
	at   func(n uint64)
}

func (s *sequence) event(kind byte, payload []byte) error {
	if kind != byte(s.next) || !bytes.Equal(payload, numbered(s.next)) {
		s.t.Errorf("event %d came as %d, %d octets", s.next, kind, len(payload))
	}
	s.next++
	if s.at != nil {
		s.at(s.next)
	}
	return nil
}

const killedDetail = "the run was killed from outside, by somebody or by a system short of memory"

// Killed at 200 random moments, from before it attaches to deep in its talk: it
// is never lost who did it, and what it said before arrives whole.
func TestKilledFromOutside(t *testing.T) {
	moments := rand.New(rand.NewPCG(1, 2))
	var total, before atomic.Uint64
	for range 200 {
		s, err := start(options("talk", "").filled())
		if err != nil {
			t.Fatal(err)
		}
		events := &sequence{t: t}
		s.Event = events.event
		kill := time.AfterFunc(time.Duration(moments.IntN(8_000))*time.Microsecond, func() { s.child.cmd.Process.Kill() })
		end, err := s.supervise(t.Context())
		kill.Stop()
		if err != nil {
			t.Fatal(err)
		}
		check(t, end, Killed, killedDetail)
		total.Add(events.next)
		if events.next == 0 {
			before.Add(1)
		}
	}
	t.Logf("%d events arrived; %d workers died before their first", total.Load(), before.Load())
}

// Killed by its reader right after an event: all that was in the pipe arrives.
func TestKilledWhileItTalks(t *testing.T) {
	for n := range uint64(20) {
		s, err := start(options("talk", "").filled())
		if err != nil {
			t.Fatal(err)
		}
		events := &sequence{t: t, at: func(seen uint64) {
			if seen == 1+n*50 {
				s.child.cmd.Process.Kill()
				<-s.child.ended
			}
		}}
		s.Event = events.event
		end, err := s.supervise(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		check(t, end, Killed, killedDetail)
		if events.next < 1+n*50 {
			t.Errorf("%d events, want %d at least", events.next, 1+n*50)
		}
	}
}

// The worker's side, without a process: a supervisor that is gone.
func TestWriteToNobody(t *testing.T) {
	died := 0
	job := strings.NewReader("J\x00\x00\x00\x00\x03job")
	w, err := attach(t.Context(), newFrameReader(job, toWorker), gone{}, time.Hour, func() { died++ })
	if err != nil {
		t.Fatal(err)
	}
	<-w.Context().Done()
	if cause := context.Cause(w.Context()); cause != ErrStopped {
		t.Errorf("the context ended with %v, want %v", cause, ErrStopped)
	}
	if err := w.Send(1, nil); err != io.ErrClosedPipe || died != 1 {
		t.Errorf("got %v, died %d times, want %v and once", err, died, io.ErrClosedPipe)
	}
}

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAttachWithoutSupervisor(t *testing.T) {
	limits := func(payload string) string {
		return "L\x00" + string(binary.BigEndian.AppendUint32(nil, uint32(len(payload)))) + payload
	}
	for _, input := range []string{"", "hello\n", "J\x00\x00\x00\x00\x00", limits("short"), limits(strings.Repeat("x", 41))} {
		if _, err := Attach(t.Context(), strings.NewReader(input), io.Discard); !errors.Is(err, ErrNoSupervisor) {
			t.Errorf("%q: got %v, want %v", input, err, ErrNoSupervisor)
		}
	}
}

func TestNothingAfterFinish(t *testing.T) {
	job := strings.NewReader("J\x00\x00\x00\x00\x00")
	w, err := attach(t.Context(), newFrameReader(job, toWorker), io.Discard, time.Hour, func() {})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(make([]byte, MaxWhole+1)); err == nil {
		t.Error("a result that is too long was taken")
	}
	if err := w.Finish(nil); err != nil {
		t.Errorf("a smaller one after it: %v", err)
	}
	if err := w.Send(1, nil); err != ErrFinished {
		t.Errorf("send: got %v, want %v", err, ErrFinished)
	}
	if _, err := w.Ask(t.Context(), 1, nil); err != ErrFinished {
		t.Errorf("ask: got %v, want %v", err, ErrFinished)
	}
}
