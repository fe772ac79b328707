//go:build unix && !linux

package worker

import "golang.org/x/sys/unix"

// confine sets the limits on this process. There is no kernel limit that
// counts what Go holds, so that the worker looks itself.
func (l Limits) confine() error {
	tame(l.Memory)
	go watchMemory(l.Memory, outOfMemory)
	for _, limit := range []struct {
		resource int
		most     int64
	}{
		{unix.RLIMIT_CPU, l.cpuSeconds()},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, l.FileSize},
		{unix.RLIMIT_NOFILE, l.Files},
	} {
		if err := lower(limit.resource, limit.most); err != nil {
			return err
		}
	}
	return nil
}
