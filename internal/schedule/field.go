package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A field is one of the five.
type field struct {
	name     string
	min, max int
	names    []string // from min on
	cycle    int      // how many values there are; a weekday of 7 is 0
}

var fields = [5]field{
	{name: "minute", min: 0, max: 59, cycle: 60},
	{name: "hour", min: 0, max: 23, cycle: 24},
	{name: "day", min: 1, max: 31, cycle: 31},
	{name: "month", min: 1, max: 12, cycle: 12,
		names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "weekday", min: 0, max: 7, cycle: 7,
		names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// monthDays is how many days a month has at most.
var monthDays = [13]int{0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func parseFields(words []string) (Schedule, *Error) {
	var s Schedule
	for i, set := range []*uint64{&s.minute, &s.hour, &s.day, &s.month, &s.weekday} {
		var err *Error
		if *set, err = fields[i].parse(words[i]); err != nil {
			return Schedule{}, err
		}
	}
	s.fixed = !strings.ContainsAny(words[1], "*/")
	s.either = !strings.Contains(words[2], "*") && !strings.Contains(words[4], "*")
	return s, s.never()
}

// never refuses 30 February: a day that is in none of the months.
func (s Schedule) never() *Error {
	for m := 1; m <= 12; m++ {
		if has(s.month, m) && s.day&(1<<(monthDays[m]+1)-1) != 0 {
			return nil
		}
	}
	return fault("day", "write days that the month has: February 29 at most, April, June, September and November 30",
		"it would never come in these months")
}

// parse reads a list, and returns the set of its values.
func (f *field) parse(text string) (set uint64, err *Error) {
	for part := range strings.SplitSeq(text, ",") {
		one, err := f.parsePart(part)
		if err != nil {
			return 0, err
		}
		set |= one
	}
	return set, nil
}

// parsePart reads a value, a range or "*", and a step.
func (f *field) parsePart(part string) (set uint64, err *Error) {
	span, stepText, stepped := strings.Cut(part, "/")
	first, last, err := f.parseSpan(span)
	if err == nil && stepped && span != "*" && !strings.Contains(span, "-") {
		// Quartz takes "5/15" for "5-59/15"; cron(8) does not.
		err = fault(f.name, fmt.Sprintf("write %s-%d/%s or */%s", span, f.min+f.cycle-1, stepText, stepText),
			"a step goes with a range or *, not with %s alone", span)
	}
	if err != nil {
		return 0, err
	}
	count := modulo(int64(last-first), int64(f.cycle)) + 1
	if span == "*" || last-first == f.cycle {
		count = int64(f.cycle) // "0-7" of weekdays is all of them
	}
	step := 1
	if stepped {
		if step, err = f.parseStep(stepText, int(count), first); err != nil {
			return 0, err
		}
	}
	for i := 0; i < int(count); i += step {
		set |= 1 << (f.min + (first-f.min+i)%f.cycle)
	}
	return set, nil
}

// parseSpan reads what stands before a step.
func (f *field) parseSpan(span string) (first, last int, err *Error) {
	if span == "*" {
		return f.min, f.min + f.cycle - 1, nil
	}
	from, to, ranged := strings.Cut(span, "-")
	if first, err = f.parseValue(from); err != nil {
		return 0, 0, err
	}
	if !ranged {
		return first, first, nil
	}
	last, err = f.parseValue(to)
	return first, last, err
}

// parseValue reads a number or a name.
func (f *field) parseValue(text string) (int, *Error) {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return f.min + i, nil
	}
	if text == "" {
		return 0, fault(f.name, f.advice(), "a value is missing")
	}
	if text == "?" {
		return 0, fault(f.name, "write * for any", `"?" is not known`)
	}
	if !digits(text) {
		return 0, fault(f.name, f.adviceFor(text), "%q is not a number%s", text, f.orName())
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil || n > f.max:
		return 0, fault(f.name, f.advice(), "%s is above %d", text, f.max)
	case n < f.min:
		return 0, fault(f.name, f.advice(), "%s is below %d", text, f.min)
	}
	return n, nil
}

// parseStep reads a step over count values. One that is too large would do
// nothing, and people who write "*/90" mean something that cron cannot do.
func (f *field) parseStep(text string, count, first int) (int, *Error) {
	advice := fmt.Sprintf("write a step from 1 to %d, or %d alone", max(1, count-1), first)
	if !digits(text) {
		return 0, fault(f.name, advice, "%q is not a step", text)
	}
	step, err := strconv.Atoi(text)
	switch {
	case err == nil && step == 0:
		return 0, fault(f.name, advice, "a step of 0 goes nowhere")
	case err != nil || step >= count && step > 1:
		if f.name == "minute" || f.name == "hour" {
			advice += "; @every takes any interval"
		}
		return 0, fault(f.name, advice, "a step of %s leaves the range at once", text)
	}
	return step, nil
}

func (f *field) advice() string {
	text := fmt.Sprintf("write * or %d-%d", f.min, f.max)
	if f.names != nil {
		text += fmt.Sprintf(", or a name, %s-%s", f.names[0], f.names[len(f.names)-1])
	}
	return text
}

// adviceFor knows the longer names: "monday", "sept".
func (f *field) adviceFor(text string) string {
	text = strings.ToLower(text)
	if strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") == "" {
		for _, name := range f.names {
			if strings.HasPrefix(text, name) {
				return "write " + name
			}
		}
	}
	return f.advice()
}

func (f *field) orName() string {
	if f.names == nil {
		return ""
	}
	return " or a name"
}

func digits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
