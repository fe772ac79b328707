package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runWith begins the first line of a script that needs flags.
const runWith = "-- run with: "

// TestWrongScripts holds what beginners get to read for the slips they make:
// each script in testdata/wrong beside its exit status and standard error.
// The worker is a process of its own, as for a person.
func TestWrongScripts(t *testing.T) {
	worker, err := exec.LookPath("popherd")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("testdata/wrong/*.lua")
	if err != nil || len(scripts) < 25 {
		t.Fatalf("got %d scripts (%v), want 25 or more", len(scripts), err)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			t.Parallel()
			wrongScript(t, worker, filepath.ToSlash(script))
		})
	}
}

func wrongScript(t *testing.T, worker, script string) {
	source, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"run", script}
	first, _, _ := strings.Cut(string(source), "\n")
	if flags, ok := strings.CutPrefix(first, runWith); ok {
		args = append(args, strings.Fields(flags)...)
	}
	var stdout, stderr bytes.Buffer
	status := Main(t.Context(), Env{
		Args:       args,
		Stdin:      strings.NewReader(""),
		Stdout:     &stdout,
		Stderr:     &stderr,
		Getenv:     func(string) string { return "" },
		Executable: worker,
	})
	got := fmt.Sprintf("exit status %d\n%s", status, stderr.String())
	for _, word := range []string{"goroutine ", "runtime error", "panic:", ".go:"} {
		if strings.Contains(got, word) {
			t.Errorf("it speaks Go:\n%s", got)
		}
	}
	golden := strings.TrimSuffix(script, ".lua") + ".txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
