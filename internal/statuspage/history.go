package statuspage

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/popherd/popherd/internal/jobs"
)

type runsPage struct {
	head
	Job, Account string
	Failed       bool // only those
	Filtered     bool
	Outcomes     []choice
	Runs         []runView
	Pages        pages
}

// A choice is what a form sends, and what a person sees.
type choice struct {
	Value, Text string
	Selected    bool
}

// pages are the addresses around one of several pages; "" is none.
type pages struct{ First, Before, After string }

// filters are the fields that a list of runs is asked for by.
var filters = []string{"job", "account", "outcome", "failed"}

// onlyFailed are the filters for runs that failed.
var onlyFailed = url.Values{"failed": {"yes"}}

// failures are the classes of runs that failed. The engine's own word for it
// counts those that were cancelled or skipped, too, by somebody's wish.
var failures = []jobs.Class{jobs.Temporary, jobs.Refused, jobs.Permanent}

// failedRuns returns the latest runs that failed, as a query wants them.
func (p *page) failedRuns(ctx context.Context, q jobs.Query) (list []jobs.Run, err error) {
	q.Failed = true
	for _, q.Class = range failures {
		found, err := p.Source.History(ctx, q)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	slices.SortFunc(list, func(a, b jobs.Run) int { return cmp.Compare(b.ID, a.ID) })
	return list[:min(len(list), q.Limit)], nil
}

// history returns the runs that a query wants. What no name can be, no run has,
// and not every database takes the question.
func (p *page) history(ctx context.Context, q jobs.Query, failed bool) ([]jobs.Run, error) {
	if !nameable(q.Job) || !nameable(q.Account) || !nameable(q.Outcome) {
		return nil, nil
	}
	if failed {
		return p.failedRuns(ctx, q)
	}
	return p.Source.History(ctx, q)
}

// runs shows the history, or what was asked for of it. ?page= is the run that
// the page before ended with: numbers that are counted would shift with each
// run that is made meanwhile.
func (p *page) runs(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	before, err := strconv.ParseInt(asked.Get("page"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	failed := asked.Get("failed") != ""
	runs, err := p.history(r.Context(), jobs.Query{
		Job: asked.Get("job"), Account: asked.Get("account"), Outcome: asked.Get("outcome"),
		Before: before, Limit: runsPerPage + 1,
	}, failed)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	shown := runs[:min(len(runs), runsPerPage)]
	v := runsPage{
		head: p.head(r, "Runs"), Job: clean(asked.Get("job"), cellLimit), Account: clean(asked.Get("account"), cellLimit),
		Failed: failed, Filtered: runsLink(asked, 0) != "/runs", Outcomes: choose(asked.Get("outcome")), Runs: p.runViews(shown),
	}
	if before > 0 {
		v.Pages.First = runsLink(asked, 0)
	}
	if len(runs) > len(shown) {
		v.Pages.After = runsLink(asked, shown[len(shown)-1].ID)
	}
	p.show(w, r, http.StatusOK, "runs.html", v)
}

// runsLink is the address of a page of the same list.
func runsLink(asked url.Values, before int64) string {
	q := url.Values{}
	for _, name := range filters {
		if v := asked.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	if before > 0 {
		q.Set("page", strconv.FormatInt(before, 10))
	}
	return (&url.URL{Path: "/runs", RawQuery: q.Encode()}).String()
}

// outcomes are those that a run usually has; any other can be asked for in the
// address.
var outcomes = []string{
	"committed", "planned", "nothing", "aborted", "unknown", "failed", // of what the run did
	"cancelled", "superseded", "skipped", "died", "panic", // jobs.Run
}

// choose lists them, with that which was chosen.
func choose(chosen string) (list []choice) {
	known := outcomes
	if chosen != "" && !slices.Contains(known, chosen) {
		known = append([]string{chosen}, known...)
	}
	for _, word := range known {
		list = append(list, choice{word, clean(word, cellLimit), word == chosen})
	}
	return list
}
