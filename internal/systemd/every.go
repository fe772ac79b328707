package systemd

import (
	"fmt"
	"time"
)

// Spans of "@every", in seconds.
const (
	anHour = 60 * 60
	aDay   = 24 * anHour
	aWeek  = 7 * aDay
)

// mostLines is how many lines of OnCalendar= an interval may take.
const mostLines = 12

// intervals says an interval that a day is divided by, or a week: "@every" counts
// from 1970-01-01 00:00 UTC, a Thursday.
func (t times) intervals() ([]string, error) {
	const advice = "write an interval such as 30m, 90m, 6h or 24h; " + instead
	seconds := int(t.every / time.Second)
	if seconds == aWeek {
		return []string{"Thu *-*-* 00:00:00 UTC"}, nil
	}
	if aDay%seconds != 0 {
		return nil, t.fault("a day is no multiple of it, and systemd counts each day anew", advice)
	}
	lines := daily(seconds)
	if len(lines) > mostLines {
		return nil, t.fault(fmt.Sprintf("it would take %d lines of OnCalendar=", len(lines)), advice)
	}
	return lines, nil
}

// daily lists the times of a day, in UTC: those of the same minute and second in
// one line.
func daily(seconds int) (lines []string) {
	if anHour%seconds == 0 {
		return hourly(seconds)
	}
	type second struct{ minute, second int }
	hours := map[second]uint64{}
	var order []second
	for t := 0; t < aDay; t += seconds {
		at := second{t % anHour / 60, t % 60}
		if hours[at] == 0 {
			order = append(order, at)
		}
		hours[at] |= 1 << (t / anHour)
	}
	for _, at := range order {
		lines = append(lines, fmt.Sprintf("*-*-* %s:%02d:%02d UTC", list(hours[at], kinds[1]), at.minute, at.second))
	}
	return lines
}

// hourly lists the times of every hour: those of the same second in one line.
func hourly(seconds int) (lines []string) {
	minutes := map[int]uint64{}
	var order []int
	for t := 0; t < anHour; t += seconds {
		if minutes[t%60] == 0 {
			order = append(order, t%60)
		}
		minutes[t%60] |= 1 << (t / 60)
	}
	for _, second := range order {
		lines = append(lines, fmt.Sprintf("*-*-* *:%s:%02d UTC", list(minutes[second], kinds[0]), second))
	}
	return lines
}
