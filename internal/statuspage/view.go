package statuspage

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// A badge is a word on a ground of its kind: good, bad, warn, busy or none.
type badge struct{ Kind, Word string }

// A runView is a run, ready to be shown.
type runView struct {
	ID            int64
	Link, JobLink string
	Job, Account  string
	Outcome       badge
	DryRun        bool
	Message, Long string // what became of it, short and whole
	When          moment // it ended, began, or is due
	Took          string
	Messages      string // what became of them, if that is known
}

func (p *page) runView(r jobs.Run) runView {
	return runView{
		ID: r.ID, Link: runLink(r.ID), JobLink: jobLink(r.Job),
		Job: clean(r.Job, cellLimit), Account: clean(r.Account, cellLimit),
		Outcome: outcomeBadge(r), DryRun: r.DryRun,
		Message: clean(r.Message, cellLimit), Long: clean(r.Message, messageLimit),
		When: p.moment(firstOf(r.Finished, began(r), r.Due, r.Created)), Took: took(r.Started, r.Finished),
		Messages: messages(r),
	}
}

// messages says what became of them; a run that failed did not count them all.
func messages(r jobs.Run) string {
	if r.Class != jobs.Done {
		return ""
	}
	return fmt.Sprintf("%d deleted, %d delivered, %d kept", r.Deleted, r.Delivered, r.Kept)
}

func (p *page) runViews(runs []jobs.Run) (views []runView) {
	for _, r := range runs {
		views = append(views, p.runView(r))
	}
	return views
}

// began is when the attempt under way did; one that waits for its next attempt
// is due rather.
func began(r jobs.Run) time.Time {
	if r.State != "running" {
		return time.Time{}
	}
	return r.Started
}

// firstOf returns the first time that is one.
func firstOf(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// jobLink is the address of a job's page; a name is one segment, whatever it
// holds.
func jobLink(name string) string { return "/jobs/" + url.PathEscape(name) }

func runLink(id int64) string { return "/runs/" + strconv.FormatInt(id, 10) }

// outcomeBadge says how a run stands.
func outcomeBadge(r jobs.Run) badge {
	switch {
	case r.State == "running":
		return badge{"busy", "running"}
	case !ended(r) && r.Class == jobs.Temporary:
		return badge{"warn", "waits to try again"}
	case !ended(r):
		return badge{"", "waits"}
	}
	b := badge{Word: clean(r.Outcome, cellLimit)}
	if b.Word == "" {
		b.Word = clean(string(r.Class), cellLimit)
	}
	switch r.Class {
	case jobs.Done:
		b.Kind = "good"
	case jobs.Temporary, jobs.Interrupted:
		b.Kind = "warn"
	case jobs.Refused, jobs.Permanent:
		b.Kind = "bad"
	}
	return b
}

func ended(r jobs.Run) bool { return r.State == "done" }

// failedRun reports whether a run ended without doing what it was to do, and
// by nobody's wish.
func failedRun(r jobs.Run) bool {
	return ended(r) && (r.Class == jobs.Temporary || r.Class == jobs.Refused || r.Class == jobs.Permanent)
}

// A jobView is a job, ready to be shown.
type jobView struct {
	Name, Link string
	State      badge
	Next       moment
	Last       *runView
	Paused     []pausedView
	MorePaused int
}

// A pausedView is an account that a job does not run for.
type pausedView struct {
	Account, Why string
	Since        moment
}

// jobView shows a job, with that many of its paused accounts.
func (p *page) jobView(s jobs.JobState, most int) jobView {
	v := jobView{Name: clean(s.Name, cellLimit), Link: jobLink(s.Name), State: stateBadge(s), Paused: p.pauses(s.Paused, most)}
	v.MorePaused = len(s.Paused) - len(v.Paused)
	if len(s.Next) > 0 {
		v.Next = p.moment(s.Next[0])
	}
	if s.Last != nil {
		last := p.runView(*s.Last)
		v.Last = &last
	}
	return v
}

func (p *page) pauses(list []jobs.Pause, most int) (views []pausedView) {
	for _, a := range list[:min(len(list), most)] {
		views = append(views, pausedView{clean(a.Account, cellLimit), clean(a.Reason, cellLimit), p.moment(a.Since)})
	}
	return views
}

// stateBadge says whether a job runs.
func stateBadge(s jobs.JobState) badge {
	switch {
	case !s.Enabled:
		return badge{"", "off in the configuration"}
	case s.Disabled:
		return badge{"", "disabled"}
	case len(s.Paused) > 0 && len(s.Paused) >= len(s.Accounts):
		return badge{"bad", "paused"}
	case len(s.Paused) > 0:
		return badge{"warn", count(len(s.Paused), "account paused", "accounts paused")}
	case s.Running > 0:
		return badge{"busy", count(s.Running, "run under way", "runs under way")}
	}
	return badge{"good", "enabled"}
}
