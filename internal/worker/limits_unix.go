//go:build unix

package worker

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// lower sets a limit that nothing can raise again. What was lower stays.
func lower(resource int, most int64) error {
	if most < 0 {
		return nil
	}
	var r unix.Rlimit
	if err := unix.Getrlimit(resource, &r); err != nil {
		return fmt.Errorf("limit %d: %w", resource, err)
	}
	atMost(&r.Max, most)
	atMost(&r.Cur, most)
	if err := unix.Setrlimit(resource, &r); err != nil {
		return fmt.Errorf("limit %d: %w", resource, err)
	}
	return nil
}

// atMost lowers a limit, whose type is not the same everywhere. FreeBSD's is
// signed, and its infinity is the greatest number; elsewhere it is unsigned.
func atMost[T int64 | uint64](v *T, most int64) {
	if uint64(*v) > uint64(most) {
		*v = T(most)
	}
}
