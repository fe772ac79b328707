package statuspage

import (
	"context"
	"net/http"
	"strconv"
)

// startRun orders runs of a job. The page never asks for a real one where the
// job would run dry first.
func (p *page) startRun(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !parseForm(w, r) {
		p.fail(w, r, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	var accounts []string
	account := r.PostForm.Get("account")
	if !nameable(name) || !nameable(account) {
		p.fail(w, r, http.StatusNotFound, "There is no job or account of that name.")
		return
	}
	if account != "" {
		accounts = []string{account}
	}
	var dry *bool
	switch r.PostForm.Get("dry") {
	case "":
	case "true":
		dry = new(true)
	default:
		p.fail(w, r, http.StatusBadRequest, "A run is dry, or as the job has it.")
		return
	}
	runs, err := p.Source.Run(r.Context(), name, accounts, dry)
	if err != nil {
		p.failed(w, r, err)
		return
	}
	p.Log.Info("run ordered", "job", name, "accounts", accounts, "runs", len(runs), "remote", r.RemoteAddr)
	if len(runs) == 1 {
		seeOther(w, r, "/runs/"+strconv.FormatInt(runs[0], 10))
		return
	}
	seeOther(w, r, jobLink(name))
}

func (p *page) enable(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, "job enabled", p.Source.Enable)
}

func (p *page) disable(w http.ResponseWriter, r *http.Request) {
	p.change(w, r, "job disabled", p.Source.Disable)
}

// change does one thing to a job, and shows the job.
func (p *page) change(w http.ResponseWriter, r *http.Request, what string, do func(context.Context, string) error) {
	name := r.PathValue("name")
	if !nameable(name) {
		p.fail(w, r, http.StatusNotFound, noSuchJob)
		return
	}
	if err := do(r.Context(), name); err != nil {
		p.failed(w, r, err)
		return
	}
	p.Log.Info(what, "job", name, "remote", r.RemoteAddr)
	seeOther(w, r, jobLink(name))
}

func (p *page) retry(w http.ResponseWriter, r *http.Request) {
	p.changeRun(w, r, "run ordered again", p.Source.Retry)
}

func (p *page) cancel(w http.ResponseWriter, r *http.Request) {
	p.changeRun(w, r, "run cancelled", p.Source.Cancel)
}

// changeRun does one thing to a run, and shows the run.
func (p *page) changeRun(w http.ResponseWriter, r *http.Request, what string, do func(context.Context, int64) error) {
	id, ok := p.runID(w, r)
	if !ok {
		return
	}
	if err := do(r.Context(), id); err != nil {
		p.failed(w, r, err)
		return
	}
	p.Log.Info(what, "run", id, "remote", r.RemoteAddr)
	seeOther(w, r, "/runs/"+strconv.FormatInt(id, 10))
}

// seeOther shows the page that an order changed; loading it again orders
// nothing.
func seeOther(w http.ResponseWriter, r *http.Request, link string) {
	w.Header().Set("Location", link)
	w.WriteHeader(http.StatusSeeOther)
}
