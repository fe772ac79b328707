package statuspage

import (
	"fmt"
	"strconv"
	"time"
)

// A moment is a time as people and machines read it.
type moment struct{ Machine, Text, Ago string }

// moment shows a time in the page's zone and how far off it is; the zero time
// is none.
func (p *page) moment(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	return moment{
		Machine: t.UTC().Format(time.RFC3339),
		Text:    t.In(p.Zone).Format("2006-01-02 15:04:05 MST"),
		Ago:     distance(t.Sub(p.Now())),
	}
}

// distance is a duration from now on, in one unit.
func distance(d time.Duration) string {
	switch {
	case d >= time.Second:
		return "in " + rough(d)
	case d <= -time.Second:
		return rough(-d) + " ago"
	}
	return "now"
}

// rough is a duration in the largest unit that it has at least two of.
func rough(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return strconv.Itoa(int(d/day)) + " days"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	case d >= 2*time.Minute:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	}
	return strconv.Itoa(int(d/time.Second)) + " s"
}

// took is how long something lasted, to a tenth of a second.
func took(from, until time.Time) string {
	if from.IsZero() || until.Before(from) {
		return ""
	}
	d := until.Sub(from)
	if d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// size is a number of octets in binary units.
func size(octets int64) string {
	if octets < 1024 {
		return strconv.FormatInt(octets, 10) + " B"
	}
	amount, unit := float64(octets)/1024, 0
	for amount >= 1024 && unit < len(units)-1 {
		amount, unit = amount/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", amount, units[unit])
}

const units = "KMGTPE"

// count is a number with its noun.
func count(n int, one, many string) string { return strconv.Itoa(n) + " " + plural(n, one, many) }

// plural is the noun for a number.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
