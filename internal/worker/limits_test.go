package worker

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

func needLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the kernel limits memory on Linux only")
	}
}

const outOfMemoryDetail = "the run needed more than 128 MB of memory"

func TestMemoryBombs(t *testing.T) {
	needLinux(t)
	if raceEnabled {
		t.Skip("the race detector takes more memory than the bombs")
	}
	for _, bomb := range []string{"append", "one", "doubling", "goroutines", "map"} {
		t.Run(bomb, func(t *testing.T) {
			end := run(t, t.Context(), options(bomb, ""))
			check(t, end, MemoryLimit, outOfMemoryDetail)
			t.Logf("%s: dead after %v, peak %.1f MB, %v of processor time, %q", bomb, end.Wall.Round(time.Millisecond), float64(end.Memory)/(1<<20), end.CPU, end.Log)
			if most := int64(testMemory + memoryMargin); end.Memory > most {
				t.Errorf("peak %d octets, want at most %d", end.Memory, most)
			}
		})
	}
}

// 40 MB in use and 3 GB of garbage are no reason to die under 128 MB.
func TestInnocentsLive(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory of its own")
	}
	for range 20 {
		end := run(t, t.Context(), options("churn", ""))
		check(t, end, Done, "")
		if string(end.Result) != "clean" {
			t.Fatalf("got %q, want clean", end.Result)
		}
		t.Logf("peak %.1f MB, %v", float64(end.Memory)/(1<<20), end.Wall.Round(time.Millisecond))
	}
}

// Where the kernel does not help, the worker looks itself.
func TestWorkerWatchesItself(t *testing.T) {
	o := options("watched", "")
	o.Limits.Memory = 4 << 30 // that no other limit is first
	end := run(t, t.Context(), o)
	check(t, end, MemoryLimit, "the run needed more than 4096 MB of memory")
	t.Logf("peak %.1f MB for a limit of 128 MB", float64(end.Memory)/(1<<20))
}

// The supervisor's look is the second means: this one sets no limits on itself.
func TestSupervisorWatchesMemory(t *testing.T) {
	needLinux(t)
	o := program("eat")
	o.Limits.Memory = MinMemory
	end := run(t, t.Context(), o)
	check(t, end, MemoryLimit, outOfMemoryDetail)
	if end.Log != "signal: killed" {
		t.Errorf("log %q, want a kill", end.Log)
	}
	t.Logf("peak %.1f MB, dead after %v", float64(end.Memory)/(1<<20), end.Wall)
}

func TestRecursionWithoutEnd(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory of its own")
	}
	end := run(t, t.Context(), options("recursion", ""))
	check(t, end, StackLimit, "the run went too deep: something in it calls itself without end")
	t.Logf("dead after %v, peak %.1f MB", end.Wall.Round(time.Millisecond), float64(end.Memory)/(1<<20))
}

func TestProcessorTime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no limit of processor time")
	}
	o := options("spin", "")
	o.Limits.CPU = 300 * time.Millisecond
	end := run(t, t.Context(), o)
	check(t, end, CPULimit, "the run used more than 1s of processor time")
	t.Logf("%v of processor time, %v", end.CPU, end.Wall)
}

func TestWallTime(t *testing.T) {
	for _, mode := range []string{"spin", "wait"} {
		o := options(mode, "")
		o.Limits.Wall = 50 * time.Millisecond
		end := run(t, t.Context(), o)
		check(t, end, WallLimit, "the run took longer than 50ms")
		if end.Wall < o.Limits.Wall {
			t.Errorf("%s: ended after %v, want %v", mode, end.Wall, o.Limits.Wall)
		}
		t.Logf("%s: %v", mode, end.Wall)
	}
}

func TestFilesAreLimited(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no limit of files")
	}
	path := t.TempDir() + "/file"
	o := options("write", path)
	if end := run(t, t.Context(), o); !strings.Contains(string(end.Result), "file too large") {
		t.Errorf("without a grant: got %v, %q, want an error", end.Reason, end.Result)
	}
	o.Limits.FileSize = 1 << 20
	if end := run(t, t.Context(), o); string(end.Result) != "<nil>" {
		t.Errorf("with a grant: got %v, %q, want no error", end.Reason, end.Result)
	}
	o = options("open", "")
	o.Limits.Files = 20
	if end := run(t, t.Context(), o); len(end.Result) != 2 || end.Result[0] != '1' {
		t.Errorf("opened %s files, want some fewer than 20", end.Result)
	}
}

func TestTooLittleMemoryIsRefused(t *testing.T) {
	o := options("echo", "")
	o.Limits.Memory = 64 << 20
	_, err := Run(t.Context(), o)
	if want := "memory limit: 64 MB, less than the 128 MB that a run needs"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
