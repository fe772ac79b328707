package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	maxText = 500 // octets of a schedule
	maxZone = 64  // octets of a zone's name
)

// Intervals of "@every".
const (
	minEvery = time.Minute
	maxEvery = 366 * 24 * time.Hour
)

// shorthands are what crontab(5) has, less @reboot.
var shorthands = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

const fiveFields = `write minute, hour, day, month and weekday, such as "0 4 * * *" for 04:00 each day`

// Parse reads a schedule whose wall clock is that of the zone (nil is UTC). It
// is one of
//
//   - five fields: minute 0-59, hour 0-23, day 1-31, month 1-12 or jan-dec,
//     weekday 0-7 or sun-sat (0 and 7 are Sunday). A field is "*" or a list of
//     values and ranges, such as "1,8-17"; a range may wrap ("22-4", "fri-mon"),
//     and range or "*" may have a step ("*/15", "8-18/2"). If both day and
//     weekday are restricted, having no "*", one of them will do, as in cron.
//   - @hourly, @daily or @midnight, @weekly (Sunday), @monthly, @yearly or
//     @annually
//   - "@every 90m": 1 minute to 366 days, in whole seconds, as
//     [time.ParseDuration] has it
//
// Before all but @every may stand CRON_TZ=Europe/Berlin or TZ=Europe/Berlin,
// which is looked up as [time.LoadLocation] does. There is no field for seconds.
// The error is an [*Error]. A day that never comes, such as 30 February, is one.
func Parse(text string, zone *time.Location) (Schedule, error) {
	if zone == nil {
		zone = time.UTC
	}
	s, err := parse(text, zone)
	if err != nil {
		err.Text = cut(text)
		return Schedule{}, err
	}
	s.text = text
	return s, nil
}

func parse(text string, zone *time.Location) (Schedule, *Error) {
	if len(text) > maxText {
		return Schedule{}, fault("", fiveFields, "%d octets are more than %d", len(text), maxText)
	}
	for _, r := range text {
		if (r < ' ' && r != '\t') || r > '~' {
			return Schedule{}, fault("", fiveFields, "the character %q does not belong there", r)
		}
	}
	words := strings.Fields(text)
	at := slices.IndexFunc(words, isZone)
	if at > 0 {
		return Schedule{}, fault("zone", "write it before all else", "%s does not stand first", words[at])
	}
	zoned := at == 0
	if zoned {
		var err *Error
		if zone, err = parseZone(words[0]); err != nil {
			return Schedule{}, err
		}
		words = words[1:]
	}
	s, err := parseWords(words, zoned)
	s.zone = zone
	return s, err
}

func parseWords(words []string, zoned bool) (Schedule, *Error) {
	switch {
	case len(words) == 0:
		return Schedule{}, fault("", fiveFields, "empty")
	case words[0] == "@every":
		return parseEvery(words[1:], zoned)
	case strings.HasPrefix(words[0], "@"):
		fields, ok := shorthands[strings.ToLower(words[0])]
		if !ok {
			advice := "write @hourly, @daily, @weekly, @monthly, @yearly, or @every with an interval such as 90m"
			return Schedule{}, fault("", advice, "%s is not known", words[0])
		}
		if len(words) > 1 {
			return Schedule{}, fault("", "write "+words[0]+" alone", "%q follows %s", words[1], words[0])
		}
		return parseFields(strings.Fields(fields))
	case len(words) == 6:
		advice := fmt.Sprintf("there is no field for seconds; if the first was for them, write %q", strings.Join(words[1:], " "))
		return Schedule{}, fault("", advice, "6 fields instead of 5")
	case len(words) != 5:
		return Schedule{}, fault("", fiveFields, "%d fields instead of 5", len(words))
	}
	return parseFields(words)
}

func isZone(word string) bool {
	return strings.HasPrefix(word, "TZ=") || strings.HasPrefix(word, "CRON_TZ=")
}

// parseZone reads CRON_TZ=Europe/Berlin.
func parseZone(word string) (*time.Location, *Error) {
	advice := "write a name of the tz database, such as CRON_TZ=Europe/Berlin, or CRON_TZ=UTC"
	_, name, _ := strings.Cut(word, "=")
	if name == "" {
		return nil, fault("zone", advice, "no name follows %s", word)
	}
	if name == "Local" {
		return nil, fault("zone", advice, "Local is another zone on every machine")
	}
	if len(name) > maxZone {
		return nil, fault("zone", advice, "%d octets are more than %d", len(name), maxZone)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		// The error tells paths of this machine, or the same again.
		return nil, fault("zone", advice, "no time zone is named %q", name)
	}
	return zone, nil
}

// parseEvery reads what follows "@every".
func parseEvery(words []string, zoned bool) (Schedule, *Error) {
	const advice = "write an interval such as @every 90m, from 1m to 8784h"
	if zoned {
		return Schedule{}, fault("zone", "leave the zone away, or write @daily for each midnight there",
			"@every counts from 1970-01-01 00:00 UTC, in no zone")
	}
	if len(words) != 1 {
		return Schedule{}, fault("interval", advice, "%d words instead of 1", len(words))
	}
	every, err := time.ParseDuration(words[0])
	switch {
	case err != nil:
		return Schedule{}, fault("interval", advice+"; a day is 24h", "%q is not a duration", words[0])
	case every < minEvery:
		return Schedule{}, fault("interval", advice, "%s is less than a minute", words[0])
	case every > maxEvery:
		return Schedule{}, fault("interval", advice, "%s is more than 366 days", words[0])
	case every%time.Second != 0:
		return Schedule{}, fault("interval", advice, "%s is not in whole seconds", words[0])
	}
	return Schedule{every: int64(every / time.Second)}, nil
}

// cut bounds what an error quotes.
func cut(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most-3], "") + "..."
	}
	return text
}
