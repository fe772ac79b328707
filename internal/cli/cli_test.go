package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/secret"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be popherd for the scripts.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "popherd" { // what runs remember is not for this machine's user
		dir, err := os.MkdirTemp("", "popherd-state-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		os.Setenv("XDG_STATE_HOME", dir)
	}
	testscript.Main(m, map[string]func(){"popherd": func() {
		secret.ForbidCore()
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		self, err := os.Executable()
		if err != nil {
			panic(err)
		}
		os.Exit(Main(ctx, Env{
			Args:       os.Args[1:],
			Stdin:      os.Stdin,
			Stdout:     os.Stdout,
			Stderr:     os.Stderr,
			Getenv:     os.Getenv,
			Now:        clock(os.Getenv("POPHERD_TEST_CLOCK")),
			Reloads:    hangups,
			Executable: self,
		}))
	}})
}

// hangups tells of each SIGHUP.
func hangups() <-chan struct{} {
	signals, reloads := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for range signals {
			reloads <- struct{}{}
		}
	}()
	return reloads
}

// clock is the clock of a process that a test starts: "BEGIN RATE" has it show
// RATE seconds a second since BEGIN, a moment of Unix time at which it showed
// what all clocks do; nil is the machine's.
func clock(text string) func() time.Time {
	var begin int64
	var rate time.Duration
	if n, _ := fmt.Sscan(text, &begin, &rate); n != 2 {
		return nil
	}
	from := time.Unix(begin, 0)
	return func() time.Time { return from.Add(time.Since(from) * rate) }
}

// TestScripts runs popherd as a person would: testdata/script/*.txtar, each a
// story.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, UpdateScripts: os.Getenv("UPDATE") != ""})
}
