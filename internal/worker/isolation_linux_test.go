package worker

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestEnvironment(t *testing.T) {
	t.Setenv("POPHERD_SECRET", "leaked")
	o := options("environ", "")
	if end := run(t, t.Context(), o); string(end.Result) != "" {
		t.Errorf("got %q, want none", end.Result)
	}
	o.Env = []string{"TZ=UTC", "A=b"}
	if end := run(t, t.Context(), o); string(end.Result) != "TZ=UTC\nA=b" {
		t.Errorf("got %q, want what was listed", end.Result)
	}
}

// Only 0, 1 and 2 reach the worker, whatever the supervisor has open.
func TestDescriptors(t *testing.T) {
	secret, err := os.Open("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	leaky, err := unix.Dup(int(secret.Fd())) // not close-on-exec, as if inherited
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaky)
	end := run(t, t.Context(), options("files", ""))
	check(t, end, Done, "")
	for i, line := range strings.Split(string(end.Result), "\n") {
		n, target, _ := strings.Cut(line, " ")
		switch {
		case i <= 2 && n == strconv.Itoa(i) && strings.HasPrefix(target, "pipe:"):
		case strings.HasPrefix(target, "/sys/fs/cgroup/"): // Go's own: how many processors it may use
		default:
			t.Errorf("the worker has %s open", line)
		}
	}
}

func TestGroupOfItsOwn(t *testing.T) {
	s, err := start(options("wait", "").filled())
	if err != nil {
		t.Fatal(err)
	}
	pid := s.child.cmd.Process.Pid
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("group %d, %v, want %d", group, err, pid)
	}
	s.Event = func(byte, []byte) error { return s.child.cmd.Process.Signal(syscall.SIGTERM) }
	end, err := s.supervise(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, end, Killed, "the run was ended from outside (signal 15, terminated)")
	if end.Signal != syscall.SIGTERM {
		t.Errorf("signal %v, want %v", end.Signal, syscall.SIGTERM)
	}
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("the worker is still there: %v", err)
	}
}

// awaitDeath waits until a process has ended, whoever its parent is.
func awaitDeath(t *testing.T, pid int, limit time.Duration) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(limit.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if n != 1 {
			unix.Kill(pid, unix.SIGKILL)
			t.Errorf("process %d lives on after %v (%v)", pid, limit, err)
		}
		return
	}
}

// What a worker starts, and what holds its pipes open, ends with it.
func TestStrayChildren(t *testing.T) {
	o := options("stray", "")
	pid := 0
	o.Event = func(_ byte, payload []byte) (err error) {
		pid, err = strconv.Atoi(string(payload))
		return err
	}
	end := run(t, t.Context(), o)
	check(t, end, Done, "")
	if pid == 0 {
		t.Fatal("the worker started no child")
	}
	awaitDeath(t, pid, 10*time.Second)
}

// Kill the supervisor: its worker dies too, one that spins and does not listen
// as well as one that waits.
func TestSupervisorDies(t *testing.T) {
	for _, mode := range []string{"sendSpin", "wait"} {
		cmd := exec.Command(os.Args[0], "process", "supervise", mode)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReader(out).ReadString('\n'); line != "up\n" {
			t.Fatalf("the supervisor says %q, %v", line, err)
		}
		worker := childOf(t, cmd.Process.Pid)
		cmd.Process.Kill()
		cmd.Wait()
		awaitDeath(t, worker, 10*time.Second)
	}
}

// childOf is the only child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	threads, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + thread.Name() + "/children")
		if child, atoi := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && atoi == nil {
			return child
		}
	}
	t.Fatal("the supervisor has no worker")
	return 0
}

// The thread that starts a worker is kept: else its end would kill the worker.
func TestThreadsMayEnd(t *testing.T) {
	o := options("ask", "50")
	answers := 0
	o.Answer = func(_ context.Context, _ byte, _ []byte) ([]byte, error) {
		// A goroutine that ends locked takes its thread with it.
		ended := make(chan bool)
		go func() { runtime.LockOSThread(); close(ended) }()
		<-ended
		answers++
		return nil, nil
	}
	end := run(t, t.Context(), o)
	check(t, end, Done, "")
	if answers != 50 {
		t.Errorf("%d answers, want 50", answers)
	}
}
