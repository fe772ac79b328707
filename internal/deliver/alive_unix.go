//go:build unix

package deliver

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// alive reports whether there is such a process on this machine.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || !errors.Is(err, syscall.ESRCH)
}

// ownerHolds reports whether one of us, on this machine, holds a lock, asked by
// one who has the record lock: then nobody else does, but where that lock
// belongs to the whole program, other targets of this one.
func ownerHolds(pid int) bool { return runtime.GOOS != "linux" && pid == os.Getpid() }
