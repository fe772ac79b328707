//go:build !unix

package worker

import (
	"os"
	"os/exec"
	"syscall"
)

func apart(*exec.Cmd) {}

func awaitEnd(int) bool { return false }

// killGroup kills the process; there are no groups here.
func killGroup(p *os.Process) { _ = p.Kill() } // it may have ended already

// cpuSignal does not exist here.
const cpuSignal = syscall.Signal(0)

// jobPipe opens a pipe.
func jobPipe() (r, w *os.File, err error) { return os.Pipe() }
