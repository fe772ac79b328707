//go:build unix

package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// compiled is the program as it is shipped: signals are main's concern, and
// TestMain has none of main's code.
func compiled(t *testing.T) string {
	t.Helper()
	// Reading the file is what tells the test cache that this test depends on it.
	if _, err := os.ReadFile(filepath.Join("..", "..", "main.go")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "popherd-compiled")
	build := exec.Command("go", "build", "-o", path, "../..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// Ctrl-C deletes nothing and says so, wherever the run is, as long as QUIT is
// not on its way.
func TestDovecotInterrupted(t *testing.T) {
	t.Parallel()
	program := compiled(t)
	t.Run("in the script", func(t *testing.T) { interruptScript(t, program) })
	t.Run("before QUIT", func(t *testing.T) { interruptBeforeQuit(t, program) })
	t.Run("at QUIT", func(t *testing.T) { interruptAtQuit(t, program) })
}

// interruptScript interrupts scripts that loop, or wait for a server. A
// terminal sends SIGINT to the whole process group, kill to one process.
func interruptScript(t *testing.T, program string) {
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	for _, test := range []struct {
		name, ending string
		signal       syscall.Signal
		group        bool
	}{
		{"loop", "loop", syscall.SIGINT, false},
		{"wait", "wait", syscall.SIGINT, false},
		{"Ctrl-C in a loop", "loop", syscall.SIGINT, true},
		{"Ctrl-C in a wait", "wait", syscall.SIGINT, true},
		{"SIGTERM", "loop", syscall.SIGTERM, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := marking(t, s, u, test.ending, "--allow-delete", "--trace", "-o", "json")
			r := startAs(t, &syscall.SysProcAttr{Setpgid: true}, program, append(args, silent(t))...)
			r.stderr.await(t, "C: NOOP")
			pid := r.cmd.Process.Pid
			if test.group {
				pid = -pid
			}
			if err := syscall.Kill(pid, test.signal); err != nil {
				t.Fatal(err)
			}
			r.ends(130)
			r.outcomeIs("aborted", "interrupted")
			r.says("interrupted")
			if strings.Contains(r.stderr.String(), "C: DELE") {
				t.Error("a DELE was sent before quit")
			}
			holds(t, s, u, messages)
		})
	}
	t.Run("what people see", func(t *testing.T) {
		r := start(t, program, marking(t, s, u, "loop", "--allow-delete", "--trace")...)
		r.stderr.await(t, "C: NOOP")
		if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		r.ends(130)
		want := "(nothing changed: interrupted)\n"
		if got := r.stdout.String(); !strings.HasSuffix(got, want) {
			t.Errorf("got %q, want it to end with %q", got, want)
		}
		holds(t, s, u, messages)
	})
}

// interruptBeforeQuit interrupts while the DELEs are on their way.
func interruptBeforeQuit(t *testing.T, program string) {
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	here := commandAt("DELE", 150)
	reached, ended := make(chan struct{}), make(chan struct{})
	proxy := startProxy(t, s.Addr(), func(_ *link, line string) (string, bool) {
		if here(line) {
			close(reached)
			<-ended
		}
		return line, true
	})
	r := start(t, program, markingAt(t, proxy, u, "quit")...)
	<-reached
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	r.ends(130)
	close(ended)
	r.outcomeIs("aborted", "interrupted")
	holds(t, s, u, messages)
}

// interruptAtQuit interrupts when QUIT is on its way: popherd waits for the
// answer, since else nobody would know the outcome.
func interruptAtQuit(t *testing.T, program string) {
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	reached, interrupted := make(chan struct{}), make(chan struct{})
	proxy := startProxy(t, s.Addr(), func(_ *link, line string) (string, bool) {
		if line == "QUIT" {
			close(reached)
			<-interrupted
		}
		return line, true
	})
	r := start(t, program, markingAt(t, proxy, u, "quit")...)
	<-reached
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	close(interrupted)
	r.wait()
	r.outcomeIs("committed", "")
	holds(t, s, u, kept(messages))
}
