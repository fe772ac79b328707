//go:build !unix

package deliver

import (
	"errors"
	"syscall"
)

// passingNumber reports whether an error number is of those that pass: on
// Windows a full disk, a sharing violation, a lock violation.
func passingNumber(err error) bool {
	for _, number := range []syscall.Errno{112, 39, 32, 33} {
		if errors.Is(err, number) {
			return true
		}
	}
	return false
}
