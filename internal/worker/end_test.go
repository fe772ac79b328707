package worker

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReasonWeighsTheEvidence(t *testing.T) {
	kill, fault := syscall.SIGKILL, errors.New("frame")
	for _, c := range []struct {
		name string
		e    evidence
		want Reason
	}{
		{"a result", evidence{result: true}, Done},
		{"a result, then a kill", evidence{result: true, signal: kill}, Done},
		{"a result, though told to stop", evidence{result: true, cause: Cancelled}, Done},
		{"a result, then more", evidence{result: true, fault: fault, signal: kill}, Broken},
		{"memory, and told to stop", evidence{crash: MemoryLimit, cause: Cancelled, exit: 2}, MemoryLimit},
		{"killed for memory", evidence{cause: MemoryLimit, signal: kill}, MemoryLimit},
		{"killed for time", evidence{cause: WallLimit, signal: kill, cpu: time.Minute, cpuMost: time.Second}, WallLimit},
		{"stopped, exit 1", evidence{cause: Cancelled, exit: 1}, Cancelled},
		{"stopped, exit 0", evidence{cause: Cancelled}, Cancelled},
		{"the kernel's CPU limit", evidence{signal: kill, cpu: 850 * time.Millisecond, cpuMost: time.Second}, CPULimit},
		{"killed before it", evidence{signal: kill, cpu: 500 * time.Millisecond, cpuMost: time.Second}, Killed},
		{"killed without it", evidence{signal: kill, cpu: time.Hour, cpuMost: Unlimited}, Killed},
		{"terminated", evidence{signal: syscall.SIGTERM}, Killed},
		{"a fault of the machine", evidence{signal: syscall.SIGSEGV}, Crashed},
		{"a panic", evidence{crash: Crashed, exit: 2}, Crashed},
		{"exit 3", evidence{exit: 3}, Crashed},
		{"exit 0", evidence{}, Broken},
	} {
		if got := c.e.reason(); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestReasonNames(t *testing.T) {
	for r := Done; r <= Broken; r++ {
		if r.String() == "" || strings.HasPrefix(r.String(), "reason") {
			t.Errorf("reason %d has no name", int(r))
		}
		if line := detail(r, Limits{}.orDefaults(), syscall.SIGTERM); (line == "") != (r == Done) {
			t.Errorf("%v: detail %q", r, line)
		}
	}
	if got := Reason(99).String(); got != "reason 99" {
		t.Errorf("got %q, want reason 99", got)
	}
}

func TestCrashLines(t *testing.T) {
	for line, want := range map[string]Reason{
		"fatal error: out of memory":                                    MemoryLimit,
		"fatal error: runtime: out of memory":                           MemoryLimit,
		"fatal error: runtime: cannot allocate memory":                  MemoryLimit,
		"fatal error: out of memory (stackalloc)":                       MemoryLimit,
		"fatal error: out of memory allocating heap arena map":          MemoryLimit,
		"fatal error: runtime: cannot map pages in arena address space": MemoryLimit,
		"runtime: out of memory: cannot allocate 4194304-byte block":    MemoryLimit,
		"runtime: goroutine stack exceeds 33554432-byte limit":          StackLimit,
		"fatal error: stack overflow":                                   StackLimit,
		"fatal error: all goroutines are asleep - deadlock!":            Crashed,
		"fatal error: concurrent map writes":                            Crashed,
		"panic: runtime error: index out of range [1] with length 0":    Crashed,
		"SIGQUIT: quit": Crashed,
		"runtime/cgo: pthread_create failed: Resource temporarily unavailable": MemoryLimit,
		"SIGSEGV: segmentation violation":                                      Crashed,
		"PC=0x433d7d m=3 sigcode=1 addr=0x0":                                   MemoryLimit,
		"PC=0x433d7d m=3 sigcode=0 addr=0x0":                                   0,
		"PC=0x433d7d m=3 sigcode=1 addr=0x7f0012345678":                        0,
		"worker: not started by a supervisor":                                  0,
		"\tpanic: again":                                                       0,
		"":                                                                     0,
	} {
		if got := crashReason(line); got != want {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
}

func TestCrashKeepsItsBeginning(t *testing.T) {
	c := newCrash()
	noise, trace := strings.Repeat("noise\n", 50_000), strings.Repeat("goroutine 7 [running]:\n", 10_000)
	text := noise + "panic: oh\n" + trace + "fatal error: out of memory\n"
	c.read(&trickle{text: text, step: 1000})
	if c.first != "panic: oh" || c.reason != MemoryLimit {
		t.Errorf("got %q, %v, want panic: oh and the memory limit", c.first, c.reason)
	}
	if got := string(c.kept()); len(got) != MaxStderr || !strings.HasPrefix(got, "panic: oh\ngoroutine 7") {
		t.Errorf("kept %d octets, %.40q, want %d from the panic on", len(got), got, MaxStderr)
	}
	select {
	case <-c.enough:
	default:
		t.Error("more than is kept came, and it was not said")
	}
}

func TestStderrKeepsItsEnd(t *testing.T) {
	c := newCrash()
	c.read(&trickle{text: strings.Repeat("x", 300_000) + "\nthe end", step: 777})
	if got := string(c.kept()); len(got) != MaxStderr || !strings.HasSuffix(got, "x\nthe end") || c.reason != 0 {
		t.Errorf("kept %d octets, reason %v, want %d with the end and none", len(got), c.reason, MaxStderr)
	}
	if len(c.line) > maxCrashLine {
		t.Errorf("a line of %d octets was held", len(c.line))
	}
}

// trickle is a pipe that gives a few octets at a time.
type trickle struct {
	text string
	step int
}

func (r *trickle) Read(p []byte) (int, error) {
	if r.text == "" {
		return 0, errors.New("no more")
	}
	n := copy(p, r.text[:min(r.step, len(r.text))])
	r.text = r.text[n:]
	return n, nil
}
