package worker

import (
	"context"
	"testing"
	"time"
)

const interruptedDetail = "the run was interrupted"

// A worker that is told to stop can still say what became of its work.
func TestPoliteStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options("polite", "")
	o.Event = func(byte, []byte) error { cancel(); return nil }
	end := run(t, ctx, o)
	check(t, end, Done, "")
	if got := string(end.Result); got != ErrStopped.Error() {
		t.Errorf("result %q, want %q", got, ErrStopped)
	}
}

func TestImpoliteWorkersAreKilled(t *testing.T) {
	for _, o := range []Options{options("wait", ""), program("asleep"), options("talk", "")} {
		ctx, cancel := context.WithCancel(t.Context())
		o.Grace = 30 * time.Millisecond
		o.Event = func(byte, []byte) error { cancel(); return nil }
		end := run(t, ctx, o)
		check(t, end, Cancelled, interruptedDetail)
		t.Logf("%s: %v", o.Args[1], end.Wall)
		if end.Wall < o.Grace {
			t.Errorf("%s: killed after %v, before its grace of %v", o.Args[1], end.Wall, o.Grace)
		}
	}
}

// What a busy worker is at is not cut off at once, whatever is to end it.
func TestBusyWorkersHaveMoreTime(t *testing.T) {
	for reason, wall := range map[Reason]time.Duration{Cancelled: time.Minute, WallLimit: 100 * time.Millisecond} {
		ctx, cancel := context.WithCancel(t.Context())
		o := options("wait", "")
		o.Limits.Wall, o.Grace, o.Linger = wall, 20*time.Millisecond, 200*time.Millisecond
		o.Busy = func() bool { return true }
		o.Event = func(byte, []byte) error {
			if reason == Cancelled {
				cancel()
			}
			return nil
		}
		end := run(t, ctx, o)
		cancel()
		if end.Reason != reason || end.Wall < o.Linger {
			t.Errorf("%v after %v, want %v after %v", end.Reason, end.Wall, reason, o.Linger)
		}
	}
}

// A worker that never reads its job blocks nothing.
func TestDeafWorker(t *testing.T) {
	o := program("asleep")
	o.Job = make([]byte, MaxWhole)
	o.Limits.Wall = 50 * time.Millisecond
	check(t, run(t, t.Context(), o), WallLimit, "the run took longer than 50ms")

	ctx, cancel := context.WithCancel(t.Context())
	o.Limits.Wall = time.Minute
	o.Grace = 30 * time.Millisecond
	o.Event = func(byte, []byte) error { cancel(); return nil }
	check(t, run(t, ctx, o), Cancelled, interruptedDetail)
}

func TestStoppedBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check(t, run(t, ctx, options("spin", "")), Cancelled, interruptedDetail)
}

// A prompt ends when the run is interrupted, and when its worker is dead.
func TestPromptEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := options("ask", "2")
	o.Answer = func(prompt context.Context, _ byte, _ []byte) ([]byte, error) {
		cancel()
		<-prompt.Done()
		return nil, context.Cause(prompt)
	}
	end := run(t, ctx, o)
	check(t, end, Done, "")
	if got, want := string(end.Result), "error: "+ErrStopped.Error()+"\nerror: "+ErrStopped.Error(); got != want {
		t.Errorf("result %q, want %q", got, want)
	}

	s, err := start(options("ask", "2").filled())
	if err != nil {
		t.Fatal(err)
	}
	s.Answer = func(prompt context.Context, _ byte, _ []byte) ([]byte, error) {
		s.child.cmd.Process.Kill()
		<-prompt.Done()
		return nil, prompt.Err()
	}
	end, err = s.supervise(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, end, Killed, killedDetail)
}
