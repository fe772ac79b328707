package systemd

import (
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic returns the time since this machine started, by the clock that
// systemd goes by; 0 where there is none.
func Monotonic() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
