package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/notice"
	"github.com/popherd/popherd/internal/run"
)

// Heralds tell people of runs that failed, or that plan too much. They take
// their time, which no run waits for.
type heralds struct {
	daemon *daemon
	due    chan tiding
	gates  sync.Map // *notice.Gate by job

	told, failed atomic.Uint64
}

// A tiding is one notice on its way.
type tiding struct {
	notice notice.Notice
	notify config.Notify
	config *config.Config
}

// heraldsMost is how many notices may wait. Whoever gets them is told of those
// that were too many.
const heraldsMost = 256

func newHeralds(d *daemon) *heralds { return &heralds{daemon: d, due: make(chan tiding, heraldsMost)} }

// tell considers the result of an attempt.
func (h *heralds) tell(o jobs.Order, r jobs.Result, final, paused bool) {
	c := h.daemon.performer.now.Load().config
	j, err := c.Job(o.Job)
	if err != nil || j.Notify == nil {
		return
	}
	n := notice.Notice{
		Job: o.Job, Account: o.Account, Run: o.Run, Fire: o.Fire, Ended: h.daemon.now(), DryRun: o.DryRun, Outcome: r.Outcome, Message: r.Message,
		Planned: plannedDeletions(r), Delivered: r.Delivered, Kept: r.Kept,
	}
	if !o.DryRun {
		n.Deleted = r.Deleted
	}
	if url := h.daemon.url(); url != "" {
		n.URL = fmt.Sprintf("%sruns/%d", url, o.Run)
	}
	failed := final && r.Class != jobs.Done && r.Class != jobs.Interrupted
	if j.Notify.Over != nil && n.Planned > *j.Notify.Over {
		n.Kind, n.Over = notice.Over, *j.Notify.Over
		h.offer(tiding{n, *j.Notify, c})
	}
	if j.Notify.Failure && failed {
		n.Kind, n.Over = notice.Failure, 0
		if paused { // which is said even to whom the failure was told just now
			n.Kind = notice.Paused
		}
		h.offer(tiding{n, *j.Notify, c})
	}
}

// plannedDeletions are those of the plan, whatever became of it.
func plannedDeletions(r jobs.Result) int {
	var report run.Report
	if json.Unmarshal(r.Report, &report) != nil {
		return 0
	}
	n := 0
	for _, a := range report.Accounts {
		n += a.Delete
	}
	return n
}

// offer puts a tiding where work finds it, unless the job's people were told
// enough.
func (h *heralds) offer(e tiding) {
	gate := h.gate(e.notice.Job)
	passed, ok := gate.Pass(e.notice, h.daemon.now())
	if !ok {
		return
	}
	e.notice = passed
	select {
	case h.due <- e:
	default:
		gate.Lost(passed)
	}
}

func (h *heralds) gate(job string) *notice.Gate {
	gate, _ := h.gates.LoadOrStore(job, &notice.Gate{})
	return gate.(*notice.Gate)
}

// lastTidings is how long notices that wait are still told at the end.
const lastTidings = 10 * time.Second

// work tells what is due, until the context ends.
func (h *heralds) work(ctx context.Context) {
	for {
		select {
		case e := <-h.due:
			h.run(ctx, e)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastTidings)
			defer cancel()
			for len(h.due) > 0 && last.Err() == nil {
				h.run(last, <-h.due)
			}
			return
		}
	}
}

func (h *heralds) run(ctx context.Context, e tiding) {
	log := h.daemon.log.With("job", e.notice.Job, "account", e.notice.Account, "run", e.notice.Run, "kind", e.notice.Kind)
	to, err := receiver(e, h.daemon.sh.Getenv("HOME"))
	if err == nil {
		err = notice.Send(ctx, e.notice, to)
	}
	if err != nil {
		h.failed.Add(1)
		h.gate(e.notice.Job).Lost(e.notice)
		log.Error("notice: nobody was told", "error", err)
		return
	}
	h.told.Add(1)
	log.Info("notice: told", "command", len(to.Command) > 0, "target", to.Name)
}

// receiver is whom a notice is for. Programs that send mail look for their
// settings at home.
func receiver(e tiding, home string) (to notice.To, err error) {
	to = notice.To{Command: e.notify.Command, Node: node(), Name: e.notify.Target}
	if home != "" {
		to.Options.Environ = []string{"HOME=" + home}
	}
	for _, t := range e.config.Targets {
		if t.Name == e.notify.Target {
			if to.Target, err = deliver.Parse(t.Spec); err != nil {
				return to, fmt.Errorf("target %s: %w", t.Name, err)
			}
		}
	}
	return to, nil
}
