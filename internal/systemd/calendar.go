package systemd

import (
	"fmt"
	"strings"
	"time"
)

// shorthands are those of five fields.
var shorthands = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

// instead is what does all that a timer cannot.
const instead = "popherd daemon runs the job as it is written"

// Calendar returns the values of OnCalendar= by which systemd runs a job when its
// schedule says so; if there are several, each will do. The schedule is a text
// that schedule.Parse takes. The zone is the job's, or "" for that of the machine,
// which is local; one in the text goes before.
//
// The error is an [*Error], for what systemd cannot say, and for a schedule that
// it would not keep on a day when the zone's clock is changed, within the 28
// years after that moment (then the weekdays come again on the same dates):
// systemd leaves out an hour that is skipped, in Dublin with the rest of that day,
// and takes one that comes twice for one.
func Calendar(text, zone string, local *time.Location, from time.Time) ([]string, error) {
	t, err := read(text, zone)
	if err != nil {
		return nil, err
	}
	if t.every > 0 {
		return t.intervals()
	}
	place := local
	if t.zone != "" {
		if place, err = time.LoadLocation(t.zone); err != nil {
			return nil, t.fault(fmt.Sprintf("no time zone is named %q", t.zone), "write a name of the tz database, such as Europe/Berlin")
		}
	}
	odd, found := t.oddDay(changes(place, from))
	if !found {
		return t.lines(t.zone), nil
	}
	// Elapsed time has no odd days.
	if line, ok := t.inUTC(place, from); ok {
		return []string{line}, nil
	}
	return nil, t.fault(odd, `give it times that the change leaves alone, or zone = "UTC"; `+instead)
}

// times are a schedule that was read.
type times struct {
	text  string
	every time.Duration // or the rest
	fields
	zone string
}

func (t times) fault(reason, advice string) error {
	return &Error{Object: fmt.Sprintf("schedule %q", t.text), Reason: reason, Advice: advice}
}

// read reads a schedule.
func read(text, zone string) (t times, err error) {
	t = times{text: text, zone: zone}
	words := strings.Fields(text)
	if len(words) > 0 && (strings.HasPrefix(words[0], "CRON_TZ=") || strings.HasPrefix(words[0], "TZ=")) {
		_, t.zone, _ = strings.Cut(words[0], "=")
		words = words[1:]
	}
	if len(words) == 2 && words[0] == "@every" {
		t.every, err = time.ParseDuration(words[1])
		if err != nil || t.every < time.Minute || t.every%time.Second != 0 {
			return t, t.fault("not an interval of a minute or more", "write one such as @every 90m")
		}
		return t, nil
	}
	if len(words) == 1 && shorthands[strings.ToLower(words[0])] != "" {
		words = strings.Fields(shorthands[strings.ToLower(words[0])])
	}
	var ok bool
	if t.fields, ok = readFields(words); !ok {
		return t, t.fault("not a schedule", `write minute, hour, day, month and weekday, as in "0 4 * * *"`)
	}
	return t, nil
}

// closest is how much time there is between two times of the schedule at least,
// on days that have any.
func (t times) closest() time.Duration {
	if t.every > 0 {
		return t.every
	}
	first, last, least := -1, -1, 24*60
	for m := range 24 * 60 {
		if !has(t.hour, m/60) || !has(t.minute, m%60) {
			continue
		}
		if first < 0 {
			first = m
		} else {
			least = min(least, m-last)
		}
		last = m
	}
	return time.Duration(min(least, first+24*60-last)) * time.Minute
}

// lines are the values of OnCalendar= for fields. One is all of them unless the
// day or the weekday will do.
func (f fields) lines(zone string) []string {
	if zone != "" {
		zone = " " + zone
	}
	clock := f.clock() + zone
	months, days := list(f.month, kinds[3]), list(f.day, kinds[2])
	if f.either {
		return []string{
			fmt.Sprintf("*-%s-%s %s", months, days, clock),
			fmt.Sprintf("%s*-%s-* %s", weekdays(f.weekday), months, clock),
		}
	}
	return []string{fmt.Sprintf("%s*-%s-%s %s", weekdays(f.weekday), months, days, clock)}
}

// clock is the time of day.
func (f fields) clock() string {
	return fmt.Sprintf("%s:%s:00", list(f.hour, kinds[1]), list(f.minute, kinds[0]))
}

// list is a set of numbers, as in "*" or "01,08..17". It has no steps: after
// "00/7" of minutes systemd goes on with the 3rd of the next hour, since 56 and 7
// is 63, and at midnight it loses 00:00 over it.
func list(set uint64, k kind) string {
	if set == k.all() {
		return "*"
	}
	return spans(valuesOf(set, k), func(n int) string { return fmt.Sprintf("%02d", n) })
}

func valuesOf(set uint64, k kind) (values []int) {
	for n := k.low; n < k.low+k.count; n++ {
		if has(set, n) {
			values = append(values, n)
		}
	}
	return values
}

// spans lists values, and three or more in a row as a range.
func spans(values []int, name func(int) string) string {
	var parts []string
	for i := 0; i < len(values); {
		end := i + 1
		for end < len(values) && values[end] == values[end-1]+1 {
			end++
		}
		if end-i > 2 {
			parts = append(parts, name(values[i])+".."+name(values[end-1]))
		} else {
			end = i + 1
			parts = append(parts, name(values[i]))
		}
		i = end
	}
	return strings.Join(parts, ",")
}

// weekdays are a set of them with a space, or nothing for all. systemd's week
// begins with Monday.
func weekdays(set uint64) string {
	names := strings.Fields("Mon Tue Wed Thu Fri Sat Sun")
	if set == kinds[4].all() {
		return ""
	}
	var days []int
	for i := range names {
		if has(set, (i+1)%7) {
			days = append(days, i)
		}
	}
	return spans(days, func(n int) string { return names[n] }) + " "
}
