package statuspage

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// A badge is a word on a ground of its kind: good, bad, warn, busy or none.
type badge struct{ Kind, Word string }

// A runView is a run, ready to be shown.
type runView struct {
	ID                         int64
	Link, JobLink, AccountLink string
	Job, Account               string
	Outcome                    badge
	DryRun                     bool
	Message, Long              string // what became of it, short and whole
	When                       moment // it ended, began, or is due
	Took                       string
	Messages                   []tallied // what became of them, if that is known
}

func (p *page) runView(r jobs.Run) runView {
	return runView{
		ID: r.ID, Link: runLink(r.ID), JobLink: jobLink(r.Job), AccountLink: runsLink(url.Values{"account": {r.Account}}, 0),
		Job: clean(r.Job, cellLimit), Account: clean(r.Account, cellLimit),
		Outcome: outcomeBadge(r), DryRun: r.DryRun,
		Message: clean(r.Message, cellLimit), Long: clean(r.Message, messageLimit),
		When: p.moment(firstOf(r.Finished, began(r), r.Due, r.Created)), Took: took(r.Started, r.Finished),
		Messages: messages(r),
	}
}

// messages says what became of them, or would have in a dry run. A run that
// failed did not count them all, and one that did not commit did nothing.
func messages(r jobs.Run) []tallied {
	if !ended(r) || r.Class != jobs.Done || r.Outcome == "aborted" || r.Outcome == "nothing" {
		return nil
	}
	words := [...]string{"deleted", "delivered", "kept"}
	if rehearsed(r) {
		words = [...]string{"to delete", "to deliver", "to keep"}
	}
	list := []tallied{}
	for i, n := range [...]int{r.Deleted, r.Delivered, r.Kept} {
		if n != 0 {
			list = append(list, tallied{strconv.Itoa(n), words[i], i == 0})
		}
	}
	if len(list) == 0 {
		list = append(list, tallied{"0", "messages", false})
	}
	return list
}

// rehearsed reports whether a run was to say what it would do, and no more.
func rehearsed(r jobs.Run) bool { return r.DryRun || r.Outcome == "planned" }

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
	if b.Word == "" || b.Word == "failed" {
		b.Word = classWord(r.Class)
	}
	switch r.Class {
	case jobs.Done:
		b.Kind = planBadge(r.Outcome).Kind
		if b.Kind == "" {
			b.Kind = "good"
		}
	case jobs.Temporary, jobs.Interrupted:
		b.Kind = "warn"
	case jobs.Refused, jobs.Permanent:
		b.Kind = "bad"
	}
	return b
}

// classWord says a class to people.
func classWord(c jobs.Class) string {
	switch c {
	case jobs.Temporary:
		return "failed for now"
	case jobs.Refused:
		return "login refused"
	case jobs.Permanent:
		return "failed"
	}
	return clean(string(c), cellLimit)
}

func ended(r jobs.Run) bool { return r.State == "done" }

// failedRun reports whether a run ended without doing what it was to do, and
// by nobody's wish.
func failedRun(r jobs.Run) bool { return ended(r) && slices.Contains(failures, r.Class) }

// A jobView is a job, ready to be shown.
type jobView struct {
	Name, Link string
	States     []badge
	Next       moment
	Last       *runView
}

// A pausedView is an account that a job does not run for, or not well.
type pausedView struct {
	Job, Link    string
	Account, Why string
	Since        moment
	Failures     int // in a row
}

func (p *page) jobView(s jobs.JobState) jobView {
	v := jobView{Name: clean(s.Name, cellLimit), Link: jobLink(s.Name), States: stateBadges(s)}
	if len(s.Next) > 0 {
		v.Next = p.moment(s.Next[0])
	}
	if s.Last != nil {
		last := p.runView(*s.Last)
		v.Last = &last
	}
	return v
}

// pauses shows accounts of a job, the first of them.
func (p *page) pauses(job string, list []jobs.Pause, most int) (views []pausedView) {
	for _, a := range list[:min(len(list), most)] {
		views = append(views, pausedView{
			clean(job, cellLimit), jobLink(job), clean(a.Account, cellLimit), clean(a.Reason, messageLimit), p.moment(a.Since), a.Failures,
		})
	}
	return views
}

// stateBadges say whether a job runs, and how well.
func stateBadges(s jobs.JobState) []badge {
	list := []badge{{"good", "enabled"}}
	switch {
	case !s.Enabled:
		list[0] = badge{"", "off in the configuration"}
	case s.Disabled:
		list[0] = badge{"", "disabled"}
	case len(s.Paused) > 0 && len(s.Paused) >= len(s.Accounts):
		list[0] = badge{"bad", "paused"}
	case len(s.Paused) > 0:
		list[0] = badge{"bad", count(len(s.Paused), "account paused", "accounts paused")}
	}
	if n := len(s.Failing); n > 0 {
		list = append(list, badge{"warn", count(n, "account failing", "accounts failing")})
	}
	if s.Running > 0 {
		list = append(list, badge{"busy", count(s.Running, "run under way", "runs under way")})
	}
	if n := s.Waiting + s.Queued; n > 0 {
		list = append(list, badge{"", count(n, "run waiting", "runs waiting")})
	}
	return list
}
