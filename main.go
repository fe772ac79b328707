// Command popherd runs Lua scripts over POP3 maildrops.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones on machines that have none

	"github.com/popherd/popherd/internal/cli"
	"github.com/popherd/popherd/internal/secret"
)

func main() {
	secret.ForbidCore()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	code := cli.Main(ctx, cli.Env{
		Args:       os.Args[1:],
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Getenv:     os.Getenv,
		Executable: self,
	})
	stop()
	os.Exit(code)
}
