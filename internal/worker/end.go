package worker

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// A Reason is why a worker ended.
type Reason int

// The reasons. The zero value is none of them.
const (
	// Done: the result arrived whole. Whatever happened to the worker after
	// that does not matter any more.
	Done Reason = iota + 1
	// MemoryLimit: it needed more memory than Limits.Memory.
	MemoryLimit
	// StackLimit: a recursion took a quarter of that memory.
	StackLimit
	// CPULimit: it used more processor time than Limits.CPU.
	CPULimit
	// WallLimit: it took longer than Limits.Wall.
	WallLimit
	// Cancelled: it was told to stop, and ended, or was killed, without a
	// result. A worker that sends its result when told to stop is Done.
	Cancelled
	// Killed: a signal from outside ended it.
	Killed
	// Crashed: a fault of the program ended it.
	Crashed
	// Broken: it broke the protocol, or ended without a result.
	Broken
)

var reasonNames = [...]string{
	Done: "done", MemoryLimit: "memory limit", StackLimit: "stack limit", CPULimit: "CPU limit", WallLimit: "wall limit",
	Cancelled: "cancelled", Killed: "killed", Crashed: "crashed", Broken: "broken",
}

// String is the reason in one or two words.
func (r Reason) String() string {
	if r <= 0 || int(r) >= len(reasonNames) {
		return fmt.Sprintf("reason %d", int(r))
	}
	return reasonNames[r]
}

// Limit reports whether a limit ended the worker.
func (r Reason) Limit() bool {
	return r == MemoryLimit || r == StackLimit || r == CPULimit || r == WallLimit
}

// An End is what became of a worker.
type End struct {
	Reason Reason
	// Result is what the worker finished with, if it is Done.
	Result []byte
	// Signal is what ended it, if it was Killed.
	Signal syscall.Signal
	// Detail is one line for people. It is empty if the worker is Done.
	Detail string
	// Log is one line for logs: what a crash began with, or what broke the
	// protocol. It is not for people, and may be empty.
	Log string
	// Stderr is what is kept of standard error, for logs; see MaxStderr.
	Stderr []byte

	// CPU is the processor time it used, Wall the time from start to end, and
	// Memory the most octets that were seen resident, 0 if that is not known.
	CPU, Wall time.Duration
	Memory    int64
}

// evidence is what the supervisor knows when a worker has ended.
type evidence struct {
	result  bool   // it arrived whole
	fault   error  // of the protocol
	cause   Reason // why the supervisor ended it, or told it to stop; or 0
	crash   Reason // what standard error tells; or 0
	signal  syscall.Signal
	exit    int           // status, if no signal ended it
	cpu     time.Duration // used
	cpuMost time.Duration // its limit; negative if there is none
}

// cpuSlack is the part of its limit by which a worker's processor time may fall
// short when the kernel kills it for that: the kernel counts ticks there, and a
// tick may count for more than was run of it.
const cpuSlack = 5

// reason weighs the evidence: what the worker said counts more than what was
// done to it, and what it said last, in a crash, more than why it was killed.
func (e evidence) reason() Reason {
	switch {
	case e.fault != nil:
		return Broken
	case e.result:
		return Done
	case e.crash != 0:
		return e.crash
	case e.cause != 0:
		return e.cause
	case e.signal == syscall.SIGKILL && e.cpuMost >= 0 && e.cpu >= e.cpuMost-e.cpuMost/cpuSlack:
		return CPULimit
	case e.signal != 0 && e.signal == cpuSignal:
		return CPULimit
	case isFault(e.signal):
		return Crashed
	case e.signal != 0:
		return Killed
	case e.exit != 0:
		return Crashed
	}
	return Broken
}

// isFault reports whether a signal tells of a fault of the program itself.
func isFault(s syscall.Signal) bool {
	switch s {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE, syscall.SIGABRT, syscall.SIGTRAP:
		return true
	}
	return false
}

// detail is the line for people.
func detail(r Reason, l Limits, s syscall.Signal) string {
	switch r {
	case MemoryLimit:
		return fmt.Sprintf("the run needed more than %s of memory", megabytes(l.Memory))
	case StackLimit:
		return "the run went too deep: something in it calls itself without end"
	case CPULimit:
		return fmt.Sprintf("the run used more than %v of processor time", time.Duration(l.cpuSeconds())*time.Second)
	case WallLimit:
		return fmt.Sprintf("the run took longer than %v", l.Wall)
	case Cancelled:
		return "the run was interrupted"
	case Killed:
		if s == syscall.SIGKILL {
			return "the run was killed from outside, by somebody or by a system short of memory"
		}
		return fmt.Sprintf("the run was ended from outside (signal %d, %v)", int(s), s)
	case Crashed:
		return "the run crashed: a fault of the program's own"
	case Broken:
		return "the run ended without saying what became of it: a fault of the program's own"
	}
	return ""
}

// status takes a state apart: the signal, or the exit status.
func status(state *os.ProcessState) (signal syscall.Signal, exit int) {
	if w, ok := state.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return w.Signal(), 0
	}
	return 0, state.ExitCode()
}
