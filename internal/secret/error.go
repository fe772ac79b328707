package secret

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A NotFoundError says that no source has the secret of an account. Where one
// source has it but cannot be used, the error is an *Error.
type NotFoundError struct {
	Account string   // its name, or user@host
	Tried   []string // where was looked, in order, for people
	hint    string
}

// Error implements error.
func (e *NotFoundError) Error() string {
	if len(e.Tried) == 0 {
		return fmt.Sprintf("account %s: there is nowhere to look for its password", e.Account)
	}
	return fmt.Sprintf("account %s: no password: looked in %s", e.Account, strings.Join(e.Tried, ", "))
}

// Hint says where to put the password.
func (e *NotFoundError) Hint() string { return e.hint }

// An Error is what is wrong with a source of an account's secret.
type Error struct {
	Account string // its name, or user@host
	Source  string // as in Found
	Err     error
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("account %s: %s: %v", e.Account, e.Source, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do about it, or "".
func (e *Error) Hint() string {
	var hinted interface{ Hint() string }
	if errors.As(e.Err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// advised is an error with something to do about it.
type advised struct {
	error
	hint string
}

func (a *advised) Unwrap() error { return a.error }
func (a *advised) Hint() string  { return a.hint }

// advise adds a hint to an error.
func advise(err error, format string, arguments ...any) error {
	return &advised{err, fmt.Sprintf(format, arguments...)}
}

// clean takes what could steer a terminal out of another program's words, and
// keeps at most some of them.
func clean(text string) string {
	const most = 300 // letters
	var b strings.Builder
	n := 0
	for _, r := range strings.ToValidUTF8(text, "?") {
		if n++; n > most {
			return b.String() + "..."
		}
		if !unicode.IsPrint(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}
