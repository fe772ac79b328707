package notice

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)

// of is a notice of the nth account.
func of(n int) Notice { return Notice{Kind: Failure, Job: "nightly", Account: fmt.Sprint(n)} }

func TestGateTellsOfOneThingOnceAnHour(t *testing.T) {
	var g Gate
	paused := of(1)
	paused.Kind = Paused
	other := of(1)
	other.Job = "weekly"
	for _, step := range []struct {
		n     Notice
		after time.Duration
		want  bool
		more  int
	}{
		{of(1), 0, true, 0},
		{of(1), 0, false, 0},
		{of(1), time.Minute, false, 0},
		{paused, time.Minute, true, 2},
		{other, time.Minute, true, 0},
		{of(2), 30 * time.Minute, true, 0},
		{of(1), time.Hour - 1, false, 0},
		{of(1), time.Hour, true, 1},
		{paused, time.Hour, false, 0},
		{of(1), 10 * time.Hour, true, 1},
	} {
		got, ok := g.Pass(step.n, start.Add(step.after))
		if ok != step.want || got.More != step.more {
			t.Errorf("%s %s after %v: got %t, %d more; want %t, %d", step.n.Kind, step.n.Account, step.after, ok, got.More, step.want, step.more)
		}
	}
}

// TestTenThousandAccountsFail: twenty are told of, and how many the others were.
func TestTenThousandAccountsFail(t *testing.T) {
	var g Gate
	through := 0
	for n := range 10_000 {
		if _, ok := g.Pass(of(n), start.Add(time.Duration(n)*time.Millisecond)); ok {
			through++
		}
	}
	next, ok := g.Pass(of(9_999), start.Add(2*time.Hour))
	if through != 20 || !ok || next.More != 9_980 || len(g.through) != 1 {
		t.Errorf("%d of 10000 were told, then %t, and %d more", through, ok, next.More)
	}
	g.Lost(next)
	if again, ok := g.Pass(of(1), start.Add(2*time.Hour)); !ok || again.More != 9_981 {
		t.Errorf("after one that was lost: %t, and %d more", ok, again.More)
	}
}

// TestAClockThatIsSetBackClosesNoGate: not for longer than an hour.
func TestAClockThatIsSetBackClosesNoGate(t *testing.T) {
	var g Gate
	g.Pass(of(1), start.AddDate(30, 0, 0))
	if _, ok := g.Pass(of(1), start); ok {
		t.Error("what was told is told again because the clock was set back")
	}
	if n, ok := g.Pass(of(1), start.Add(time.Hour)); !ok || n.More != 1 {
		t.Errorf("an hour later: %t, and %d more", ok, n.More)
	}
}

func TestManyGoThroughAGateAtOnce(t *testing.T) {
	var g Gate
	var all sync.WaitGroup
	var mu sync.Mutex
	through, more := 0, 0
	for n := range 100 {
		all.Go(func() {
			if told, ok := g.Pass(of(n), start); ok {
				mu.Lock()
				defer mu.Unlock()
				through++
				more += told.More
			}
		})
	}
	all.Wait()
	if through != 20 || more != 0 {
		t.Errorf("%d were told, and %d more", through, more)
	}
}

// TestGateHolds compares with a slow reference that keeps everything: whatever
// comes whenever, nothing is told that must not be, nothing is held back
// without need, none is forgotten, and no more than 20 are remembered.
func TestGateHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gate
		now := start
		var all []passage // with of zero: compared by name
		var names []string
		offered, told, lost := 0, 0, 0
		for range rapid.IntRange(0, 300).Draw(t, "notices") {
			step := rapid.SampledFrom([]time.Duration{0, time.Second, 2 * time.Minute, 3*time.Minute + 1, 20 * time.Minute, time.Hour - 1, time.Hour, 48 * time.Hour}).Draw(t, "step")
			now = now.Add(step)
			n := of(rapid.IntRange(0, 40).Draw(t, "account"))
			within, same := 0, false
			for i, p := range all {
				if now.Sub(p.at) < time.Hour {
					within++
					same = same || names[i] == n.Account
				}
			}
			offered++
			got, ok := g.Pass(n, now)
			if want := within < 20 && !same; ok != want {
				t.Fatalf("got %t, want %t: %d within the hour, this one %t", ok, want, within, same)
			}
			if len(g.through) > 20 || cap(g.through) > 64 {
				t.Fatalf("%d are remembered", len(g.through))
			}
			if !ok {
				continue
			}
			all, names = append(all, passage{at: now}), append(names, n.Account)
			if rapid.IntRange(0, 9).Draw(t, "fate") == 0 {
				g.Lost(got)
				lost++
			} else {
				told += 1 + got.More
			}
		}
		last, ok := g.Pass(of(99), now.Add(time.Hour))
		if !ok || told+last.More != offered {
			t.Fatalf("%d offered, %d told of, %d lost, then %t and %d more", offered, told, lost, ok, last.More)
		}
	})
}

// TestAnyClock: one that jumps as it likes neither lets more than 20 through
// that lie within an hour of it, nor shuts the gate for longer than one.
func TestAnyClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var g Gate
		now, through := start, 0
		for n := range rapid.IntRange(0, 100).Draw(t, "notices") {
			now = now.Add(-time.Duration(rapid.Int64Range(0, int64(300*24*time.Hour)).Draw(t, "back")))
			if _, ok := g.Pass(of(n), now); ok {
				through++
			}
		}
		if through > 20 {
			t.Fatalf("a clock that only goes back lets %d through", through)
		}
		if _, ok := g.Pass(of(0), now.Add(time.Hour)); !ok {
			t.Fatal("an hour later the gate is shut")
		}
	})
}
