package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Words for caps without a number.
const (
	// NoLimit is the word for a cap that allows everything.
	NoLimit = "all"
	// NotAll is the word for any number of messages, but not every one of a
	// maildrop of ten or more: what "--allow-delete" means without a value. A
	// rule that matches everything is more often a mistake than meant.
	NotAll = "most"
)

// manyMessages is from which size on a maildrop must not be emptied by NotAll.
const manyMessages = 10

// Cap is how many messages one run may delete: none, N, a share of the
// maildrop, most or all. The zero value allows none. Caps compare with ==.
type Cap struct {
	most int // messages, or per cent
	unit capUnit
}

type capUnit uint8

const (
	messages capUnit = iota
	perCent
	noLimit
	notAll
)

// ParseCap reads a cap as the flag takes it: "10" messages, "5%" of the
// messages that the maildrop held at the start, or [NoLimit]. The empty string
// is refused, for it is what a forgotten shell variable leaves behind, and
// must not come to mean "all".
func ParseCap(s string) (Cap, error) {
	switch s {
	case NoLimit:
		return Cap{unit: noLimit}, nil
	case NotAll:
		return Cap{unit: notAll}, nil
	}
	digits, share := strings.CutSuffix(s, "%")
	n, err := parseDigits(digits)
	switch {
	case err != nil:
		return Cap{}, fmt.Errorf("delete cap %q: %w; give a number of messages such as 10, a share such as 5%%, or %s", s, err, NoLimit)
	case n == 0:
		return Cap{}, nil // "0" and "0%" allow none, like a flag not given
	case share && n > 100:
		return Cap{}, fmt.Errorf("delete cap %q: more than the whole maildrop; give a share from 0%% to 100%%", s)
	case share:
		return Cap{most: n, unit: perCent}, nil
	}
	return Cap{most: n, unit: messages}, nil
}

// IsZero reports whether the cap allows no deletion at all. Deletions are then
// planned and reported, but not done; any other cap aborts a run that goes
// beyond it.
func (c Cap) IsZero() bool { return c == Cap{} }

// Allows returns nil when a run may delete so many of a maildrop's messages,
// and otherwise an [*Error] with the flag that would permit it. Messages is
// the count at the start of the run. A share is rounded down and never up to
// one: 10% of 5 messages is none, so that "at most P%" stays true of a small
// maildrop too.
func (c Cap) Allows(deletions, messages int) error {
	most := c.of(messages)
	if c.unit == notAll && (messages < manyMessages || deletions < messages) {
		return nil
	}
	if c.unit == notAll {
		reason := fmt.Sprintf("%d deletions are all that the maildrop holds, which is seldom meant", deletions)
		return &Error{Object: "delete", Reason: reason, Flag: "--allow-delete=" + NoLimit}
	}
	if deletions <= 0 || c.unit == noLimit || deletions <= most {
		return nil
	}
	refused := &Error{Object: "delete", Flag: "--allow-delete=" + strconv.Itoa(deletions)}
	count, verb := fmt.Sprintf("%d deletions", deletions), "are"
	if deletions == 1 {
		count, verb = "1 deletion", "is"
	}
	switch {
	case c.IsZero():
		refused.Reason = fmt.Sprintf("%s %s not allowed", count, verb)
	case c.unit == perCent:
		refused.Reason = fmt.Sprintf("%s %s more than the %d allowed (%d%% of %d messages)", count, verb, most, c.most, messages)
	default:
		refused.Reason = fmt.Sprintf("%s %s more than the %d allowed", count, verb, most)
	}
	return refused
}

// of returns the number of messages that the cap comes to.
func (c Cap) of(messages int) int {
	if c.unit == perCent {
		// In two parts, so that no count can overflow.
		return messages/100*c.most + messages%100*c.most/100
	}
	return c.most
}

// String returns the cap as [ParseCap] reads it.
func (c Cap) String() string {
	switch c.unit {
	case noLimit:
		return NoLimit
	case notAll:
		return NotAll
	case perCent:
		return strconv.Itoa(c.most) + "%"
	}
	return strconv.Itoa(c.most)
}

var errNotNumber = errors.New("not a number")

// parseDigits reads digits only: strconv takes a sign, which means nothing
// here, and "-1" should not be told that it is out of range.
func parseDigits(s string) (int, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, errNotNumber
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, errors.New("number too large")
	}
	return n, nil
}
