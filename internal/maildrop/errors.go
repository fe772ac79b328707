package maildrop

import (
	"errors"
	"fmt"
	"io/fs"
)

var (
	// ErrUnreadable means that a path is missing or cannot be read (exit
	// status 66).
	ErrUnreadable = errors.New("maildrop cannot be read")

	// ErrNotMaildrop means that a path can be read, but is no maildrop, or
	// a broken one (exit status 65).
	ErrNotMaildrop = errors.New("not a maildrop")
)

const remedy = "name an mbox file, a Maildir, or a folder of .eml files"

// Error says why a path cannot be served. It is ErrUnreadable or
// ErrNotMaildrop, and its cause, for errors.Is and errors.As.
type Error struct {
	Path   string
	Reason string
	Remedy string // what to do; empty if Reason says it
	kind   error
	cause  error // or nil
}

// Error is one line: the path, the reason, the remedy.
func (e *Error) Error() string {
	line := fmt.Sprintf("maildrop %q: %s", e.Path, e.Reason)
	if e.Remedy != "" {
		line += "; " + e.Remedy
	}
	return line
}

// Unwrap returns what kind of error it is, and its cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

func notMaildrop(path, reason, remedy string) error {
	return &Error{Path: path, Reason: reason, Remedy: remedy, kind: ErrNotMaildrop}
}

// unreadable wraps an error of the file system.
func unreadable(path string, err error) error {
	e := &Error{Path: path, Reason: reason(path, err), Remedy: "check the path", kind: ErrUnreadable, cause: err}
	if errors.Is(err, fs.ErrPermission) {
		e.Remedy = "check who may read it"
	}
	return e
}

// reason is err without the path that is named already.
func reason(path string, err error) string {
	var at *fs.PathError
	if errors.As(err, &at) && at.Path != path {
		return fmt.Sprintf("%q: %v", at.Path, at.Err)
	}
	if at != nil {
		return at.Err.Error()
	}
	return fmt.Sprintf("%q", err)
}
