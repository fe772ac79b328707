//go:build unix && !linux

package worker

import (
	"os"
	"os/exec"
	"syscall"
)

// apart gives the command a process group.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// awaitEnd does nothing where there is no way to wait without reaping.
func awaitEnd(int) bool { return false }

// jobPipe opens a pipe.
func jobPipe() (r, w *os.File, err error) { return os.Pipe() }
