package schedule

import (
	"math/bits"
	"time"
)

// In this file a wall time is what a zone's wall clock shows, counted in
// seconds as Unix time would be if the zone were UTC.

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// lookback is how far back a zone's change can still matter: a wall time comes
// a second time at most a day after the first, when a zone repeats a whole day
// (Kwajalein did in 1969).
const lookback = 2 * day

// nextByWall returns the first fire after that Unix time and not after the
// limit. It goes from one change of the zone's offset to the next: between two,
// wall clock and time go side by side.
func (s Schedule) nextByWall(after, limit int64) (fire int64, ok bool) {
	start := after - lookback
	offset, end := steady(s.zone, start)
	reached := start + offset // the wall time that fixed hours have had already
	for start <= limit {
		first := start + offset
		if s.fixed {
			if _, passed := s.match(reached, first); passed && start > after {
				return start, true
			}
			first = max(first, reached)
		}
		first = max(first, after+1+offset)
		if wall, ok := s.match(first, min(end, limit+1)+offset); ok {
			return wall - offset, true
		}
		reached = max(reached, end+offset)
		start = end
		offset, end = steady(s.zone, start)
	}
	return 0, false
}

// steady returns a zone's offset from UTC, in seconds, and until when it stays
// so at least; it may well stay so for longer.
func steady(zone *time.Location, at int64) (offset, end int64) {
	t := time.Unix(at, 0).In(zone)
	_, seconds := t.Zone()
	_, until := t.ZoneBounds()
	end = until.Unix()
	if until.IsZero() {
		end = at + 10*366*day // never again
	}
	if end <= at {
		// Go (time.tzset) takes every year for 365 days: on 31 December of a
		// leap year the end is past. It is right about the offset.
		end = at - modulo(at, day) + day
	}
	return int64(seconds), end
}

// match returns the first wall time of the schedule in [from, before).
func (s Schedule) match(from, before int64) (wall int64, ok bool) {
	wall = from + modulo(-from, minute)
	for wall < before {
		t := time.Unix(wall, 0).UTC()
		midnight := wall - modulo(wall, day)
		switch {
		case !has(s.month, int(t.Month())):
			wall = time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC).Unix()
		case !s.onDay(t):
			wall = midnight + day
		default:
			if m, ok := s.fromMinute(t.Hour(), t.Minute()); ok {
				wall = midnight + m*minute
				return wall, wall < before
			}
			wall = midnight + day
		}
	}
	return 0, false
}

// onDay is the rule of crontab(5): day and weekday must both be right, unless
// both are restricted; then one of them will do.
func (s Schedule) onDay(t time.Time) bool {
	d, w := has(s.day, t.Day()), has(s.weekday, int(t.Weekday()))
	if s.either {
		return d || w
	}
	return d && w
}

// fromMinute returns the first time of day, in minutes, that is not before h:m.
func (s Schedule) fromMinute(h, m int) (minutes int64, ok bool) {
	if has(s.hour, h) {
		if later := s.minute >> m << m; later != 0 {
			return int64(h*60 + bits.TrailingZeros64(later)), true
		}
	}
	later := s.hour >> (h + 1) << (h + 1)
	if later == 0 {
		return 0, false
	}
	return int64(bits.TrailingZeros64(later)*60 + bits.TrailingZeros64(s.minute)), true
}

func has(set uint64, value int) bool { return set>>value&1 != 0 }
