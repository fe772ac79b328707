package config

import (
	"fmt"
	"strings"
)

// An Error is one fault of a configuration. It never holds a secret: neither
// the value of a key that may be one, nor what a variable holds.
type Error struct {
	Path    string // of the file, as it was given
	Line    int    // from 1; 0 where no line is at fault
	Column  int    // in characters, from 1
	Key     string // such as "accounts.work.port", or ""
	Reason  string // in lower case, without the key
	Excerpt string // the line, and below it another with carets; "" where the line may hold a secret
	Advice  string // what to write instead, or ""
}

// Error returns file, line, column, key and reason.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("config")
	if e.Path != "" {
		b.WriteString(" " + e.Path)
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	return b.String() + ": " + e.Reason
}

// Hint returns what to write instead, or "".
func (e *Error) Hint() string { return e.Advice }

// mostFaults is how many faults an [Errors] lists.
const mostFaults = 20

// Errors are all the faults of a file, in its order. [Read] and [Parse] return
// it for one as well.
type Errors struct {
	List []*Error // at least 1, at most 20
	More int      // that are not listed, at least: after 200 or so no more are looked for
}

// Error returns a line for each fault.
func (e *Errors) Error() string {
	lines := make([]string, 0, len(e.List)+1)
	for _, fault := range e.List {
		lines = append(lines, fault.Error())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("config: %d more faults", e.More))
	}
	return strings.Join(lines, "\n")
}

// Hint returns the advice of the only fault; the advice for several stands in
// the List.
func (e *Errors) Hint() string {
	if len(e.List) == 1 {
		return e.List[0].Advice
	}
	return ""
}

// Unwrap returns the List, so that errors.As finds the first [*Error].
func (e *Errors) Unwrap() []error {
	list := make([]error, len(e.List))
	for i, fault := range e.List {
		list[i] = fault
	}
	return list
}
