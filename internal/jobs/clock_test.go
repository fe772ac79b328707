package jobs

import (
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// TestClockBack: the clock is set back by 90 minutes: what has run does not run
// again, and what comes runs.
func TestClockBack(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{}
		o, c := options(t, db, b, one1())
		e := start(t, o)
		for n := range 2 {
			c.add(time.Hour)
			settled(t, e, n+1)
		}
		c.add(-90 * time.Minute) // 12:30
		ticked(t, e)
		stop(t, e)
		e = start(t, o)
		for range 3 { // 13:30, 14:30, 15:30
			c.add(time.Hour)
			ticked(t, e)
		}
		settled(t, e, 3)
		check1(t, e, "tidy anna 02 13:00: done done 1", "tidy anna 02 14:00: done done 1", "tidy anna 02 15:00: done done 1")
	})
}

// TestClockAhead: the clock jumps a year ahead and comes back: one run is made
// up for, once, and then the job runs as if nothing had been.
func TestClockAhead(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{}
		o, c := options(t, db, b, one1())
		e := start(t, o)
		const year = 365 * 24 * time.Hour
		c.add(year + 30*time.Minute)
		settled(t, e, 1)
		c.add(-year)
		ticked(t, e)
		c.add(30 * time.Minute)
		settled(t, e, 2)
		stop(t, e)
		c.add(30 * time.Minute)
		e = start(t, o)
		ticked(t, e)
		c.add(30 * time.Minute)
		settled(t, e, 3)
		runs, err := e.History(t.Context(), Query{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []time.Time{noon.Add(2 * time.Hour), noon.Add(time.Hour), noon.Add(year)} {
			if !runs[i].Fire.Equal(want) {
				t.Errorf("fire %v, want %v", runs[i].Fire, want)
			}
		}
	})
}

// TestSleep: a machine sleeps through three fires; the other one does not, and
// nothing runs twice when it wakes.
func TestSleep(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{}
		d := one1()
		d.CatchUp = schedule.All
		o, c := options(t, db, b, d)
		awake := start(t, o)
		o2 := o
		asleep := &clock{at: noon, began: time.Now()}
		o2.Now, o2.Node = asleep.now, "asleep"
		other := start(t, o2)
		for n := range 3 {
			c.add(time.Hour)
			settled(t, awake, n+1)
		}
		asleep.add(3*time.Hour + 10*time.Minute)
		ticked(t, other)
		settled(t, awake, 3)
	})
}

// TestSkew: two machines whose clocks are ten minutes apart.
func TestSkew(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, one1())
		e := start(t, o)
		ahead := func() time.Time { return c.now().Add(10 * time.Minute) }
		o2 := o
		o2.Now, o2.Node = ahead, "ahead"
		other := start(t, o2)
		for range 36 {
			c.add(5 * time.Minute)
			ticked(t, e)
			ticked(t, other)
		}
		settled(t, e, 3)
	})
}
