package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/run"
)

// hangLimit ends a popherd, and with it a test, that hangs.
const hangLimit = 90 * time.Second

// A running is one popherd of a test's.
type running struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr transcript
}

// popherd is the program: this test binary, which TestMain lets be popherd
// under that name. It has the race detector if the test has it.
func popherd(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("popherd")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts "program run args...".
func start(t *testing.T, program string, args ...string) *running {
	return startAs(t, nil, program, args...)
}

// startWith is start with something on standard input.
func startWith(t *testing.T, stdin, program string, args ...string) *running {
	return startFull(t, strings.NewReader(stdin), nil, program, args...)
}

func startAs(t *testing.T, attributes *syscall.SysProcAttr, program string, args ...string) *running {
	return startFull(t, nil, attributes, program, args...)
}

func startFull(t *testing.T, stdin io.Reader, attributes *syscall.SysProcAttr, program string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangLimit)
	r := &running{t: t, cmd: exec.CommandContext(ctx, program, append([]string{"run"}, args...)...)}
	// The race detector would sleep a second before each exit.
	r.cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME=", "XDG_STATE_HOME=", "POPHERD_CONFIG=", "GORACE=atexit_sleep_ms=0")
	r.cmd.Stdin, r.cmd.Stdout, r.cmd.Stderr = stdin, &r.stdout, &r.stderr
	r.cmd.SysProcAttr = attributes
	if err := r.cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = r.cmd.Wait() // of a test that failed before it waited
	})
	return r
}

// wait returns when the process has ended, and leaves its status in
// r.cmd.ProcessState.
func (r *running) wait() {
	r.t.Helper()
	var exit *exec.ExitError
	if err := r.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	if said := r.stderr.String(); strings.Contains(said, "DATA RACE") || strings.Contains(said, "panic:") {
		r.t.Errorf("popherd has a fault:\n%s", said)
	}
}

// runPopherd is popherd from start to end; the status must be want.
func runPopherd(t *testing.T, want int, args ...string) *running {
	t.Helper()
	r := start(t, popherd(t), args...)
	r.ends(want)
	return r
}

// ends waits for the end and checks the exit status.
func (r *running) ends(want int) {
	r.t.Helper()
	r.wait()
	if got := r.cmd.ProcessState.ExitCode(); got != want {
		r.t.Errorf("got exit status %d (%v), want %d\nstdout:\n%s\nstderr:\n%s",
			got, r.cmd.ProcessState, want, r.stdout.String(), r.stderr.String())
	}
}

// says checks that standard error has each of the texts.
func (r *running) says(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		if got := r.stderr.String(); !strings.Contains(got, text) {
			r.t.Errorf("standard error does not say %q, but:\n%s", text, got)
		}
	}
}

// account is the report of a run with -o json over one account.
func (r *running) account() run.Account {
	r.t.Helper()
	var report run.Report
	if err := json.Unmarshal([]byte(r.stdout.String()), &report); err != nil {
		r.t.Fatalf("report: %v\n%s", err, r.stdout.String())
	}
	if len(report.Accounts) != 1 {
		r.t.Fatalf("got %d accounts in the report, want 1\n%s", len(report.Accounts), r.stderr.String())
	}
	return report.Accounts[0]
}

// A transcript is what a process wrote so far.
type transcript struct {
	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // closed at the next Write; nil if nobody waits
}

// Write implements io.Writer.
func (w *transcript) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
	return w.text.Write(p)
}

func (w *transcript) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// await returns once text was written.
func (w *transcript) await(t *testing.T, text string) {
	t.Helper()
	hung := time.After(hangLimit)
	for {
		w.mu.Lock()
		if w.changed == nil {
			w.changed = make(chan struct{})
		}
		changed, there := w.changed, bytes.Contains(w.text.Bytes(), []byte(text))
		w.mu.Unlock()
		if there {
			return
		}
		select {
		case <-changed:
		case <-hung:
			t.Fatalf("no %q after %v, but:\n%s", text, hangLimit, w.String())
		}
	}
}
