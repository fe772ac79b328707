package tally

import (
	"slices"
	"time"
)

// A scale puts amounts in steps that have names.
type scale struct {
	steps  []step
	beyond string   // what is more than the last step
	apart  []string // steps without an amount, behind all others
}

// A step is for amounts up to most that are in no step before.
type step struct {
	most int64
	name string
}

var sizes = scale{
	steps: []step{
		{4 << 10, "up to 4K"},
		{16 << 10, "up to 16K"},
		{64 << 10, "up to 64K"},
		{256 << 10, "up to 256K"},
		{1 << 20, "up to 1M"},
		{4 << 20, "up to 4M"},
		{16 << 20, "up to 16M"},
	},
	beyond: "larger",
}

// scales are what the rows of some counts are steps of.
var scales = map[By]*scale{Age: &ages, Size: &sizes}

const (
	secondsPerDay = 24 * 60 * 60

	future = "in the future"
	noDate = "no date"
)

var ages = scale{
	steps: []step{
		{1 * secondsPerDay, "up to 1 day"},
		{7 * secondsPerDay, "up to 7 days"},
		{30 * secondsPerDay, "up to 30 days"},
		{90 * secondsPerDay, "up to 90 days"},
		{365 * secondsPerDay, "up to 1 year"},
		{2 * 365 * secondsPerDay, "up to 2 years"},
		{5 * 365 * secondsPerDay, "up to 5 years"},
	},
	beyond: "older",
	apart:  []string{future, noDate},
}

// maxAhead is how far a clock may be wrong, in seconds: as in a rule's age, a
// message from a later future has none.
const maxAhead = 2 * secondsPerDay

// age is the name of the step for a message sent then.
func age(now, sent time.Time) string {
	seconds := now.Unix() - sent.Unix()
	switch {
	case sent.IsZero():
		return noDate
	case seconds < -maxAhead:
		return future
	}
	return ages.find(seconds)
}

// find is the name of the step that an amount is in.
func (s *scale) find(amount int64) string {
	for _, step := range s.steps {
		if amount <= step.most {
			return step.name
		}
	}
	return s.beyond
}

// fill puts rows in the order of the scale, and adds the steps between the
// first and the last of them that have no messages: a gap is worth seeing.
func (s *scale) fill(rows []Row) []Row {
	counted := map[string]Row{}
	for _, r := range rows {
		counted[r.Key] = r
	}
	var filled, gap []Row
	for _, step := range append(slices.Clip(s.steps), step{name: s.beyond}) {
		row, ok := counted[step.name]
		switch {
		case ok:
			filled = append(append(filled, gap...), row)
			gap = nil
		case len(filled) > 0:
			gap = append(gap, Row{Key: step.name})
		}
	}
	for _, name := range s.apart {
		if row, ok := counted[name]; ok {
			filled = append(filled, row)
		}
	}
	return filled
}
