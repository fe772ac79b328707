package cli

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the examples print to their want.txt")

// TestExamples runs the command that each example's README shows, on the day
// that the READMEs speak of, and compares what it prints with want.txt.
func TestExamples(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	folders, err := filepath.Glob("examples/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) { runExample(t, folder) })
	}
}

func runExample(t *testing.T, folder string) {
	mail, err := os.ReadFile(filepath.Join(folder, "inbox.mbox"))
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	status := Main(t.Context(), Env{
		Args:   exampleArgs(t, folder),
		Stdin:  strings.NewReader(""),
		Stdout: &stdout,
		Stderr: &stderr,
		Getenv: func(name string) string { return map[string]string{"LOGNAME": "you"}[name] },
		Now:    func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) },
	})
	if status != 0 || stderr.Len() > 0 {
		t.Errorf("got status %d and %q on standard error, want 0 and none", status, stderr.String())
	}
	wantFile := filepath.Join(folder, "want.txt")
	if *update {
		if err := os.WriteFile(wantFile, stdout.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(wantFile)
	if err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if after, _ := os.ReadFile(filepath.Join(folder, "inbox.mbox")); !bytes.Equal(after, mail) {
		t.Error("the mail was changed")
	}
}

// exampleArgs finds the command in the README.
func exampleArgs(t *testing.T, folder string) []string {
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(readme)) {
		if args, ok := strings.CutPrefix(line, "go run . "); ok {
			return strings.Fields(args)
		}
	}
	t.Fatalf("%s/README.md shows no command that begins with: go run .", folder)
	return nil
}
