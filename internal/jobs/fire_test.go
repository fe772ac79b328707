package jobs

import (
	"slices"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// TestFires: an hour comes, and each account has its run; nothing before it,
// and nothing twice.
func TestFires(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{}
		o, c := options(t, db, b, hourly())
		e := start(t, o)
		c.add(59 * time.Minute)
		c.add(time.Minute)
		settled(t, e, 2)
		c.add(time.Hour)
		settled(t, e, 4)
		want := []string{"tidy anna 02 13:00: done done 1", "tidy ben 02 13:00: done done 1", "tidy anna 02 14:00: done done 1", "tidy ben 02 14:00: done done 1"}
		if got := history(t, e, Query{}); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if n := len(b.list()); n != 4 {
			t.Errorf("%d orders, want 4", n)
		}
	})
}

// TestMissed: the daemon was down from noon to 15:30.
func TestMissed(t *testing.T) {
	for _, c := range []struct {
		policy schedule.CatchUp
		want   []string
	}{
		{schedule.Once, []string{"02 15:00"}},
		{schedule.Skip, nil},
		{schedule.All, []string{"02 13:00", "02 14:00", "02 15:00"}},
	} {
		t.Run(c.policy.String(), func(t *testing.T) {
			both(t, func(t *testing.T, db string) {
				d := hourly()
				d.Accounts, d.CatchUp = d.Accounts[:1], c.policy
				b := &book{}
				o, clock := options(t, db, b, d)
				stop(t, start(t, o))
				clock.add(3*time.Hour + 30*time.Minute)
				e := start(t, o)
				ticked(t, e)
				clock.add(30 * time.Minute) // 16:00 is on time
				want := []string{}
				for _, fire := range append(slices.Clone(c.want), "02 16:00") {
					want = append(want, "tidy anna "+fire+": done done 1")
				}
				settled(t, e, len(want))
				if got := history(t, e, Query{}); !slices.Equal(got, want) {
					t.Errorf("got  %q\nwant %q", got, want)
				}
			})
		})
	}
}
