package schedule

import (
	"fmt"
	"time"
)

// A CatchUp says what becomes of fires that passed while nobody was there.
type CatchUp int

const (
	Once CatchUp = iota // the last one that was missed runs, late; the default
	Skip                // none of them runs
	All                 // every one runs, late, within limits
)

// String returns the policy as it is written in a configuration: "once",
// "skip" or "all".
func (c CatchUp) String() string {
	switch c {
	case Once:
		return "once"
	case Skip:
		return "skip"
	case All:
		return "all"
	}
	return fmt.Sprintf("CatchUp(%d)", int(c))
}

// ParseCatchUp reads what [CatchUp.String] returns.
func ParseCatchUp(text string) (CatchUp, error) {
	for _, c := range []CatchUp{Once, Skip, All} {
		if c.String() == text {
			return c, nil
		}
	}
	return Once, &Error{
		Text: cut(text), Reason: "not a way to treat missed runs",
		Advice: `write "once" (the last missed run is made up for), "skip" (none is) or "all"`,
	}
}

// Missed returns the fires to run now, in order, of those after last, when the
// scheduler last looked, and not after now. Of All it returns the last most.
//
// Nothing was missed by a scheduler that never looked (last is zero), or whose
// clock went back. A fire that it is just waking up for, some moments late, is
// not missed either: that one is for [Schedule.Between].
func Missed(s Schedule, last, now time.Time, c CatchUp, most int) []time.Time {
	if last.IsZero() {
		return nil
	}
	switch c {
	case Once:
		return s.Between(last, now, 1)
	case All:
		return s.Between(last, now, most)
	}
	return nil
}
