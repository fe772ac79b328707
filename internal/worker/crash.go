package worker

import (
	"bytes"
	"io"
	"strings"
)

// MaxStderr is how much of a worker's standard error is kept: its last octets,
// or those from where it began to crash.
const MaxStderr = 64 << 10

const maxCrashLine = 512

// outOfMemoryLine is what the worker's own watch says, in the runtime's words.
const outOfMemoryLine = "fatal error: out of memory"

// A crash reads a worker's standard error, all of it, and knows the words with
// which Go's runtime dies.
type crash struct {
	seen   chan struct{} // closed at the first such word
	enough chan struct{} // closed when what follows it is more than is kept

	text   []byte // the last MaxStderr octets; from the crash on, the first
	line   []byte // the current line, cut
	full   bool   // of what followed the crash
	first  string // the line that the crash began with
	reason Reason // 0 if nothing was recognised
}

func newCrash() *crash {
	return &crash{seen: make(chan struct{}), enough: make(chan struct{})}
}

// read reads to the end. Only then the fields may be looked at.
func (c *crash) read(in io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := in.Read(buf)
		c.take(buf[:n])
		if err != nil {
			c.judge(string(c.line))
			return
		}
	}
}

// take takes the next octets, line by line.
func (c *crash) take(p []byte) {
	for len(p) > 0 {
		part, rest, whole := bytes.Cut(p, []byte("\n"))
		room := maxCrashLine - len(c.line)
		c.line = append(c.line, part[:min(len(part), room)]...)
		c.keep(p[:len(p)-len(rest)])
		if whole {
			c.judge(string(c.line))
			c.line = c.line[:0]
		}
		p = rest
	}
}

// keep appends to the text, and cuts it: at its front, until there is a crash.
func (c *crash) keep(p []byte) {
	if c.reason != 0 {
		room := MaxStderr - len(c.text)
		if len(p) > room && !c.full {
			c.full = true
			close(c.enough)
		}
		c.text = append(c.text, p[:min(len(p), room)]...)
		return
	}
	c.text = append(c.text, p...)
	if len(c.text) > 2*MaxStderr {
		c.text = append(c.text[:0], c.text[len(c.text)-MaxStderr:]...)
	}
}

// judge looks at one line. Memory and stack are the better reasons: what they
// end in is a crash too.
func (c *crash) judge(line string) {
	reason := crashReason(line)
	if reason == 0 {
		return
	}
	if c.reason == 0 {
		c.first = line
		c.text = append(c.text[:0], c.text[len(c.text)-min(len(c.text), len(line)+1):]...)
		close(c.seen)
	}
	if c.reason == 0 || c.reason == Crashed {
		c.reason = reason
	}
}

// crashReason knows the lines that Go's runtime prints before it ends a
// program (runtime/panic.go, mem_linux.go, stack.go, signal_unix.go).
func crashReason(line string) Reason {
	switch {
	case strings.HasPrefix(line, "runtime: goroutine stack exceeds"), strings.HasPrefix(line, "fatal error: stack overflow"):
		return StackLimit
	case strings.HasPrefix(line, "runtime: out of memory"), strings.HasPrefix(line, "runtime: cannot allocate memory"):
		return MemoryLimit
	case strings.HasPrefix(line, "fatal error: "):
		for _, words := range []string{"out of memory", "cannot allocate memory", "cannot map pages", "cannot reserve"} {
			if strings.Contains(line, words) {
				return MemoryLimit
			}
		}
		return Crashed
	case unmapped(line), strings.HasPrefix(line, "runtime/cgo: pthread_create failed"): // for want of a stack
		return MemoryLimit
	case strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "SIG") && strings.Contains(line, ": "):
		return Crashed
	}
	return 0
}

// unmapped reports whether the runtime itself touched a page next to address 0,
// which is not mapped: "PC=0x433d7d m=3 sigcode=1 addr=0x0". It does when it
// gets no memory in a place where it does not look (newSpanSPMC of Go 1.26). A
// nil pointer of the program is a panic, and a signal that somebody sent has
// another code.
func unmapped(line string) bool {
	_, address, found := strings.Cut(line, " sigcode=1 addr=0x")
	return found && strings.HasPrefix(line, "PC=") && len(address) <= len("fffff")
}

// kept is the text, no longer than is promised.
func (c *crash) kept() []byte { return c.text[len(c.text)-min(len(c.text), MaxStderr):] }
