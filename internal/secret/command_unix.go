//go:build unix

package secret

import (
	"os/exec"
	"syscall"
)

// ownSession puts a command into a session of its own, all of which is killed
// when its time is over. It then has no terminal: a command that asks for one
// fails at once, where one in the background of ours would be stopped and wait.
func ownSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
