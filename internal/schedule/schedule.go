// Package schedule says when a job runs: it reads cron's five fields, their
// shorthands and "@every 90m", and computes the moments, its fires, in a time
// zone. It has no clock, keeps nothing between calls and asks nobody: machines
// that are given the same text, zone and tzdata compute the same fires, so
// that they need no leader.
//
// Where a zone moves its clock, what counts is how the hour was written:
//
//   - Fixed hours ("30 2 * * *", "0 9-17 * * 1-5", "@daily") run when the wall
//     clock first reaches or passes that time. So 02:30 runs once on each day
//     of the year: where the clock goes from 02:00 to 03:00, at 03:00, the
//     moment the gap ends; where 02:30 comes twice, at the first one only.
//     Several times in one gap are one fire. Where a zone skipped a whole day
//     (Apia left out 30 December 2011), the times of that day are one fire, at
//     the moment that the day after it begins.
//   - A wildcard or a step in the hour ("*/15 * * * *", "0 */2 * * *",
//     "@hourly") runs by elapsed time, whenever the wall clock shows such a
//     time: in both of two equal hours, and not at all in a gap.
//
// "@every" divides the time since 1970-01-01 00:00 UTC, and knows no zone.
package schedule

import "time"

// horizon is how many years Next looks ahead. It spans the 4 years between two
// days of 29 February, though not the 8 around 1900 and 2100.
const horizon = 5

// The moments that a schedule knows, in Unix time: years 1 to 9999.
const (
	earliest = -62135596800
	latest   = 253402300799
)

// A Schedule says when a job runs. The zero value never runs. It is a small
// value that is never changed; every goroutine may use it.
type Schedule struct {
	text  string
	zone  *time.Location
	every int64 // seconds; 0 for a schedule of fields

	// Bit n stands for the value n. Sunday is 0.
	minute, hour, day, month, weekday uint64

	fixed  bool // the hour has neither wildcard nor step
	either bool // the day or the weekday will do, for neither has a wildcard
}

// String returns the text that was parsed, as it was given.
func (s Schedule) String() string { return s.text }

// Zone returns the time zone whose wall clock counts: that of the text, or else
// the one that [Parse] was given. It is UTC for the zero value.
func (s Schedule) Zone() *time.Location {
	if s.zone == nil {
		return time.UTC
	}
	return s.zone
}

// Next returns the first fire after that moment, in UTC and of whole seconds.
// It is zero if there is none within 5 years, which is so for 29 February after
// that of 2096 (2100 is no leap year), or outside the years 1 to 9999.
//
// It depends on nothing but its arguments: a clock that goes back gets the same
// fire again. Whoever runs jobs keeps the last fire, and goes on from there.
func (s Schedule) Next(after time.Time) time.Time {
	if at := after.Unix(); at < earliest || at > latest {
		return time.Time{}
	}
	fire, ok := s.next(after.Unix(), min(latest, after.UTC().AddDate(horizon, 0, 0).Unix()))
	if !ok {
		return time.Time{}
	}
	return time.Unix(fire, 0).UTC()
}

// next returns the first fire after that Unix time and not after the limit.
func (s Schedule) next(after, limit int64) (fire int64, ok bool) {
	switch {
	case s.every > 0:
		fire = after - modulo(after, s.every) + s.every
		return fire, fire <= limit
	case s.minute == 0:
		return 0, false // the zero value
	}
	return s.nextByWall(after, limit)
}

// Between returns the fires after the one moment and not after the other, in
// order and in UTC; of many, the last most. Time and memory depend on how many
// it returns, not on how much time has passed.
func (s Schedule) Between(after, until time.Time, most int) []time.Time {
	first, last := max(earliest, after.Unix()), min(latest, until.Unix())
	if most <= 0 || last <= first {
		return nil
	}
	// The last ones are wanted and only the way forward is known: look at the
	// end, and at ever more until there are enough.
	for span := int64(60 * 60); ; span *= 2 {
		from := max(first, last-span)
		fires := s.collect(from, last, most)
		if len(fires) == most || from == first {
			return fires
		}
	}
}

// collect returns the last most fires in (after, until].
func (s Schedule) collect(after, until int64, most int) []time.Time {
	var fires []time.Time
	for fire, ok := s.next(after, until); ok; fire, ok = s.next(fire, until) {
		if len(fires)-most >= 1024 { // not one by one
			fires = append(fires[:0], fires[len(fires)-most:]...)
		}
		fires = append(fires, time.Unix(fire, 0).UTC())
	}
	return fires[max(0, len(fires)-most):]
}

// modulo is the remainder of a whole division that rounds down.
func modulo(a, b int64) int64 { return ((a % b) + b) % b }
