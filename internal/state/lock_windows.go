package state

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes an exclusive lock of the file, until it is closed. It covers an
// octet far behind the end, for Windows lets nobody read what is locked.
func lock(f *os.File) error {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY,
		0, 1, 0, &windows.Overlapped{OffsetHigh: math.MaxInt32})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}

// folderSynced judges the error of a folder's fsync, which Windows does not have.
func folderSynced(error) error { return nil }
