package systemd

import (
	"slices"
	"strconv"
	"strings"
)

// fields are cron's five, of which bit n stands for the value n. Sunday is 0.
type fields struct {
	minute, hour, day, month, weekday uint64

	fixed  bool // the hour has neither wildcard nor step
	either bool // the day or the weekday will do
}

// kinds are what the five fields may hold.
var kinds = [5]kind{
	{0, 60, nil},
	{0, 24, nil},
	{1, 31, nil},
	{1, 12, strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")},
	{0, 7, strings.Fields("sun mon tue wed thu fri sat")},
}

// A kind is one field's values, from low on.
type kind struct {
	low, count int
	names      []string
}

func (k kind) all() uint64 { return (1<<k.count - 1) << k.low }

// readFields reads five fields that schedule.Parse took; false for what it would not.
func readFields(words []string) (f fields, ok bool) {
	if len(words) != len(kinds) {
		return fields{}, false
	}
	for i, set := range []*uint64{&f.minute, &f.hour, &f.day, &f.month, &f.weekday} {
		for part := range strings.SplitSeq(words[i], ",") {
			values, ok := kinds[i].read(part)
			if !ok {
				return fields{}, false
			}
			*set |= values
		}
	}
	f.fixed = !strings.ContainsAny(words[1], "*/")
	f.either = !strings.Contains(words[2], "*") && !strings.Contains(words[4], "*")
	return f, true
}

// read reads a value, a range, which may wrap, or "*", and a step.
func (k kind) read(part string) (set uint64, ok bool) {
	span, step, stepped := strings.Cut(part, "/")
	from, to, ranged := strings.Cut(span, "-")
	first, last, by := k.low, k.low+k.count-1, 1
	if span != "*" {
		if first, ok = k.value(from); !ok {
			return 0, false
		}
		if last = first; ranged {
			if last, ok = k.value(to); !ok {
				return 0, false
			}
		}
	}
	if stepped {
		var err error
		if by, err = strconv.Atoi(step); err != nil || by < 1 {
			return 0, false
		}
	}
	length := (last-first+k.count)%k.count + 1
	if last-first == k.count {
		length = k.count // "0-7" of weekdays
	}
	for i := 0; i < length; i += by {
		set |= 1 << (k.low + (first-k.low+i)%k.count)
	}
	return set, true
}

// value reads a number or a name. A weekday of 7 is Sunday, too.
func (k kind) value(text string) (int, bool) {
	if i := slices.Index(k.names, strings.ToLower(text)); i >= 0 {
		return k.low + i, true
	}
	n, err := strconv.Atoi(text)
	last := k.low + k.count - 1
	if k.count == 7 {
		last = 7
	}
	return n, err == nil && k.low <= n && n <= last
}

// has reports whether a value is in a set.
func has(set uint64, value int) bool { return set>>value&1 != 0 }
