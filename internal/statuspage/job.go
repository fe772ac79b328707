package statuspage

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/popherd/popherd/internal/jobs"
)

type jobPage struct {
	head
	jobView
	Known              bool // it can be ordered to run
	Accounts           []choice
	Switch, SwitchWord string
	Facts              []fact
	Fires              []moment
	Paused, Failing    []pausedView
	MoreIll            int
	Runs               []runView
	RunsLink           string
}

// A fact is a name and what it is.
type fact struct{ Name, Value string }

const noSuchJob = "There is no job of that name."

// job shows one job. One that the configuration has no longer has runs still.
func (p *page) job(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !nameable(name) {
		p.fail(w, r, http.StatusNotFound, noSuchJob)
		return
	}
	states, err := p.Source.Jobs(r.Context())
	if err != nil {
		p.failed(w, r, err)
		return
	}
	runs, err := p.Source.History(r.Context(), jobs.Query{Job: name, Limit: lastRunsShown})
	if err != nil {
		p.failed(w, r, err)
		return
	}
	j := jobPage{
		head: p.head(r, "Job "+name), Runs: p.runViews(runs), RunsLink: runsLink(url.Values{"job": {name}}, 0),
		jobView: jobView{States: []badge{{"", "no longer in the configuration"}}},
	}
	for _, s := range states {
		if s.Name == name {
			p.describe(&j, s)
		}
	}
	if !j.Known && len(runs) == 0 {
		p.fail(w, r, http.StatusNotFound, noSuchJob)
		return
	}
	p.show(w, r, http.StatusOK, "job.html", j)
}

// describe fills in what the configuration says of the job.
func (p *page) describe(j *jobPage, s jobs.JobState) {
	j.Known, j.jobView = true, p.jobView(s)
	j.Switch, j.SwitchWord = "disable", "Disable"
	switch {
	case s.Disabled:
		j.Switch, j.SwitchWord = "enable", "Enable"
	case len(s.Paused) > 0:
		j.Switch, j.SwitchWord = "enable", "Enable for the paused accounts"
	}
	for _, name := range s.Accounts[:min(len(s.Accounts), accountsShown)] {
		j.Accounts = append(j.Accounts, choice{Value: name, Text: clean(name, cellLimit)})
	}
	j.Paused, j.Failing = p.pauses(s.Name, s.Paused, allIllShown), p.pauses(s.Name, s.Failing, allIllShown)
	j.MoreIll = len(s.Paused) + len(s.Failing) - len(j.Paused) - len(j.Failing)
	for _, t := range s.Next {
		j.Fires = append(j.Fires, p.moment(t))
	}
	j.Facts = []fact{
		{"Schedule", clean(s.Schedule, cellLimit)},
		{"Time zone", clean(s.Zone, cellLimit)},
		{"Accounts", strconv.Itoa(len(s.Accounts))},
		{"Runs that wait", strconv.Itoa(s.Waiting + s.Queued)},
		{"Runs under way", strconv.Itoa(s.Running)},
	}
}
