package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// BenchmarkEmptyScript starts popherd with an empty script, worker process and
// all, and the same in one process, and tells the wall time of each, their
// ratio, and the most memory that the first had resident.
func BenchmarkEmptyScript(b *testing.B) {
	dir := b.TempDir()
	program := filepath.Join(dir, "popherd")
	if out, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	script := filepath.Join(dir, "empty.lua")
	if err := os.WriteFile(script, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	var whole, inside time.Duration
	var resident int64
	for b.Loop() {
		cmd := exec.Command(program, "run", script)
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		whole += time.Since(start)
		resident = max(resident, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)

		start = time.Now()
		var out bytes.Buffer
		env := Env{Args: []string{"run", script}, Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
		if status := Main(context.Background(), env); status != 0 {
			b.Fatalf("status %d: %s", status, out.String())
		}
		inside += time.Since(start)
	}
	b.ReportMetric(float64(whole.Microseconds())/1000/float64(b.N), "ms/run")
	b.ReportMetric(float64(whole)/float64(inside), "x-in-process")
	b.ReportMetric(float64(resident)/1024, "MB-resident")
}
