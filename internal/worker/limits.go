package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"
)

// Limits hold one worker. The zero value of each is its default; Unlimited
// lifts it.
type Limits struct {
	// Memory is how many octets the worker may hold beyond what it held when
	// it started. It cannot be less than MinMemory, nor Unlimited.
	Memory int64
	// CPU is the processor time of all its threads, rounded up to a second.
	CPU time.Duration
	// Wall is the time from start to end.
	Wall time.Duration
	// Files is how many descriptors it may have open, pipes and sockets too.
	Files int64
	// FileSize is how many octets a file that it writes may have. Its default
	// is none: the worker writes no files.
	FileSize int64
}

// Unlimited lifts a limit.
const Unlimited = -1

// The defaults of Limits, and the least memory.
const (
	DefaultMemory = 256 << 20
	DefaultCPU    = 60 * time.Second
	DefaultWall   = 10 * time.Minute
	DefaultFiles  = 64

	// MinMemory is what a worker needs: with less, the runtime's reserves are
	// so large a part that innocent workers die.
	MinMemory = 128 << 20
)

// memoryMargin is how far resident memory may be over the limit: the program
// itself is in memory too, and counts. Between two looks at it some MB can come.
const memoryMargin = 8 << 20

// orDefaults returns l with its zero values filled.
func (l Limits) orDefaults() Limits {
	fill := func(v *int64, byDefault int64) {
		if *v == 0 {
			*v = byDefault
		}
	}
	fill(&l.Memory, DefaultMemory)
	fill((*int64)(&l.CPU), int64(DefaultCPU))
	fill((*int64)(&l.Wall), int64(DefaultWall))
	fill(&l.Files, DefaultFiles)
	return l
}

// check refuses limits under which no worker works.
func (l Limits) check() error {
	if l.Memory < MinMemory {
		return fmt.Errorf("memory limit: %s, less than the %s that a run needs", megabytes(l.Memory), megabytes(MinMemory))
	}
	return nil
}

// cpuSeconds is CPU in the unit of the kernel, or Unlimited.
func (l Limits) cpuSeconds() int64 {
	if l.CPU < 0 {
		return Unlimited
	}
	return int64((l.CPU + time.Second - 1) / time.Second)
}

// limitsLen is the length of limits in a frame: five numbers.
const limitsLen = 5 * 8

// encode is what the worker is told: its limits, and how long it has after it
// was told to stop.
func (l Limits) encode(grace time.Duration) []byte {
	var b []byte
	for _, v := range []int64{l.Memory, l.cpuSeconds(), l.Files, l.FileSize, int64(grace)} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return b
}

// decodeLimits is the reverse of encode.
func decodeLimits(b []byte) (l Limits, grace time.Duration, err error) {
	if len(b) != limitsLen {
		return Limits{}, 0, errors.New("limits are cut short")
	}
	next := func() int64 {
		v := binary.BigEndian.Uint64(b)
		b = b[8:]
		return int64(v)
	}
	l.Memory, l.CPU, l.Files, l.FileSize = next(), time.Duration(next()), next(), next()
	if l.CPU >= 0 {
		l.CPU *= time.Second
	}
	return l, time.Duration(next()), nil
}

// overshoot is how much garbage a fast script makes while one collection runs
// that is held up: 42 MB have been seen, in 20 ms.
const overshoot = 56 << 20

// tame tells Go to hold little more than is in use, since a run over a small
// maildrop should be small, and to collect harder before the limit is reached: with the kernel's limit alone, workers
// with little in use and much garbage die of it. They also die of it with more
// than one processor: on a busy machine the collector then waits for one while
// the garbage grows on the other. A script uses no more than one anyway.
//
// A stack that takes a quarter of all memory is a recursion without end.
func tame(memory int64) {
	runtime.GOMAXPROCS(1)
	pace()
	debug.SetMemoryLimit(memory - max(memory/4, overshoot))
	debug.SetMaxStack(int(memory / 4))
}

// megabytes shows a limit of memory.
func megabytes(octets int64) string { return fmt.Sprintf("%d MB", octets>>20) }
