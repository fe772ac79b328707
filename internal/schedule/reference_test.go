package schedule_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // no test depends on the zones of the machine

	"github.com/popherd/popherd/internal/schedule"
)

// A reference is slow: minute by minute it asks what the wall clock shows, and
// matches that against sets that it makes of the text by itself.
type reference struct {
	text                              string
	minute, hour, day, month, weekday [60]bool
	fixed, either                     bool
}

func newReference(text string) reference {
	w := strings.Fields(text)
	r := reference{text: text,
		minute: values(w[0], 0, 59, nil), hour: values(w[1], 0, 23, nil), day: values(w[2], 1, 31, nil),
		month:   values(w[3], 1, 12, []string{"", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}),
		weekday: values(w[4], 0, 6, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}),
	}
	r.fixed = !strings.Contains(w[1], "*") && !strings.Contains(w[1], "/")
	r.either = !strings.Contains(w[2], "*") && !strings.Contains(w[4], "*")
	return r
}

// values are those of a field by counting up from the first to the last,
// going round at the end.
func values(field string, low, high int, names []string) (set [60]bool) {
	number := func(text string) int {
		if i := slices.Index(names, strings.ToUpper(text)); i >= 0 {
			return i
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		if high == 6 && n == 7 {
			n = 0
		}
		return n
	}
	for _, part := range strings.Split(field, ",") {
		span, every := part, 1
		if before, after, ok := strings.Cut(part, "/"); ok {
			span, every = before, number(after)
		}
		first, last := low, high
		if span != "*" {
			from, to, ranged := strings.Cut(span, "-")
			first = number(from)
			last = first
			if ranged {
				last = number(to)
			}
		}
		for v, n := first, 0; ; n++ {
			if n%every == 0 {
				set[v] = true
			}
			if v == last {
				break
			}
			if v++; v > high {
				v = low
			}
		}
	}
	return set
}

func (r *reference) matches(w wall) bool {
	if !r.minute[w.minute] || !r.hour[w.hour] || !r.month[w.month] {
		return false
	}
	day, weekday := r.day[w.day], r.weekday[w.weekday]
	if r.either {
		return day || weekday
	}
	return day && weekday
}

// A wall is what a wall clock and the calendar beside it show.
type wall struct{ year, month, day, hour, minute, weekday int }

func wallOf(t time.Time) wall {
	year, month, day := t.Date()
	hour, minute, _ := t.Clock()
	return wall{year, int(month), day, hour, minute, int(t.Weekday())}
}

// everyMinute calls f for each minute of a span, with the minutes that the
// zone's wall clock shows for the first time or leaves out.
func everyMinute(zone *time.Location, from, until time.Time, f func(at int64, shown wall, fresh []wall)) {
	var fresh []wall
	warm := from.Unix() - 3*24*60*60
	reached := (warm+int64(offset(zone, warm)))/60 - 1 // the latest minute that the clock showed, all numbered
	for at := warm; at < until.Unix(); at += 60 {
		now := (at + int64(offset(zone, at))) / 60
		shown := wallOf(time.Unix(now*60, 0).UTC())
		fresh = fresh[:0]
		if now == reached+1 {
			fresh, reached = append(fresh, shown), now
		}
		for reached < now {
			reached++
			fresh = append(fresh, wallOf(time.Unix(reached*60, 0).UTC()))
		}
		if at >= from.Unix() {
			f(at, shown, fresh)
		}
	}
}

func (r *reference) fires(shown wall, fresh []wall) bool {
	if !r.fixed {
		return r.matches(shown)
	}
	for _, w := range fresh {
		if r.matches(w) {
			return true
		}
	}
	return false
}

// kinds are the kinds of schedules that are compared.
var kinds = []string{
	"* * * * *", "*/15 * * * *", "0 * * * *", "30 * * * *", "7-52/9 * * * *", "0,15,31 */2 * * *", "0 */2 * * *",
	"30 */3 * * *", "45 1-23/2 * * *", "*/5 0-6/2 * * *", "59 */1 * * *", "0 22-4/2 * * *", "15 */4 1-7 * *",
	"0 0 * * *", "1 0 * * *", "30 0 * * *", "59 23 * * *", "45 23 * * *", "0 1 * * *", "30 1 * * *", "59 1 * * *", "0 2 * * *",
	"15 2 * * *", "30 2 * * *", "45 2 * * *", "0 3 * * *", "5 3 * * *", "0 4 * * *", "*/10 2 * * *", "* 0 * * *", "0 0-3 * * *",
	"30 22-4 * * *", "0 9-17 * * mon-fri", "0 12 * * SUN", "30 2 * * 0", "30 2 29 3 *", "0 0 1 * *", "0 0 31 * *", "0 0 29 2 *",
	"15 3 1,15 * fri", "0 0 */2 * mon", "0 0 13 * */5", "0 5 * jan,jul *", "0 0 1 1 *", "30 23 28-3 * *", "0 6 * nov-feb fri-mon/2",
	"20 4 * 3,10 7", "0 0 * * 6-7", "0 0,2,3 30,31 12 *",
}

func TestYearsAgainstReference(t *testing.T) {
	zones := []string{
		"Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "America/Santiago", "Pacific/Apia",
		"Europe/Dublin", "Africa/Casablanca", "Africa/Cairo", "Antarctica/Troll", "Pacific/Chatham", "America/Nuuk",
	}
	for _, zone := range zones {
		for _, year := range []int{2025, 2026, 2027} {
			compare(t, zone, year)
		}
	}
}

// TestOddYearsAgainstReference: days that were left out or came twice, changes
// of half an hour, an end of summer time for good, a leap year's end.
func TestOddYearsAgainstReference(t *testing.T) {
	for _, odd := range []struct {
		zone string
		year int
	}{
		{"Pacific/Apia", 2011}, {"Pacific/Kwajalein", 1993}, {"Pacific/Kwajalein", 1969}, {"America/Caracas", 2016},
		{"Asia/Pyongyang", 2018}, {"Asia/Tehran", 2022}, {"America/Nuuk", 2023}, {"Europe/Volgograd", 2020}, {"America/Sao_Paulo", 2018},
		{"Europe/Berlin", 2040}, {"America/Santiago", 2040}, {"Europe/Berlin", 1945},
	} {
		compare(t, odd.zone, odd.year)
	}
}

func compare(t *testing.T, name string, year int) {
	t.Run(fmt.Sprintf("%s/%d", name, year), func(t *testing.T) {
		t.Parallel()
		zone := mustZone(t, name)
		from, until := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC)
		var pairs []*pair
		var byMinute [60][]*pair // those that may fire then
		for _, text := range kinds {
			p := &pair{t: t, reference: newReference(text), schedule: mustParse(t, text, zone)}
			p.next = p.schedule.Next(from.Add(-time.Second)).Unix()
			pairs = append(pairs, p)
			for m := range byMinute {
				if p.reference.minute[m] {
					byMinute[m] = append(byMinute[m], p)
				}
			}
		}
		everyMinute(zone, from, until, func(at int64, shown wall, fresh []wall) {
			// On the day after a change, Next is asked at moments that are no fires, too.
			recent := at%600 == 0 && offset(zone, at) != offset(zone, at-24*60*60)
			asked := byMinute[shown.minute]
			if recent || len(fresh) != 1 {
				asked = pairs
			}
			for _, p := range asked {
				p.check(at, p.reference.fires(shown, fresh))
				if recent {
					p.ask(at)
				}
			}
		})
		for _, p := range pairs {
			p.check(until.Unix()-1, false) // nothing was left over
		}
	})
}

// A pair is a schedule and the reference for it.
type pair struct {
	t         *testing.T
	reference reference
	schedule  schedule.Schedule
	next      int64 // fire of the schedule
}

// check compares the fires of one minute, and that there were none before.
func (p *pair) check(at int64, fires bool) {
	zone := p.schedule.Zone()
	if p.next < at || fires != (p.next == at) {
		p.t.Fatalf("%s: next is %s; at %s the reference fires: %t", p.schedule, time.Unix(p.next, 0).In(zone), time.Unix(at, 0).In(zone), fires)
	}
	if fires {
		p.next = p.schedule.Next(time.Unix(at, 0)).Unix()
	}
}

// ask asks once more for the next fire: it is the same.
func (p *pair) ask(at int64) {
	zone := p.schedule.Zone()
	if again := p.schedule.Next(time.Unix(at, 0)).Unix(); again != p.next {
		p.t.Fatalf("%s: after %s comes %s, want %s", p.schedule, time.Unix(at, 0).In(zone), time.Unix(again, 0).In(zone), time.Unix(p.next, 0).In(zone))
	}
}

func offset(zone *time.Location, at int64) int {
	_, offset := time.Unix(at, 0).In(zone).Zone()
	return offset
}

func mustZone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func mustParse(t testing.TB, text string, zone *time.Location) schedule.Schedule {
	t.Helper()
	s, err := schedule.Parse(text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
