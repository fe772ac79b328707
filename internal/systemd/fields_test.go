package systemd

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/internal/schedule"
)

// drawFields draws a text of five fields that schedule.Parse takes.
func drawFields(t *rapid.T) string {
	minute := rapid.SampledFrom([]string{"*", "0", "30", "59", "*/15", "*/7", "0-50/10", "5,35", "1,8-17", "50-10", "5,10,40-42", "7-59/13"})
	hour := rapid.SampledFrom([]string{"*", "4", "0", "23", "*/2", "*/5", "8-18/2", "9-17", "22-4", "0,12", "1-23/2", "6,18,20-22", "2", "1,2,3"})
	day := rapid.SampledFrom([]string{"*", "*", "*", "1", "31", "1,15", "*/2", "28-3", "10-20/5", "29"})
	month := rapid.SampledFrom([]string{"*", "*", "*", "1", "feb-apr", "*/3", "nov-feb", "JAN,jul", "1-12/2"})
	weekday := rapid.SampledFrom([]string{"*", "*", "*", "0", "7", "1-5", "fri-mon", "sun,WED", "0-7", "*/2", "1-7/3", "sat"})
	return minute.Draw(t, "minute") + " " + hour.Draw(t, "hour") + " " + day.Draw(t, "day") + " " + month.Draw(t, "month") + " " + weekday.Draw(t, "weekday")
}

// TestFieldsAreThoseOfSchedule: for some days, every minute is one of the fields
// just when it is a fire.
func TestFieldsAreThoseOfSchedule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawFields(t)
		s, err := schedule.Parse(text, time.UTC)
		if err != nil {
			t.Skip(err) // 29 February in months without
		}
		read, err := read(text, "")
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 2000).Draw(t, "day"))
		fires := map[time.Time]bool{}
		for _, fire := range s.Between(from, from.AddDate(0, 0, 4), 10000) {
			fires[fire] = true
		}
		for at := from.Add(time.Minute); !at.After(from.AddDate(0, 0, 4)); at = at.Add(time.Minute) {
			if got := read.match(at); got != fires[at] {
				t.Fatalf("%q at %s: got %v, want %v", text, at, got, fires[at])
			}
		}
	})
}

// TestClosest looks at the fires of two months.
func TestClosest(t *testing.T) {
	for _, text := range []string{
		"0 4 * * *", "0 * * * *", "*/15 * * * *", "50,10 0,23 * * *", "0 4,5 * * *", "30 22-4 * * *", "0,1 4 * * *", "@every 90m", "@daily", "@hourly",
		"59 23,0 * * *",
	} {
		s, err := schedule.Parse(text, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		want := 100 * 24 * time.Hour
		fires := s.Between(from, from.AddDate(0, 2, 0), 100000)
		for i := range fires[1:] {
			want = min(want, fires[i+1].Sub(fires[i]))
		}
		read, err := read(text, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := read.closest(); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}
