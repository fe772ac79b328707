//go:build !linux

package systemd

import "time"

// Monotonic returns 0: there is no systemd here.
func Monotonic() time.Duration { return 0 }
