package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// An outcome is what one contestant took for one job.
type outcome struct {
	wall, cpu time.Duration // cpu of all its processes, system's and user's
	rss       int64         // octets at the peak of its largest process, if watched
	tally     tally
}

// A tally is what a contestant says it has seen, to be held against the truth.
type tally struct {
	messages     int
	octets, hits int64 // or uncounted
}

// uncounted stands for what a contestant does not count.
const uncounted = -1

// shown is how much of what a program said is in an error.
const shown = 2000

// program runs a program to its end and returns what it printed. watched asks
// for its memory, which costs some time.
func program(ctx context.Context, watched bool, name string, args ...string) (string, outcome, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = patience // once it is killed; its own children end then
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return "", outcome{}, err
	}
	rss := func() int64 { return 0 }
	if watched {
		rss = watch(cmd.Process.Pid)
	}
	err := cmd.Wait()
	o := outcome{wall: time.Since(begin), rss: rss()}
	if err != nil {
		return "", o, fmt.Errorf("%s: %w: %.*s", name, err, shown, stderr.String()+stdout.String())
	}
	// Children that were waited for count as their parent's.
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return stdout.String(), o, nil
}

// readTally finds the line "tally MESSAGES OCTETS HITS" in what a script printed.
func readTally(printed string) (t tally, err error) {
	for line := range strings.Lines(printed) {
		if n, _ := fmt.Sscanf(line, "tally %d %d %d\n", &t.messages, &t.octets, &t.hits); n == 3 {
			return t, nil
		}
	}
	return tally{}, fmt.Errorf("no tally in %.*q", shown, printed)
}
