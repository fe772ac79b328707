package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
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
	Tally      []tallied // if no session tells more
	Sessions   []session
	Parts      []link // of the plan
	Unreadable string
	Pages      pages
}

// A link leads to a part of what is shown; Here is the one that is.
type link struct {
	Text, Address string
	Here          bool
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
	wanted := part{pageNumber(r.URL.Query()), r.URL.Query().Get("only")}
	if !slices.Contains(parts, wanted.only) {
		wanted.only = ""
	}
	sessions, more, err := readReport(one.Report, wanted)
	if err != nil {
		shown.Unreadable = clean(err.Error(), cellLimit)
	}
	shown.Sessions, shown.Pages = sessions, planPages(view.Link, wanted, more)
	if len(sessions) > 0 {
		shown.Parts = planParts(view.Link, wanted)
	} else {
		shown.Tally = view.Messages
	}
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

// parts are those that a plan can be asked for by.
var parts = []string{"", "delete", "deliver", "keep"}

// planParts lead to each of them.
func planParts(run string, wanted part) (links []link) {
	for i, text := range []string{"All messages", "Deletions", "Deliveries", "Kept"} {
		links = append(links, link{text, planLink(run, part{1, parts[i]}), parts[i] == wanted.only})
	}
	return links
}

// planLink is the address of a part of a run's plan.
func planLink(run string, wanted part) string {
	q := url.Values{}
	if wanted.only != "" {
		q.Set("only", wanted.only)
	}
	if wanted.number > 1 {
		q.Set("page", strconv.Itoa(wanted.number))
	}
	return (&url.URL{Path: run, RawQuery: q.Encode()}).String()
}

// planPages are those around a page of a plan.
func planPages(run string, wanted part, more bool) (around pages) {
	n, only := wanted.number, wanted.only
	if n > 1 {
		around.First, around.Before = planLink(run, part{1, only}), planLink(run, part{n - 1, only})
	}
	if more {
		around.After = planLink(run, part{n + 1, only})
	}
	return around
}

// runID reads the run's number from the address.
func (p *page) runID(w http.ResponseWriter, r *http.Request) (int64, bool) {
	text := r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		p.fail(w, r, http.StatusNotFound, "There is no such run.")
		return 0, false
	}
	return id, true
}

// runFacts are what is known besides times.
func runFacts(r jobs.Run) []fact {
	list := []fact{}
	if r.Fire.IsZero() {
		list = append(list, fact{"Ordered", "by hand"})
	}
	if r.Attempt > 0 {
		list = append(list, fact{"Attempt", strconv.Itoa(r.Attempt)})
	}
	if r.Node != "" {
		list = append(list, fact{"Worked on", clean(r.Node, cellLimit)})
	}
	if lasted := took(r.Started, r.Finished); lasted != "" {
		list = append(list, fact{"Took", lasted})
	}
	return list
}
