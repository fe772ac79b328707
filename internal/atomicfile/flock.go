package atomicfile

import "os"

// Flock takes an exclusive lock of a file, until it is closed or the process
// ends, however it does. ErrLocked: somebody has it, be it this very process.
// It is not the lock that mail programs take of an mbox.
func Flock(f *os.File) error { return flock(f) }
