package worker

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// untouched is how much of what Go has mapped when it starts it only touches
// later: its first heap and the tables for the next. Most of what is mapped then,
// 32 MB of an index, is never touched. The program's own text, of which some 9
// MB are read in, is no data but is resident, too.
const untouched = 17 << 20

// confine sets the limits on this process, for good.
func (l Limits) confine() error {
	held, err := readStatm("/proc/self/statm", statmData)
	if err != nil {
		return err
	}
	tame(l.Memory)
	for _, limit := range []struct {
		resource int
		most     int64
	}{
		{unix.RLIMIT_DATA, held - untouched + l.Memory},
		{unix.RLIMIT_CPU, l.cpuSeconds()},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, l.FileSize},
		{unix.RLIMIT_NOFILE, l.Files},
	} {
		if err := lower(limit.resource, limit.most); err != nil {
			return err
		}
	}
	return closeInherited()
}

// closeInherited closes the descriptors that were open by accident where the
// supervisor was started. Those of Go's own are all close-on-exec.
func closeInherited() error {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil || fd <= 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
	return nil
}

// Fields of statm, see proc_pid_statm(5).
const (
	statmResident = 1
	statmData     = 5
)

// readStatm reads one field of a statm file, in octets.
func readStatm(path string, field int) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return parseStatm(text, field)
}

func parseStatm(text []byte, field int) (int64, error) {
	fields := bytes.Fields(text)
	if len(fields) <= field {
		return 0, fmt.Errorf("statm: %q has no field %d", text, field)
	}
	pages, err := strconv.ParseInt(string(fields[field]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("statm: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
