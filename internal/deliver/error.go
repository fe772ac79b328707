package deliver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"unicode"
)

// An Error says what failed at a target.
type Error struct {
	Target    string   // the spec, without a password
	Op        string   // "open", "begin", "write", "commit", "sync", "abort", "close"
	Temporary bool     // the next run may succeed without anybody's doing
	Recipient string   // the first that was refused, if one was
	Had       []string // recipients that have the message nonetheless (LMTP): for Envelope.Had
	Err       error
}

// Error is one line without control characters, whatever a server has said.
func (e *Error) Error() string {
	text := "target " + e.Target + ": " + e.Op + ": "
	if e.Recipient != "" {
		text += "recipient " + e.Recipient + ": "
	}
	return strings.Map(printable, text+e.Err.Error())
}

func printable(c rune) rune {
	switch {
	case c == '\n' || c == '\t':
		return ' '
	case unicode.IsPrint(c):
		return c
	}
	return '?'
}

// Unwrap returns what failed.
func (e *Error) Unwrap() error { return e.Err }

// fault makes a *Error of an error, and nil of nil.
func (t *target) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Target: t.name, Op: op, Temporary: passing(err), Err: err}
	var r *refusal
	if errors.As(err, &r) {
		e.Temporary, e.Recipient, e.Had = r.temporary, r.recipient, r.had
	}
	return e
}

// A refusal is what a server or a command says against a message.
type refusal struct {
	temporary bool
	recipient string
	had       []string
	err       error
}

func (r *refusal) Error() string { return r.err.Error() }

func (r *refusal) Unwrap() error { return r.err }

// temporarily marks an error that the next run may not meet.
func temporarily(err error) error { return &refusal{temporary: true, err: err} }

// passing reports whether an error of the system may pass by itself: no room,
// no time. What needs somebody's hand (permissions, a file in the way) does
// not.
func passing(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	if errors.Is(err, fs.ErrPermission) {
		return false
	}
	return passingNumber(err)
}
