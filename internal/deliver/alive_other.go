//go:build !unix

package deliver

import "os"

// alive reports whether there is such a process on this machine.
func alive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	_ = p.Release()
	return true
}

// ownerHolds reports whether one of us, on this machine, holds a lock.
func ownerHolds(pid int) bool { return alive(pid) }
