package cli

import (
	"context"
	"os"
	"os/signal"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be popherd for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"popherd": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
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
			Executable: self,
		}))
	}})
}

// TestScripts runs popherd as a person would: testdata/script/*.txtar, each a
// story.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, UpdateScripts: os.Getenv("UPDATE") != ""})
}
