// Command popherd runs Lua scripts over POP3 maildrops.
package main

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	_ "time/tzdata" // zones on machines that have none

	"github.com/popherd/popherd/internal/cli"
	"github.com/popherd/popherd/internal/secret"
)

func main() {
	secret.ForbidCore()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	ctx, hangUp := context.WithCancel(ctx)
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
		Reloads:    hangups(hangUp),
		Executable: self,
	})
	stop()
	os.Exit(code)
}

// hangups ends the command at SIGHUP, as when its terminal is closed, until
// somebody asks for those signals: then each is a wish to reload.
func hangups(end func()) func() <-chan struct{} {
	signals := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signal.Notify(signals, syscall.SIGHUP)
	}
	reloads := make(chan struct{}, 1) // one more while one is carried out is enough
	var asked atomic.Bool
	go func() {
		for range signals {
			if !asked.Load() {
				signal.Reset(syscall.SIGHUP) // the next one ends the process at once
				end()
				return
			}
			select {
			case reloads <- struct{}{}:
			default:
			}
		}
	}()
	return func() <-chan struct{} {
		asked.Store(true)
		signal.Notify(signals, syscall.SIGHUP)
		return reloads
	}
}
