package statuspage

import (
	"net/http"
	"strconv"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// How many of each stand on a page.
const (
	failuresShown = 10   // on the first
	illShown      = 10   // accounts that a job fails for, on the first
	allIllShown   = 100  // on the job's own
	lastRunsShown = 20   // of a job
	accountsShown = 1000 // to choose from
	runsPerPage   = 50
)

// A tallied is a number and what it counts.
type tallied struct {
	Amount, What string
	Bad          bool
}

type homePage struct {
	head
	Verdict         badge
	Tally           []tallied
	Jobs            []jobView
	Next, Last      *jobView // of all jobs: the one to run next, and the one that ran last
	Paused, Failing []pausedView
	MoreIll         int
	Failures        []runView
	AllFailures     string
}

// home shows all jobs, and what failed last.
func (p *page) home(w http.ResponseWriter, r *http.Request) {
	states, err := p.Source.Jobs(r.Context())
	if err != nil {
		p.failed(w, r, err)
		return
	}
	failed, err := p.failedRuns(r.Context(), jobs.Query{Limit: failuresShown})
	if err != nil {
		p.failed(w, r, err)
		return
	}
	h := homePage{
		head: p.head(r, "Jobs"), Tally: p.tally(r, states), Verdict: p.verdict(states),
		Failures: p.runViews(failed), AllFailures: runsLink(onlyFailed, 0),
	}
	for _, s := range states {
		h.Jobs = append(h.Jobs, p.jobView(s))
	}
	h.Next, h.Last = soonest(states, h.Jobs), latest(states, h.Jobs)
	ill := 0
	for _, s := range states {
		ill += len(s.Paused) + len(s.Failing)
		h.Paused = append(h.Paused, p.pauses(s.Name, s.Paused, illShown-len(h.Paused))...)
	}
	for _, s := range states {
		h.Failing = append(h.Failing, p.pauses(s.Name, s.Failing, illShown-len(h.Paused)-len(h.Failing))...)
	}
	h.MoreIll = ill - len(h.Paused) - len(h.Failing)
	p.show(w, r, http.StatusOK, "home.html", h)
}

// verdict says in one line whether all is well.
func (p *page) verdict(states []jobs.JobState) badge {
	paused, failing, able, failed := 0, 0, 0, 0
	for _, s := range states {
		paused += len(s.Paused)
		failing += len(s.Failing)
		if s.Enabled && !s.Disabled {
			able++
			failed += int(truth(s.Last != nil && failedRun(*s.Last)))
		}
	}
	stuck := p.stuck()
	switch {
	case stuck != "":
		return badge{"bad", "The engine is stuck: " + stuck + ". No job runs."}
	case len(states) == 0:
		return badge{"", "There are no jobs. Write one into the configuration."}
	case paused > 0:
		return badge{"bad", count(paused, "account is paused", "accounts are paused") + ": nothing runs there until a person enables the job again."}
	case failing > 0:
		return badge{"warn", count(failing, "account failed", "accounts failed") + " at the last run."}
	case able == 0:
		return badge{"warn", "No job is enabled: nothing runs."}
	case failed > 0:
		return badge{"warn", "The last run of " + count(failed, "job", "jobs") + " failed."}
	}
	return badge{"good", "All is well."}
}

// soonest returns the view of the job that fires next, or nil.
func soonest(states []jobs.JobState, views []jobView) (found *jobView) {
	var first time.Time
	for i, s := range states {
		if len(s.Next) > 0 && (first.IsZero() || s.Next[0].Before(first)) {
			first, found = s.Next[0], &views[i]
		}
	}
	return found
}

// latest returns the view of the job whose run ended last, or nil.
func latest(states []jobs.JobState, views []jobView) (found *jobView) {
	var last time.Time
	for i, s := range states {
		if s.Last != nil && (found == nil || s.Last.Finished.After(last)) {
			last, found = s.Last.Finished, &views[i]
		}
	}
	return found
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
		{strconv.Itoa(len(states)), plural(len(states), "job", "jobs"), false},
		{strconv.Itoa(running), plural(running, "run under way", "runs under way"), false},
		{strconv.Itoa(waiting), plural(waiting, "run waiting", "runs waiting"), false},
		{strconv.Itoa(failing), plural(failing, "account failing", "accounts failing"), failing > 0},
		{strconv.Itoa(paused), plural(paused, "account paused", "accounts paused"), paused > 0},
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
