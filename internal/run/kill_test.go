//go:build unix

package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// killedTask makes of this test binary a process that performs a task, and
// kills itself at an operation.
const killedTask = "RUN_TEST_KILLED_TASK"

// A killing is what such a process is told.
type killing struct {
	Task task
	At   int
	Late bool
}

// TestKilledTask is the process that is killed.
func TestKilledTask(t *testing.T) {
	told := os.Getenv(killedTask)
	if told == "" {
		t.Skip("this is for TestKilledEverywhere")
	}
	var k killing
	if err := json.Unmarshal([]byte(told), &k); err != nil {
		t.Fatal(err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	f := &faults{at: k.At, late: k.Late, kill: func() {
		self.Kill()
		select {}
	}}
	o, err := k.Task.options(f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
}

// killed performs the next run in a process that is killed at an operation, and
// reports whether it came to that.
func (w *world) killed(at int, late bool) bool {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	w.task.Run++
	told, err := json.Marshal(killing{w.task, at, late})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestKilledTask$")
	cmd.Env = append(os.Environ(), killedTask+"="+string(told), "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	w.sessions.wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return false
	case errors.As(err, &exit) && !exit.Exited() && ctx.Err() == nil:
		return true
	}
	w.t.Fatalf("the process that is to be killed at operation %d: %v\n%s", at, err, out)
	return false
}

// Wherever the process is killed in a run that delivers and deletes 50
// messages: no message is lost, and after a clean run each was delivered once.
func TestKilledEverywhere(t *testing.T) {
	each := thorough(t, 2, 10)
	for _, p := range somePlaces() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			counter := &faults{}
			w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
			if _, err := w.run(counter); err != nil {
				t.Fatal(err)
			}
			var all sum
			missed := 0
			for i, at := range points(counter.ops, each) {
				late := i%2 == 1 || counter.ops[at-1] == "send QUIT" // which is whole then
				w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
				if !w.killed(at, late) {
					missed++
				}
				all.settled(w, fmt.Sprintf("killed at operation %d, %q, late %v", at, counter.ops[at-1], late))
				w.close()
			}
			all.of = len(counter.ops)
			t.Logf("%v; %d processes ended before", &all, missed)
		})
	}
}
