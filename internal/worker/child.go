package worker

import (
	"os/exec"
	"runtime"
	"sync"
)

// A child is a started command.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended and was waited for

	mu     sync.Mutex
	reaped bool // its number may be another's by now
}

// launch starts cmd in a process group of its own.
func launch(cmd *exec.Cmd) (*child, error) {
	apart(cmd)
	c := &child{cmd: cmd, ended: make(chan struct{})}
	started := make(chan error)
	go c.live(started)
	return c, <-started
}

// live starts the command and waits for its end, on one thread: the kernel
// sends the death signal when the thread that started a child ends, not the
// process, so that this thread must last.
func (c *child) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.ended)
	err := c.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	if awaitEnd(c.cmd.Process.Pid) {
		c.kill() // what it left of its group
	}
	_ = c.cmd.Wait() // how it ended is in its state
	c.mu.Lock()
	c.reaped = true
	c.mu.Unlock()
}

// kill kills the whole group, unless the child was waited for.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		killGroup(c.cmd.Process)
	}
}
