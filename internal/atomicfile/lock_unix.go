//go:build unix && !linux

package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes a record lock of the whole file as fcntl(2) has it. It belongs to
// the program: two targets in one program need another lock as well.
func lock(f *os.File) error { return record(f, unix.F_SETLK, unix.F_WRLCK) }

func unlock(f *os.File) error { return record(f, unix.F_SETLK, unix.F_UNLCK) }
