package statuspage

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/popherd/popherd/internal/jobs"
)

type runsPage struct {
	head
	Job, Account string
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
var filters = []string{"job", "account", "outcome"}

// runs shows the history, or what was asked for of it. ?page= is the run that
// the page before ended with: numbers that are counted would shift with each
// run that is made meanwhile.
func (p *page) runs(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	before, err := strconv.ParseInt(asked.Get("page"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	runs, err := p.Source.History(r.Context(), jobs.Query{
		Job: asked.Get("job"), Account: asked.Get("account"), Outcome: asked.Get("outcome"),
		Before: before, Limit: runsPerPage + 1,
	})
	if err != nil {
		p.failed(w, r, err)
		return
	}
	shown := runs[:min(len(runs), runsPerPage)]
	v := runsPage{
		head: p.head(r, "Runs"), Job: clean(asked.Get("job"), cellLimit), Account: clean(asked.Get("account"), cellLimit),
		Outcomes: choose(asked.Get("outcome")), Runs: p.runViews(shown),
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
	"committed", "planned", "aborted", "unknown", // plan.Outcome
	"done", "temporary", "refused", "permanent", "interrupted", // jobs.Class
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
