package schedule_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// TestEvery: all machines count from 1970, whenever they were started.
func TestEvery(t *testing.T) {
	expect(t, "UTC", "@every 90m", "2026-01-01T00:00:00Z", "2026-01-01T01:30:00+00:00 2026-01-01T03:00:00+00:00")
	expect(t, "UTC", "@every 90m", "2026-01-01T01:29:59.999Z", "2026-01-01T01:30:00+00:00")
	expect(t, "UTC", "@every 1m1s", "1969-12-31T23:59:58Z", "1970-01-01T00:00:00+00:00 1970-01-01T00:01:01+00:00")
	expect(t, "UTC", "@every 1h", "1969-12-31T22:00:01Z", "1969-12-31T23:00:00+00:00 1970-01-01T00:00:00+00:00")
	expect(t, "Europe/Berlin", "@every 1h", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00+01:00 2026-10-25T03:00:00+01:00")
	expect(t, "UTC", "@every 8784h", "2026-01-01T00:00:00Z", "2026-02-12T00:00:00+00:00 2027-02-13T00:00:00+00:00")
}

// TestRare: fires that are years apart, and where Next looks no further.
func TestRare(t *testing.T) {
	expect(t, "UTC", "0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00+00:00 2032-02-29T00:00:00+00:00")
	expect(t, "Europe/Berlin", "0 0 1 1 *", "2026-01-01T00:00:00+01:00", "2027-01-01T00:00:00+01:00")
	leap := mustParse(t, "0 0 29 2 *", nil)
	for _, c := range []struct {
		after time.Time
		want  int
	}{
		{time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC), 1}, // 2100 is no leap year, 2104 too far
		{time.Date(2099, 3, 1, 0, 0, 0, 0, time.UTC), 2104},
		{time.Date(9999, 3, 1, 0, 0, 0, 0, time.UTC), 1},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 1},
		{time.Unix(1<<62, 0), 1},
		{time.Unix(-1<<62, 0), 1},
		{time.Time{}, 4},
	} {
		if got := leap.Next(c.after); got.Year() != c.want || got.IsZero() != (c.want == 1) {
			t.Errorf("29 February after %s is in %d, want %d", c.after, got.Year(), c.want)
		}
	}
	var none schedule.Schedule
	if got := none.Next(day2026); !got.IsZero() || none.String() != "" || none.Zone() != time.UTC || none.Between(day2026, day2026.AddDate(9, 0, 0), 9) != nil {
		t.Errorf("the zero value runs at %s", got)
	}
}

func TestBetween(t *testing.T) {
	daily, hourly := mustParse(t, "@daily", nil), mustParse(t, "@hourly", nil)
	for _, c := range []struct {
		s           schedule.Schedule
		after       time.Time
		until       time.Duration
		most, count int
		first       string
	}{
		{daily, day2026, 0, 5, 0, ""},
		{daily, day2026, -time.Hour, 5, 0, ""},
		{daily, day2026, 24*time.Hour - 1, 5, 0, ""},
		{daily, day2026, 24 * time.Hour, 5, 1, "2026-01-02 00:00"},
		{daily, day2026.Add(-1), 24 * time.Hour, 5, 1, "2026-01-01 00:00"},
		{daily, day2026, 10 * 24 * time.Hour, 3, 3, "2026-01-09 00:00"},
		{daily, day2026, 10 * 24 * time.Hour, 0, 0, ""},
		{daily, day2026, 10 * 24 * time.Hour, -1, 0, ""},
		{hourly, day2026, 100 * 24 * time.Hour, 1 << 62, 2400, "2026-01-01 01:00"},
		{hourly, day2026, 100 * 24 * time.Hour, 1100, 1100, "2026-02-24 05:00"},
		{hourly, time.Time{}, 290 * 365 * 24 * time.Hour, 2, 2, "0290-10-22 23:00"},
		{hourly, time.Unix(-1<<62, 0), 24 * time.Hour, 9, 0, ""},
		{hourly, time.Unix(1<<62, 0), 24 * time.Hour, 9, 0, ""},
		{mustParse(t, "0 0 29 2 *", nil), time.Date(2096, 3, 1, 0, 0, 0, 0, time.UTC), 9 * 366 * 24 * time.Hour, 9, 1, "2104-02-29 00:00"},
	} {
		got := c.s.Between(c.after, c.after.Add(c.until), c.most)
		first := ""
		if len(got) > 0 {
			first = got[0].Format("2006-01-02 15:04")
		}
		if len(got) != c.count || first != c.first || !slices.IsSortedFunc(got, time.Time.Compare) {
			t.Errorf("%s for %s, most %d: got %d from %s, want %d from %s", c.s, c.until, c.most, len(got), first, c.count, c.first)
		}
	}
}

func TestMissed(t *testing.T) {
	s := mustParse(t, "0 4 * * *", nil)
	monday := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		c         schedule.CatchUp
		last, now time.Time
		want      string
	}{
		{schedule.Once, monday, monday.AddDate(0, 0, 3), "[8]"},
		{schedule.Skip, monday, monday.AddDate(0, 0, 3), "[]"},
		{schedule.All, monday, monday.AddDate(0, 0, 3), "[6 7 8]"},
		{schedule.All, monday, monday.AddDate(0, 0, 9), "[10 11 12 13 14]"},
		{schedule.Once, monday, monday.Add(time.Hour), "[]"},
		{schedule.All, monday, monday.AddDate(0, 0, -3), "[]"}, // the clock went back
		{schedule.Once, time.Time{}, monday, "[]"},             // it never looked
		{schedule.CatchUp(7), monday, monday.AddDate(0, 0, 3), "[]"},
	} {
		days := []int{}
		for _, fire := range schedule.Missed(s, c.last, c.now, c.c, 5) {
			days = append(days, fire.Day())
		}
		if got := fmt.Sprint(days); got != c.want {
			t.Errorf("%s from %s to %s: got %s, want %s", c.c, c.last, c.now, got, c.want)
		}
	}
}

func TestCatchUpWords(t *testing.T) {
	for _, c := range []schedule.CatchUp{schedule.Once, schedule.Skip, schedule.All} {
		if got, err := schedule.ParseCatchUp(c.String()); got != c || err != nil {
			t.Errorf("ParseCatchUp(%q) = %v, %v", c, got, err)
		}
	}
	if got, err := schedule.ParseCatchUp("twice"); err == nil || got != schedule.Once {
		t.Errorf("ParseCatchUp(twice) = %v, %v", got, err)
	}
}

// TestClockThatJumps tells of a scheduler that keeps the last fire, while its
// clock sleeps, jumps ahead and goes back: no fire is run twice, and by All
// none is lost.
func TestClockThatJumps(t *testing.T) {
	zone := mustZone(t, "Europe/Berlin")
	s := mustParse(t, "*/15 * * * *", zone)
	start := time.Date(2026, 10, 25, 0, 1, 0, 0, zone) // the night with two hours from 02:00
	now, last := start, start
	runs := map[time.Time]int{}
	for _, step := range []time.Duration{
		10 * time.Minute, time.Hour, -2 * time.Hour, 5 * time.Minute, 90 * time.Minute, -time.Second, time.Second,
		time.Hour, time.Hour, -time.Hour, 0, 30 * time.Minute, 4 * time.Hour,
	} {
		now = now.Add(step)
		for _, fire := range schedule.Missed(s, last, now, schedule.All, 1000) {
			runs[fire]++
			last = fire
		}
	}
	want := s.Between(start, now, 1000)
	for _, fire := range want {
		if runs[fire] != 1 {
			t.Errorf("%s ran %d times, want once", fire.In(zone), runs[fire])
		}
	}
	if len(runs) != len(want) || len(want) < 25 {
		t.Errorf("%d fires ran, want %d", len(runs), len(want))
	}
}

func TestJitter(t *testing.T) {
	// The same on every machine and in every version: two machines with other
	// ideas of it would not agree on when a run begins.
	if got, want := schedule.Jitter("tidy", day2026, time.Hour), 23*time.Minute+42*time.Second; got.Round(time.Second) != want {
		t.Errorf("Jitter of tidy is %s, want %s", got, want)
	}
	if a, b := schedule.Jitter("tidy", day2026, time.Hour), schedule.Jitter("tidy", day2026.In(mustZone(t, "Asia/Kolkata")), time.Hour); a != b {
		t.Errorf("Jitter depends on the zone: %s, %s", a, b)
	}
	for _, spread := range []time.Duration{0, -time.Second, 1} {
		if got := schedule.Jitter("tidy", day2026, spread); got != 0 {
			t.Errorf("Jitter within %s is %s, want 0", spread, got)
		}
	}
	// 6000 jobs spread evenly over 60 minutes, and the fires of one job, too.
	var byName, byFire [60]int
	for i := range 6000 {
		byName[schedule.Jitter(fmt.Sprint("job", i), day2026, time.Hour)/time.Minute]++
		byFire[schedule.Jitter("tidy", day2026.AddDate(0, 0, i), time.Hour)/time.Minute]++
	}
	for _, minutes := range [][60]int{byName, byFire} {
		if low, high := slices.Min(minutes[:]), slices.Max(minutes[:]); low < 60 || high > 145 {
			t.Errorf("between %d and %d begin in a minute, want about 100", low, high)
		}
	}
}

func BenchmarkNext(b *testing.B) {
	zone := mustZone(b, "Europe/Berlin")
	for _, text := range []string{"* * * * *", "30 2 * * *", "0 9-17 * * mon-fri", "0 0 29 2 *", "@every 90m"} {
		b.Run(text, func(b *testing.B) {
			s, at := mustParse(b, text, zone), day2026
			b.ReportAllocs()
			for b.Loop() {
				if at = s.Next(at); at.Year() > 2090 {
					at = day2026
				}
			}
		})
	}
}
