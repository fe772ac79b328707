package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	local "github.com/popherd/popherd/internal/maildrop"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
)

// severalError is some of several maildrops that failed, which was said of each
// already.
type severalError struct {
	failed, all int
	status      int // of the command
}

func (e *severalError) Error() string {
	if e.failed == e.all {
		return fmt.Sprintf("all %d maildrops failed", e.all)
	}
	return fmt.Sprintf("%d of %d maildrops failed; the others are done", e.failed, e.all)
}

// A lane is the run over one of several maildrops.
type lane struct {
	report *run.Report
	err    error
	done   chan struct{}
}

// runSeveral does the job over each maildrop, as many at once as there are
// processors. Each is a run of its own, in a process of its own: what one
// prints, plans and fails at is kept apart from the others.
func (sh *shell) runSeveral(ctx context.Context, j *job, out outside) (*run.Report, error) {
	var writing sync.Mutex // standard output and error
	talk := &locked{mu: &writing, w: out.talk}
	log := out.log
	out.talk = talk
	out.log = func(level, message string, fields map[string]string) {
		writing.Lock()
		defer writing.Unlock()
		log(level, message, fields)
	}
	progress := out.progress
	out.progress = func(string, int, int) {}
	maildrops := j.Flags.Maildrops
	lanes := make([]lane, len(maildrops))
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range lanes {
		lanes[i].done = make(chan struct{})
		go func() {
			defer close(lanes[i].done)
			own := out
			printed := &gathered{mu: &writing, to: out.stdout}
			own.stdout = printed
			free <- struct{}{} // runs end by themselves, and once ctx does
			lanes[i].report, lanes[i].err = sh.runOver(ctx, *j, maildrops[i], own)
			<-free
			if i > 0 {
				<-lanes[i-1].done // what was printed stays in the order of the command line
			}
			if err := printed.end(); lanes[i].err == nil {
				lanes[i].err = err
			}
		}()
	}
	for i := range lanes {
		<-lanes[i].done
		writing.Lock()
		progress("maildrops", i+1, len(lanes))
		writing.Unlock()
	}
	return sh.together(j, lanes)
}

// together makes one report and one error of all.
func (sh *shell) together(j *job, lanes []lane) (*run.Report, error) {
	all := &run.Report{Script: j.Name, Accounts: []run.Account{}}
	failed := &severalError{all: len(lanes), status: exitSomeFailed}
	for i := range lanes {
		l, maildrop := &lanes[i], j.Flags.Maildrops[i]
		if l.err != nil {
			failed.failed++
			sh.complain(named(maildrop, l.err))
		}
		all.Accounts = append(all.Accounts, l.accounts(maildrop)...)
		if l.report != nil {
			all.DryRun = all.DryRun || l.report.DryRun
			all.Rules = all.Rules || l.report.Rules
		}
	}
	switch failed.failed {
	case 0:
		return all, nil
	case len(lanes): // why says more than that
		failed.status = exitStatus(lanes[0].err)
	}
	return all, failed
}

// named is err with the maildrop's name, which errors of opening it have.
func named(maildrop string, err error) error {
	if errors.Is(err, local.ErrUnreadable) || errors.Is(err, local.ErrNotMaildrop) {
		return err
	}
	return fmt.Errorf("maildrop %q: %w", maildrop, err)
}

// accounts are those of one maildrop; a failure stands with them.
func (l *lane) accounts(maildrop string) []run.Account {
	var accounts []run.Account
	if l.report != nil {
		accounts = l.report.Accounts
	}
	if len(accounts) == 0 && l.err != nil {
		accounts = []run.Account{{Account: maildrop, Plan: []run.Row{}, Outcome: plan.Aborted.String(), Why: l.err.Error()}}
	}
	for i := range accounts {
		accounts[i].Maildrop = maildrop
		if l.err != nil {
			accounts[i].Error = faultOf(l.err)
		}
	}
	return accounts
}

// locked is a stream that several write to.
type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(octets []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(octets)
}

// gathered keeps what a script prints until it commits or ends, so that it
// comes out in one piece.
type gathered struct {
	mu    *sync.Mutex
	to    printer
	kept  bytes.Buffer
	spilt *os.File // what no longer fits in kept
}

// maxKept is how much of what was printed is kept in memory.
const maxKept = 1 << 20

// Write implements printer.
func (g *gathered) Write(octets []byte) (int, error) {
	if g.kept.Len()+len(octets) > maxKept {
		if err := g.spill(); err != nil {
			return 0, err
		}
	}
	return g.kept.Write(octets)
}

func (g *gathered) spill() (err error) {
	if g.spilt == nil {
		if g.spilt, err = os.CreateTemp("", "popherd-"); err != nil {
			return &outputError{"a temporary file: " + pathReason(err)}
		}
	}
	if _, err := g.kept.WriteTo(g.spilt); err != nil {
		return &outputError{"a temporary file: " + pathReason(err)}
	}
	return nil
}

// Flush writes what was gathered.
func (g *gathered) Flush() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.spilt != nil {
		if err := g.unspill(); err != nil {
			return err
		}
	}
	if _, err := g.kept.WriteTo(g.to); err != nil {
		return err
	}
	return g.to.Flush()
}

// unspill writes what the temporary file has, and empties it.
func (g *gathered) unspill() error {
	if _, err := g.spilt.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if _, err := io.Copy(g.to, g.spilt); err != nil {
		return err
	}
	if err := g.spilt.Truncate(0); err != nil {
		return err
	}
	_, err := g.spilt.Seek(0, io.SeekStart)
	return err
}

// end writes what is left, and removes the temporary file.
func (g *gathered) end() error {
	err := g.Flush()
	if g.spilt != nil {
		err = errors.Join(err, g.spilt.Close(), os.Remove(g.spilt.Name()))
		g.spilt = nil
	}
	return err
}
