package cli

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"testing"

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
