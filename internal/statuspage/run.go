package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

type runPage struct {
	head
	Run        runView
	Tone       string
	Retry      string // what the button says; "" is none
	Cancel     bool
	Facts      []fact
	Moments    []dated
	Sessions   []session
	Unreadable string
	Pages      pages
}

// A dated is a moment with a name.
type dated struct {
	Name   string
	Moment moment
}

// run shows one run and its plan.
func (p *page) run(w http.ResponseWriter, r *http.Request) {
	id, ok := p.runID(w, r)
	if !ok {
		return
	}
	one, err := p.Source.Show(r.Context(), id)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	view := p.runView(one)
	shown := runPage{
		head: p.head(r, fmt.Sprintf("Run %d", id)), Run: view, Tone: view.Outcome.Kind,
		Retry: retryWord(one), Cancel: !ended(one), Facts: runFacts(one),
	}
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"Fired", one.Fire}, {"Due", one.Due}, {"Began", one.Started}, {"Ended", one.Finished}} {
		if !m.at.IsZero() {
			shown.Moments = append(shown.Moments, dated{m.name, p.moment(m.at)})
		}
	}
	number := pageNumber(r.URL.Query())
	sessions, more, err := readReport(one.Report, number)
	if err != nil {
		shown.Unreadable = clean(err.Error(), cellLimit)
	}
	shown.Sessions, shown.Pages = sessions, planPages(view.Link, number, more)
	p.show(w, r, http.StatusOK, "run.html", shown)
}

// retryWord says what the button does that has a run run again, if anything.
func retryWord(r jobs.Run) string {
	switch {
	case ended(r) && r.Class != jobs.Done:
		return "Run again"
	case r.State == "waiting":
		return "Run now"
	}
	return ""
}

// lastPage is the highest page of a plan that is looked for.
const lastPage = 100_000

// pageNumber reads ?page=, which counts from 1; what is none is the first.
func pageNumber(q url.Values) int {
	n, err := strconv.Atoi(q.Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, lastPage)
}

// planPages are those around a page of a plan.
func planPages(link string, number int, more bool) (around pages) {
	if number > 1 {
		around.First, around.Before = link, fmt.Sprintf("%s?page=%d", link, number-1)
	}
	if more {
		around.After = fmt.Sprintf("%s?page=%d", link, number+1)
	}
	return around
}

// runID reads the run's number from the address.
func (p *page) runID(w http.ResponseWriter, r *http.Request) (int64, bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil || id < 1 {
		p.fail(w, r, http.StatusNotFound, "There is no such run.")
		return 0, false
	}
	return id, true
}

// runFacts are what is known besides times.
func runFacts(r jobs.Run) []fact {
	list := []fact{{"Account", clean(r.Account, cellLimit)}}
	if r.Fire.IsZero() {
		list = append(list, fact{"Ordered", "by hand"})
	}
	if r.Attempt > 0 {
		list = append(list, fact{"Attempt", strconv.Itoa(r.Attempt)})
	}
	if r.Node != "" {
		list = append(list, fact{"Worked on", clean(r.Node, cellLimit)})
	}
	if counts := messages(r); counts != "" {
		list = append(list, fact{"Messages", fmt.Sprintf("%d: %s", r.Messages, counts)})
	}
	return list
}
