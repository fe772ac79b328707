package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
)

// A jobByHand is runs of a job that a person waits for.
type jobByHand struct {
	sh  *shell
	e   *jobs.Engine
	bar *progress

	lock  sync.Mutex
	ended int
	all   int
}

// runJobHere makes the runs and works them in this process.
func (sh *shell) runJobHere(ctx context.Context, p jobs.Performer, j config.Job, accounts []string, f jobsRunFlags) error {
	c, err := sh.configuration()
	if err != nil {
		return err
	}
	h := &jobByHand{sh: sh, bar: sh.progressBar(), all: len(accounts)}
	h.e, err = sh.openEngine(ctx, engineOptions{db: f.db, performer: p, notice: h.notice, workers: c.Daemon.Workers, log: sh.runLogger()})
	if err != nil {
		return jobsFault(ctx, err)
	}
	defer h.e.Close()
	ids, err := h.e.Run(ctx, j.Name, accounts, f.dry())
	if err != nil {
		return jobsFault(ctx, err)
	}
	runs, err := h.perform(ctx, ids)
	h.bar.end()
	if err != nil && (runs == nil || ctx.Err() == nil) {
		return jobsFault(ctx, err)
	}
	if err := h.report(context.WithoutCancel(ctx), j, runs, f); err != nil {
		return err
	}
	return h.failed(ctx, j, runs, f.Output != "table" || sh.quiet)
}

// perform works the runs. When the person wants to stop they are cancelled, for
// else a daemon would go on with them.
func (h *jobByHand) perform(ctx context.Context, ids []int64) ([]jobs.Run, error) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	cancelled := make(chan struct{})
	unheard := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		h.cancel(working, ids)
		stop()
	})
	runs, err := h.e.Perform(working, ids)
	if !unheard() {
		<-cancelled
		if runs, err = h.again(ctx, ids); err == nil {
			err = ctx.Err()
		}
	}
	return runs, err
}

// again reads runs as they stand, for some ended after they were looked at.
func (h *jobByHand) again(ctx context.Context, ids []int64) ([]jobs.Run, error) {
	var runs []jobs.Run
	for _, id := range ids {
		r, err := h.e.Show(context.WithoutCancel(ctx), id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// cancelTime is how long a person waits for runs to be cancelled.
const cancelTime = 20 * time.Second

// cancel ends the runs that have not ended.
func (h *jobByHand) cancel(ctx context.Context, ids []int64) {
	ctx, stop := context.WithTimeout(ctx, cancelTime)
	defer stop()
	for _, id := range ids {
		err := h.e.Cancel(ctx, id)
		if err == nil || errors.Is(err, jobs.ErrOver) {
			continue
		}
		h.say("popherd: %v\nhint: runs from %d to %d may not be cancelled; popherd jobs cancel ends one\n", err, id, ids[len(ids)-1])
		return // the database is what fails: so would the others
	}
}

// say tells a person something while runs go on.
func (h *jobByHand) say(format string, args ...any) {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.bar.hide()
	fmt.Fprint(h.sh.Stderr, cleanText(fmt.Sprintf(format, args...)))
}

// notice is told of each attempt that ended.
func (h *jobByHand) notice(o jobs.Order, r jobs.Result, final bool) {
	if final {
		h.lock.Lock()
		defer h.lock.Unlock()
		h.ended++
		h.bar.step("accounts", h.ended, h.all)
		return
	}
	if h.sh.quiet || r.Class != jobs.Temporary {
		return
	}
	when := "later"
	if noted, err := h.e.Show(context.Background(), o.Run); err == nil {
		when = h.sh.away(noted.Due)
	}
	h.say("run %d: %s; it is tried again %s\n", o.Run, clean(ofAccount(o.Account, r.Message)), when)
}

// report tells what became of the runs.
func (h *jobByHand) report(ctx context.Context, j config.Job, runs []jobs.Run, f jobsRunFlags) error {
	whole := f.Output != "table" || len(runs) == 1 || h.sh.verbose
	for i, r := range runs {
		if !whole && !failedRun(r) {
			continue
		}
		read, err := h.e.Show(ctx, r.ID)
		if err != nil {
			return jobsFault(ctx, err)
		}
		runs[i] = read
	}
	if f.Output != "table" {
		return h.sh.writeShown(runs, f.Output)
	}
	if h.sh.quiet {
		return nil
	}
	var b strings.Builder
	if whole {
		for _, r := range runs {
			h.sh.writePlan(&b, r, j)
		}
	} else {
		h.sh.writeHistory(&b, runs, false)
	}
	if _, err := (output{h.sh.Stdout}).Write([]byte(b.String())); err != nil {
		return err
	}
	h.afterwards(j, runs, f, whole)
	return nil
}

// afterwards says what comes next, where that is not told yet.
func (h *jobByHand) afterwards(j config.Job, runs []jobs.Run, f jobsRunFlags, whole bool) {
	if !whole && slices.ContainsFunc(runs, func(r jobs.Run) bool { return r.Class == jobs.Done }) {
		fmt.Fprintln(h.sh.Stderr, "hint: popherd jobs show RUN shows the plan of one")
	}
	first := slices.ContainsFunc(runs, func(r jobs.Run) bool { return r.DryRun && r.Class == jobs.Done })
	if first && f.dry() == nil {
		fmt.Fprintf(h.sh.Stderr, "hint: job %s ran dry, for it is new or was changed; the next run carries out what it plans\n", clean(j.Name))
	}
}

// failed is the error that the command ends with. Where nobody saw why each of
// several failed, it tells.
func (h *jobByHand) failed(ctx context.Context, j config.Job, runs []jobs.Run, tell bool) error {
	failed := &severalError{noun: "account", all: len(runs), status: exitSomeFailed}
	var first error
	for _, r := range runs {
		if !failedRun(r) {
			continue
		}
		failed.failed++
		err := ranError(j, r)
		if first == nil {
			first = err
		}
		if tell && len(runs) > 1 && ctx.Err() == nil {
			h.sh.complain(err)
		}
	}
	switch {
	case failed.failed == 0:
		return nil
	case errors.Is(ctx.Err(), context.Canceled) && len(runs) == 1:
		return withStatus(exitInterrupted, errors.New("interrupted"), "")
	case errors.Is(ctx.Err(), context.Canceled):
		failed.status, failed.interrupted = exitInterrupted, true
	case len(runs) == 1:
		return first
	case failed.failed == len(runs):
		failed.status = exitStatus(first)
	}
	return failed
}
