package schedule

import "fmt"

// An Error says why a text is no schedule.
type Error struct {
	Text   string // at most 200 octets of it
	Field  string // "minute", "hour", "day", "month", "weekday", "zone", "interval", or "" for the whole
	Reason string // in lower case
	Advice string // what to write instead
}

// Error returns text, field and reason.
func (e *Error) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("schedule %q: %s", e.Text, e.Reason)
	}
	return fmt.Sprintf("schedule %q: %s: %s", e.Text, e.Field, e.Reason)
}

// Hint returns what to write instead.
func (e *Error) Hint() string { return e.Advice }

// fault makes the Error of a field; Parse fills in the text.
func fault(field, advice, reason string, args ...any) *Error {
	return &Error{Field: field, Reason: fmt.Sprintf(reason, args...), Advice: advice}
}
