package worker

import (
	"fmt"
	"os"
	"syscall"
)

// A memoryGauge shows the resident memory of another process. It stays with
// that process, even if the number is another's later.
type memoryGauge struct {
	statm *os.File
	own   int64 // peak of this process
}

// newMemoryGauge opens the gauge of a process that was just started.
func newMemoryGauge(pid int) *memoryGauge {
	g := &memoryGauge{}
	g.statm, _ = os.Open(fmt.Sprintf("/proc/%d/statm", pid)) // without it there is no gauge, but still the kernel's limit
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		g.own = int64(usage.Maxrss) << 10
	}
	return g
}

// read returns the resident octets, or 0 if they cannot be had.
func (g *memoryGauge) read() int64 {
	var b [128]byte
	n, _ := g.statm.ReadAt(b[:], 0) // at its end it is io.EOF
	octets, err := parseStatm(b[:n], statmResident)
	if err != nil {
		return 0
	}
	return octets
}

// peak returns the most that an ended process ever had, or 0 if that is not
// known: Linux counts for a process what its parent had when it started it, so
// that only more than that is the process's own.
func (g *memoryGauge) peak(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok || int64(usage.Maxrss)<<10 <= g.own {
		return 0
	}
	return int64(usage.Maxrss) << 10
}

func (g *memoryGauge) close() { g.statm.Close() }
