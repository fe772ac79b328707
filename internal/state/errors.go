package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrFull means that there was no room on the disk. Nothing of the step was
	// kept.
	ErrFull = errors.New("no room on the disk")
	// ErrBusy means that another process kept the database locked for longer
	// than half a minute. Nothing of the step was kept.
	ErrBusy = errors.New("another process is writing")
	// ErrDoubtful means that the message is back after it was gone, and must be
	// identified by its content first: see [Account.Identify].
	ErrDoubtful = errors.New("message must be compared with what is known of it first")
	// ErrNoMessage means that the account has no message of that key.
	ErrNoMessage = errors.New("no such message")
	// ErrLimit means that a value is too large, or that there are too many.
	ErrLimit = errors.New("over the limit")
)

// A DamagedError says that the database cannot be relied on. It was left as it
// is.
type DamagedError struct {
	File string
	Err  error
}

// Error implements error.
func (e *DamagedError) Error() string { return fmt.Sprintf("state %s: damaged: %v", e.File, e.Err) }

// Unwrap returns what was found.
func (e *DamagedError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *DamagedError) Hint() string {
	return "save what can still be read with `popherd state export`, and put the file back from a backup of yours; " +
		"or move it and its -wal away: popherd then starts anew, knows nothing of what it delivered, and may deliver again what is still on the server"
}

// A VersionError says that a newer popherd wrote the database.
type VersionError struct {
	File    string
	Version int // of the database
	Newest  int // that this program knows
}

// Error implements error.
func (e *VersionError) Error() string {
	return fmt.Sprintf("state %s: version %d, but this popherd knows versions up to %d only", e.File, e.Version, e.Newest)
}

// Hint says what to do about it.
func (e *VersionError) Hint() string { return "use the newer popherd that wrote it" }

// A LockedError says that another process works the account, or that this one
// does already.
type LockedError struct {
	Account string
	PID     int       // 0 if it is not known
	Since   time.Time // zero if it is not known
}

// Error implements error.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("account %s: locked by another popherd", e.Account)
	}
	return fmt.Sprintf("account %s: locked by popherd with process id %d since %s", e.Account, e.PID, e.Since.Format(time.DateTime))
}

// explain makes of an error of the database one that says what it is.
func (s *Store) explain(err error) error {
	var e *sqlite.Error
	switch {
	case err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &e):
		return err
	}
	switch e.Code() & 0xff { // the rest is detail
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return &DamagedError{File: s.file, Err: err}
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("state %s: %w: %w", s.file, ErrFull, err)
	case sqlite3.SQLITE_BUSY:
		return fmt.Errorf("state %s: %w: %w", s.file, ErrBusy, err)
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return fmt.Errorf("state %s: it or its folder cannot be written: %w", s.file, err)
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // where a full disk shows first
		return fmt.Errorf("state %s: %w: %w", s.file, ErrFull, err)
	}
	return fmt.Errorf("state %s: %w", s.file, err)
}
