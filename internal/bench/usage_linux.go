package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// ownCPU is the processor time that this process has taken.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// lookEvery is how often the memory of a program is looked at. The kernel
// keeps the peak, so that only what grows in the last moment is missed.
const lookEvery = 2 * time.Millisecond

// watch looks at a process and its children until the function that it returns
// is called, which tells the peak of the largest in octets.
//
// The maximum that wait4 reports will not do: it is at least what the parent
// had in memory when it forked.
func watch(pid int) func() int64 {
	stop, peak := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		most := int64(0)
		for {
			most = max(most, largest(pid))
			select {
			case <-tick.C:
			case <-stop:
				peak <- most
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-peak
	}
}

// largest is the highest peak of a process and its descendants.
func largest(pid int) int64 {
	most := highWater(pid)
	// Each thread has the children that it started.
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		children, err := os.ReadFile(thread)
		if err != nil {
			continue // it has ended
		}
		for field := range bytes.FieldsSeq(children) {
			if child, err := strconv.Atoi(string(field)); err == nil {
				most = max(most, largest(child))
			}
		}
	}
	return most
}

// highWater is VmHWM of proc_pid_status(5).
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, found := bytes.Cut(status, []byte("\nVmHWM:"))
	if !found {
		return 0 // a zombie has none
	}
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	kilobytes, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return kilobytes << 10
}
