//go:build unix

package worker

import (
	"os"
	"syscall"
)

// killGroup kills a process and its group. Signal 0 makes sure that the number
// is still that process's, where the kernel cannot hold it for us.
func killGroup(p *os.Process) {
	if p.Signal(syscall.Signal(0)) != nil {
		return
	}
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // the group may be gone already
}

// cpuSignal comes with RLIMIT_CPU, where the kernel does not kill at once.
const cpuSignal = syscall.SIGXCPU
