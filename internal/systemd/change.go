package systemd

import (
	"fmt"
	"time"
)

// A change is a moment at which a zone moves its clock.
type change struct {
	at            time.Time // in the zone, as its clock is then
	before, after int       // seconds east of UTC
}

// years is after how many the calendar begins again.
const years = 28

// changes are those of a zone in the years after a moment, and just before it.
func changes(zone *time.Location, from time.Time) (list []change) {
	end := from.AddDate(years, 0, 0)
	for t := from.AddDate(0, 0, -2).In(zone); t.Before(end); {
		_, next := t.ZoneBounds()
		switch {
		case next.IsZero():
			return list
		case !next.After(t):
			// Go (time.tzset) takes every year for 365 days: on 31 December of a
			// leap year the end is past.
			t = t.AddDate(0, 0, 1)
			continue
		}
		_, before := t.Zone()
		_, after := next.Zone()
		if before != after {
			list = append(list, change{next, before, after})
		}
		t = next
	}
	return list
}

// oddDay says on which day systemd would run a job otherwise than popherd, because
// of a change; false if on none.
func (f fields) oddDay(list []change) (reason string, found bool) {
	for _, c := range list {
		first, last := c.wall(c.before), c.wall(c.after)
		if first.Before(last) {
			if f.within(first, last) {
				return fmt.Sprintf("on %s the clock%s goes from %s to %s, and systemd would leave out what is between them",
					day(first), c.place(), hour(first), hour(last)), true
			}
			continue
		}
		if f.within(last, first) {
			return fmt.Sprintf("on %s the clock%s goes back from %s to %s, and systemd does not tell apart what comes twice then",
				day(last), c.place(), hour(first), hour(last)), true
		}
	}
	return "", false
}

// place names the zone, unless it is the machine's own.
func (c change) place() string {
	if c.at.Location() == time.Local {
		return ""
	}
	return " of " + c.at.Location().String()
}

func day(t time.Time) string  { return t.Format("2006-01-02") }
func hour(t time.Time) string { return t.Format("15:04") }

// wall is what the clock shows at the change with that offset, as if it were UTC.
func (c change) wall(offset int) time.Time {
	return c.at.UTC().Add(time.Duration(offset) * time.Second)
}

// within reports whether the wall clock shows a time of the schedule, from the
// one to before the other.
func (f fields) within(from, before time.Time) bool {
	for t := from.Truncate(time.Minute); t.Before(before); t = t.Add(time.Minute) {
		if !t.Before(from) && f.match(t) {
			return true
		}
	}
	return false
}

func (f fields) match(t time.Time) bool {
	return has(f.minute, t.Minute()) && has(f.hour, t.Hour()) && has(f.month, int(t.Month())) && f.onDay(t)
}

func (f fields) onDay(t time.Time) bool {
	d, w := has(f.day, t.Day()), has(f.weekday, int(t.Weekday()))
	if f.either {
		return d || w
	}
	return d && w
}

// inUTC says minutes of every hour and day in UTC, if the zone is always the same
// number of minutes apart from it, but for whole hours.
func (f fields) inUTC(zone *time.Location, from time.Time) (line string, ok bool) {
	if f.fixed || f.hour != kinds[1].all() || f.day != kinds[2].all() || f.month != kinds[3].all() || f.weekday != kinds[4].all() {
		return "", false
	}
	_, offset := from.In(zone).Zone()
	for _, c := range changes(zone, from) {
		if (c.before-offset)%anHour != 0 || (c.after-offset)%anHour != 0 {
			return "", false
		}
	}
	if offset%60 != 0 {
		return "", false
	}
	shifted := f
	shifted.minute = 0
	for _, m := range valuesOf(f.minute, kinds[0]) {
		shifted.minute |= 1 << (((m-offset/60)%60 + 60) % 60)
	}
	return "*-*-* " + shifted.clock() + " UTC", true
}
