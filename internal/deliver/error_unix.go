//go:build unix

package deliver

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// passingNumber reports whether an error number is of those that pass.
func passingNumber(err error) bool {
	for _, number := range []syscall.Errno{
		unix.ENOSPC, unix.EDQUOT, unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.EAGAIN, unix.EINTR, unix.EBUSY, unix.ENOLCK,
		unix.ETIMEDOUT, unix.ECONNREFUSED, unix.ECONNRESET, unix.EPIPE, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.ESTALE,
	} {
		if errors.Is(err, number) {
			return true
		}
	}
	return false
}
