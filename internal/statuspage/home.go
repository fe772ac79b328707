package statuspage

import (
	"context"
	"net/http"
	"strconv"

	"github.com/popherd/popherd/internal/jobs"
)

// How many of each stand on a page.
const (
	failuresShown  = 10   // on the first
	failuresSought = 500  // runs that are looked at for them
	pausedShown    = 3    // accounts of a job, on the first
	allPausedShown = 100  // on the job's own
	lastRunsShown  = 20   // of a job
	accountsShown  = 1000 // to choose from
	runsPerPage    = 50
)

// A tallied is a number and what it counts.
type tallied struct {
	Amount, What string
	Bad          bool
}

type homePage struct {
	head
	Stuck    string
	Tally    []tallied
	Jobs     []jobView
	Failures []runView
	Sought   int
}

// home shows all jobs, and what failed last.
func (p *page) home(w http.ResponseWriter, r *http.Request) {
	states, err := p.Source.Jobs(r.Context())
	if err != nil {
		p.failed(w, r, err)
		return
	}
	failures, err := p.failures(r.Context())
	if err != nil {
		p.failed(w, r, err)
		return
	}
	h := homePage{head: p.head(r, "Jobs"), Tally: p.tally(r, states), Failures: failures, Sought: failuresSought, Stuck: p.stuck()}
	for _, s := range states {
		h.Jobs = append(h.Jobs, p.jobView(s, pausedShown))
	}
	p.show(w, r, http.StatusOK, "home.html", h)
}

// failures are the latest among the last runs.
func (p *page) failures(ctx context.Context) (views []runView, err error) {
	runs, err := p.Source.History(ctx, jobs.Query{State: "done", Limit: failuresSought})
	for _, r := range runs {
		if failedRun(r) && len(views) < failuresShown {
			views = append(views, p.runView(r))
		}
	}
	return views, err
}

// tally counts what a person wants to know first.
func (p *page) tally(r *http.Request, states []jobs.JobState) []tallied {
	paused, failing, waiting, running := 0, 0, 0, 0
	for _, s := range states {
		paused += len(s.Paused)
		failing += len(s.Failing)
		waiting += s.Waiting + s.Queued
		running += s.Running
	}
	list := []tallied{
		{strconv.Itoa(len(states)), "jobs", false},
		{strconv.Itoa(running), "runs under way", false},
		{strconv.Itoa(waiting), "runs waiting", false},
		{strconv.Itoa(failing), "accounts failing", failing > 0},
		{strconv.Itoa(paused), "accounts paused", paused > 0},
	}
	if p.Backups != nil {
		amount := "?"
		if octets, known := p.backupsUsed(r.Context()); known {
			amount = size(octets)
		}
		list = append(list, tallied{amount, "used by backups", false})
	}
	return list
}
