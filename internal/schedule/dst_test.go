package schedule_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the tests got to their golden files")

// TestFixedHour: once a day on both change days, at the end of the gap and at
// the first of two equal times.
func TestFixedHour(t *testing.T) {
	for _, c := range []struct{ zone, text, after, want string }{
		{"Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00"},
		{"Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00 2026-10-26T02:30:00+01:00"},
		{"Europe/Berlin", "0,20,40 2 * * *", "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00 2026-03-30T02:00:00+02:00"},
		{"Europe/Berlin", "0 1-3 * * *", "2026-03-29T00:00:00+01:00", "2026-03-29T01:00:00+01:00 2026-03-29T03:00:00+02:00 2026-03-30T01:00:00+02:00"},
		{"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00+10:30", "2026-10-04T02:30:00+11:00 2026-10-05T02:15:00+11:00"},
		{"Australia/Lord_Howe", "45 1 * * *", "2026-04-04T12:00:00+11:00", "2026-04-05T01:45:00+11:00 2026-04-06T01:45:00+10:30"},
		{"Asia/Beirut", "@daily", "2026-03-28T12:00:00+02:00", "2026-03-29T01:00:00+03:00 2026-03-30T00:00:00+03:00"},
		{"America/Havana", "@daily", "2026-10-31T12:00:00-04:00", "2026-11-01T00:00:00-04:00 2026-11-02T00:00:00-05:00"},
		{"Europe/Dublin", "30 1 * * *", "2026-10-24T12:00:00+01:00", "2026-10-25T01:30:00+01:00 2026-10-26T01:30:00+00:00"},
		{"Pacific/Apia", "0 4 * * *", "2011-12-28T12:00:00-10:00", "2011-12-29T04:00:00-10:00 2011-12-31T00:00:00+14:00 2011-12-31T04:00:00+14:00"},
		{"Pacific/Apia", "0 4 30 12 *", "2011-12-28T12:00:00-10:00", "2011-12-31T00:00:00+14:00 2012-12-30T04:00:00+14:00"},
	} {
		expect(t, c.zone, c.text, c.after, c.want)
	}
}

// TestElapsedHour: every hour of the overlap, none in the gap.
func TestElapsedHour(t *testing.T) {
	for _, c := range []struct{ zone, text, after, want string }{
		{"Europe/Berlin", "@hourly", "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00 2026-03-29T04:00:00+02:00"},
		{"Europe/Berlin", "@hourly", "2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00 2026-10-25T03:00:00+01:00"},
		{"Europe/Berlin", "0 */2 * * *", "2026-03-29T00:00:00+01:00", "2026-03-29T04:00:00+02:00"},
		{"Europe/Berlin", "0 */2 * * *", "2026-10-25T00:00:00+02:00", "2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00 2026-10-25T04:00:00+01:00"},
		{"Australia/Lord_Howe", "*/15 * * * *", "2026-04-05T01:30:00+11:00", "2026-04-05T01:45:00+11:00 2026-04-05T01:30:00+10:30 2026-04-05T01:45:00+10:30 2026-04-05T02:00:00+10:30"},
		{"Australia/Lord_Howe", "0 * * * *", "2026-10-04T01:00:00+10:30", "2026-10-04T03:00:00+11:00"}, // 02:00 to 02:30 was left out
		{"Pacific/Apia", "0 */12 * * *", "2011-12-29T00:00:00-10:00", "2011-12-29T12:00:00-10:00 2011-12-31T00:00:00+14:00"},
		{"Europe/Berlin", "*/15 * * * *", "2040-12-31T23:45:00+01:00", "2041-01-01T00:00:00+01:00"}, // a leap year's end; see steady
		{"Europe/Berlin", "0 4 1 7 *", "2040-12-31T12:00:00+01:00", "2041-07-01T04:00:00+02:00"},
		{"Africa/Monrovia", "0 * * * *", "1972-01-06T22:30:00-00:44:30", "1972-01-06T23:00:00-00:44:30 1972-01-07T01:00:00+00:00"},
	} {
		expect(t, c.zone, c.text, c.after, c.want)
	}
}

// expect compares the first fires with those wanted.
func expect(t *testing.T, zone, text, after, want string) {
	t.Helper()
	s := mustParse(t, text, mustZone(t, zone))
	at, err := time.Parse("2006-01-02T15:04:05Z07:00:00", after)
	if err != nil {
		at, err = time.Parse(time.RFC3339, after)
	}
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for range strings.Fields(want) {
		at = s.Next(at)
		layout := "2006-01-02T15:04:05-07:00"
		if _, offset := at.In(s.Zone()).Zone(); offset%60 != 0 {
			layout += ":00"
		}
		got = append(got, at.In(s.Zone()).Format(layout))
	}
	if got := strings.Join(got, " "); got != want {
		t.Errorf("%s in %s after %s:\n got %s\nwant %s", text, zone, after, got, want)
	}
}

// TestChangeDays writes down what runs on change days, for people to read.
func TestChangeDays(t *testing.T) {
	var b strings.Builder
	for _, c := range []struct{ zone, day, what string }{
		{"Europe/Berlin", "2026-03-29", "02:00 becomes 03:00"},
		{"Europe/Berlin", "2026-10-25", "03:00 becomes 02:00"},
		{"Europe/Dublin", "2026-03-29", "01:00 becomes 02:00; the winter's is the daylight saving, below zero"},
		{"Europe/Dublin", "2026-10-25", "02:00 becomes 01:00"},
		{"America/New_York", "2026-03-08", "02:00 becomes 03:00"},
		{"America/New_York", "2026-11-01", "02:00 becomes 01:00"},
		{"Australia/Lord_Howe", "2026-10-04", "02:00 becomes 02:30"},
		{"Australia/Lord_Howe", "2026-04-05", "02:00 becomes 01:30"},
		{"Asia/Beirut", "2026-03-29", "00:00 becomes 01:00"},
		{"Asia/Beirut", "2026-10-24", "24:00 becomes 23:00"},
		{"America/Havana", "2026-03-08", "00:00 becomes 01:00"},
		{"America/Havana", "2026-11-01", "01:00 becomes 00:00"},
		{"America/Santiago", "2026-09-06", "00:00 becomes 01:00"},
		{"America/Santiago", "2026-04-04", "24:00 becomes 23:00"},
		{"America/Nuuk", "2026-03-28", "23:00 becomes 24:00"},
		{"Antarctica/Troll", "2026-03-29", "01:00 becomes 03:00"},
		{"Antarctica/Troll", "2026-10-25", "03:00 becomes 01:00"},
		{"Africa/Casablanca", "2026-02-15", "03:00 becomes 02:00, for Ramadan"},
		{"Africa/Casablanca", "2026-03-22", "02:00 becomes 03:00"},
		{"Pacific/Apia", "2011-12-30", "the whole day was left out"},
		{"Pacific/Kwajalein", "1969-09-30", "the day came twice"},
		{"Asia/Tehran", "2022-09-21", "24:00 becomes 23:00, and never changed again"},
		{"Asia/Tehran", "2023-03-22", "nothing changes any more"},
		{"America/Caracas", "2016-05-01", "02:30 becomes 03:00, for good"},
	} {
		zone := mustZone(t, c.zone)
		noon, err := time.ParseInLocation("2006-01-02 15", c.day+" 12", time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		from, until := wallStart(zone, noon), wallStart(zone, noon.AddDate(0, 0, 2))
		fmt.Fprintf(&b, "# %s, %s: %s\n", c.zone, c.day, c.what)
		for _, text := range []string{"@daily", "30 0 * * *", "15,45 2 * * *", "30 23 * * *", "0 0-3 * * *", "0,30 0-3/1,22-23/1 * * *", "0 */2 * * *"} {
			fmt.Fprintf(&b, "%s\n", text)
			s := mustParse(t, text, zone)
			last := ""
			for _, fire := range s.Between(from.Add(-time.Second), until.Add(-time.Second), 1000) {
				at := fire.In(zone)
				if date := at.Format(time.DateOnly); date != last {
					if last != "" {
						b.WriteString("\n")
					}
					b.WriteString("\t" + date)
					last = date
				}
				b.WriteString(at.Format(" 15:04-07"))
				if _, offset := at.Zone(); offset%3600 != 0 {
					fmt.Fprintf(&b, "%02d", max(offset, -offset)/60%60)
				}
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	golden(t, "dst.txt", b.String())
}

// wallStart is the first moment of the day, or of what is left of it.
func wallStart(zone *time.Location, noon time.Time) time.Time {
	at := noon.Add(-40 * time.Hour)
	for at.In(zone).Format(time.DateOnly) < noon.Format(time.DateOnly) {
		at = at.Add(time.Minute)
	}
	return at
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs from what we got (see -update):\n%s", path, got)
	}
}
