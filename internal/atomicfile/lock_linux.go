package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes a record lock of the whole file as fcntl(2) has it, of the kind
// that belongs to the open file and not to the program: two targets in one
// program exclude each other, and closing one does not unlock the other. It
// and the classic kind, of other programs, exclude each other too.
func lock(f *os.File) error { return record(f, unix.F_OFD_SETLK, unix.F_WRLCK) }

func unlock(f *os.File) error { return record(f, unix.F_OFD_SETLK, unix.F_UNLCK) }
