package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/popherd/popherd/internal/config"
	local "github.com/popherd/popherd/internal/maildrop"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
)

// severalError is some of several maildrops or accounts that failed, which was
// said of each already.
type severalError struct {
	noun        string // "maildrop" or "account"
	failed, all int
	status      int  // of the command
	interrupted bool // so that some, or all, of those that failed did not come to an end
}

func (e *severalError) Error() string {
	if e.interrupted {
		return fmt.Sprintf("interrupted; %d of %d %ss are done", e.all-e.failed, e.all, e.noun)
	}
	if e.failed == e.all {
		return fmt.Sprintf("all %d %ss failed", e.all, e.noun)
	}
	return fmt.Sprintf("%d of %d %ss failed; the others are done", e.failed, e.all, e.noun)
}

// Several are the maildrops, or the accounts, that one command is over.
type several struct {
	noun  string
	lanes []lane
	limit int // of lanes at once
}

// A lane is the run over one of several.
type lane struct {
	name     string // of the maildrop, or the account
	maildrop string // the same, if it is one
	perform  func(ctx context.Context, out outside) (*run.Report, error)

	twin int // the lane before it that is over the same maildrop, which it waits for; -1 for none

	report *run.Report
	err    error
	over   chan struct{} // closed when it was performed
	done   chan struct{} // and all that was printed before it and by it is written
}

// overMaildrops are a lane for each maildrop, as many at once as there are
// processors.
func (sh *shell) overMaildrops(j *job) *several {
	s := &several{noun: "maildrop", limit: runtime.GOMAXPROCS(0)}
	for _, path := range j.Flags.Maildrops {
		s.lanes = append(s.lanes, lane{name: path, maildrop: path, twin: -1, perform: func(ctx context.Context, out outside) (*run.Report, error) {
			return sh.runOver(ctx, *j, path, out)
		}})
	}
	return s
}

// overAccounts are a lane for each account. They mostly wait for servers, so
// that there are more at once than processors: one that hangs keeps few others.
// Accounts that are the same maildrop, which servers lock, run one by one.
func (sh *shell) overAccounts(j *job) *several {
	s := &several{noun: "account", limit: j.Flags.Parallel}
	for i, a := range j.Accounts {
		own := *j
		own.Accounts, own.Account = []config.Account{a}, a.Name
		s.lanes = append(s.lanes, lane{name: a.Name, twin: twin(j.Accounts, i), perform: func(ctx context.Context, out outside) (*run.Report, error) {
			return sh.perform(ctx, &own, out)
		}})
	}
	return s
}

// twin is the last account before one that is the same maildrop, or -1.
func twin(accounts []config.Account, i int) int {
	for j := i - 1; j >= 0; j-- {
		if sameMaildrop(accounts[j], accounts[i]) {
			return j
		}
	}
	return -1
}

// sameMaildrop reports whether two accounts are the same user of a server.
func sameMaildrop(a, b config.Account) bool {
	return maildropOf(a) == maildropOf(b)
}

// runSeveral does the job in each lane. Each is a run of its own, in a process
// of its own: what one prints, plans and fails at is kept apart from the others.
func (sh *shell) runSeveral(ctx context.Context, s *several, script string, out outside) (*run.Report, error) {
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
	ended := make(chan struct{}, len(s.lanes))
	free := make(chan struct{}, s.limit)
	for i := range s.lanes {
		l := &s.lanes[i]
		l.over, l.done = make(chan struct{}), make(chan struct{})
		go func() {
			defer close(l.done)
			if l.twin >= 0 {
				<-s.lanes[l.twin].over
			}
			own := out
			printed := &gathered{mu: &writing, to: out.stdout}
			own.stdout = printed
			free <- struct{}{} // runs end by themselves, and once ctx does
			l.report, l.err = l.perform(ctx, own)
			<-free
			close(l.over)
			ended <- struct{}{}
			if i > 0 {
				<-s.lanes[i-1].done // what was printed stays in the order of the command line
			}
			if err := printed.end(); l.err == nil {
				l.err = err
			}
		}()
	}
	for i := range s.lanes {
		<-ended
		writing.Lock()
		progress(s.noun+"s", i+1, len(s.lanes))
		writing.Unlock()
	}
	<-s.lanes[len(s.lanes)-1].done
	return sh.together(ctx, s, script)
}

// together makes one report and one error of all.
func (sh *shell) together(ctx context.Context, s *several, script string) (*run.Report, error) {
	all := &run.Report{Script: script, Accounts: []run.Account{}}
	failed := &severalError{noun: s.noun, all: len(s.lanes), status: exitSomeFailed}
	for i := range s.lanes {
		l := &s.lanes[i]
		if l.err != nil {
			failed.failed++
			if ctx.Err() == nil || exitStatus(l.err) != exitInterrupted { // which is said once
				sh.complain(l.named(s.noun))
			}
		}
		all.Accounts = append(all.Accounts, l.accounts()...)
		if l.report != nil {
			all.DryRun = all.DryRun || l.report.DryRun
			all.Rules = all.Rules || l.report.Rules
		}
	}
	switch {
	case failed.failed == 0:
		return all, nil
	case errors.Is(ctx.Err(), context.Canceled):
		failed.status, failed.interrupted = exitInterrupted, true
	case failed.failed == len(s.lanes): // why says more than that
		failed.status = exitStatus(s.lanes[0].err)
	}
	return all, failed
}

// named is the lane's error with its name, which errors of opening it have.
func (l *lane) named(noun string) error {
	if errors.Is(l.err, local.ErrUnreadable) || errors.Is(l.err, local.ErrNotMaildrop) || l.isNamed(noun) {
		return l.err
	}
	if noun == "account" {
		return fmt.Errorf("account %s: %w", l.name, l.err)
	}
	return fmt.Errorf("%s %q: %w", noun, l.name, l.err)
}

// isNamed reports whether the lane's error says its name already.
func (l *lane) isNamed(noun string) bool {
	text := l.err.Error()
	return strings.Contains(text, fmt.Sprintf("%s %q", noun, l.name)) || strings.Contains(text, noun+" "+l.name+":")
}

// accounts are those of one lane; a failure stands with them.
func (l *lane) accounts() []run.Account {
	var accounts []run.Account
	if l.report != nil {
		accounts = l.report.Accounts
	}
	if len(accounts) == 0 && l.err != nil {
		accounts = []run.Account{{Account: l.name, Plan: []run.Row{}, Outcome: plan.Aborted.String(), Why: l.err.Error()}}
	}
	for i := range accounts {
		accounts[i].Maildrop = l.maildrop
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
