package statuspage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// gallery is an engine as one that has worked for a while: jobs that are well,
// that fail, that are paused and switched off, and a long plan.
func gallery() *engine {
	e := &engine{stats: jobs.Stats{Fires: 40, Ticked: noon, Beat: noon, Running: 1, Waiting: 2, Processes: 1, Working: 1}}
	wrong := "account anna@pop.example.org: auth: [AUTH] Invalid login or password (is the password right? popherd doctor anna tells more)"
	add := func(r jobs.Run) *jobs.Run {
		if r.State == "" {
			r.State, r.Finished, r.Node, r.Attempt = "done", r.Started.Add(4200*time.Millisecond), "attic/1", max(1, r.Attempt)
		}
		r.Due, r.Created = firstOf(r.Due, r.Started), firstOf(r.Fire, r.Started, r.Due)
		e.runs = append(e.runs, r)
		return &r
	}
	add(jobs.Run{ID: 122, Job: "newsletters", Account: "new", State: "running", Fire: noon.Add(-time.Minute), Started: noon.Add(-3 * time.Second), Attempt: 1, Node: "attic/1"})
	add(jobs.Run{ID: 121, Job: "newsletters", Account: "old", State: "waiting", Fire: noon.Add(-time.Minute), Started: noon.Add(-30 * time.Second), Due: noon.Add(5 * time.Minute), Attempt: 2,
		Class: jobs.Temporary, Message: "account old@pop.example.org: greet: [IN-USE] maildrop is locked by another session"})
	news := add(jobs.Run{ID: 120, Job: "newsletters", Account: "work", Fire: noon.Add(-time.Minute), Started: noon.Add(-time.Minute), Class: jobs.Done, Outcome: "committed",
		Messages: 412, Deleted: 37, Delivered: 6, Kept: 371, Report: longPlan("committed")})
	add(jobs.Run{ID: 119, Job: "newsletters", Account: "family", Fire: noon.Add(-time.Minute), Started: noon.Add(-time.Minute), Class: jobs.Done, Outcome: "committed", Messages: 12, Kept: 12})
	invoices := add(jobs.Run{ID: 118, Job: "invoices", Account: "work", DryRun: true, Fire: noon.Add(-time.Hour), Started: noon.Add(-time.Hour), Class: jobs.Done, Outcome: "planned",
		Messages: 412, Deleted: 37, Delivered: 6, Kept: 371, Report: longPlan("planned")})
	refused := add(jobs.Run{ID: 117, Job: "archive", Account: "anna", Fire: noon.Add(-2 * time.Hour), Started: noon.Add(-2 * time.Hour), Class: jobs.Refused, Outcome: "failed", Message: wrong,
		Report: []byte(`{"script":"archive.lua","accounts":[],"error":{"message":"x"}}`)})
	add(jobs.Run{ID: 116, Job: "archive", Account: "anna", Fire: noon.Add(-26 * time.Hour), Started: noon.Add(-26 * time.Hour), Class: jobs.Refused, Outcome: "failed", Message: wrong})
	add(jobs.Run{ID: 115, Job: "archive", Account: "work", Fire: noon.Add(-26 * time.Hour), Started: noon.Add(-26 * time.Hour), Class: jobs.Permanent, Outcome: "failed",
		Message: "archive.lua:12: attempt to index a nil value (field 'from')"})
	add(jobs.Run{ID: 114, Job: "archive", Account: "anna", Fire: noon.Add(-50 * time.Hour), Due: noon.Add(-50 * time.Hour), Outcome: "skipped", Message: "paused", State: "done", Finished: noon.Add(-50 * time.Hour)})
	add(jobs.Run{ID: 113, Job: "newsletters", Account: "work", Fire: noon.Add(-24 * time.Hour), Started: noon.Add(-24 * time.Hour), Class: jobs.Temporary, Outcome: "failed", Attempt: 4,
		Message: "account work@pop.example.org: dial: connection timed out after 30s"})
	for i := range int64(60) {
		add(jobs.Run{ID: 112 - i, Job: "newsletters", Account: "alice.a-rather-long-name@pop.example.org", Started: noon.Add(-time.Duration(30+i) * time.Hour), Class: jobs.Done, Outcome: "committed", Messages: 100, Kept: 100})
	}
	hours := func(n ...int) (list []time.Time) {
		for _, h := range n {
			list = append(list, noon.Add(time.Duration(h)*time.Hour))
		}
		return list
	}
	e.jobs = []jobs.JobState{
		{Name: "newsletters", Schedule: "0 */4 * * *", Zone: "Europe/Berlin", Accounts: []string{"work", "family", "old", "new"}, Enabled: true, Next: hours(4, 8, 12, 16, 20), Last: news, Waiting: 1, Running: 1,
			Failing: []jobs.Pause{{Account: "old", Failures: 2, Reason: "account old@pop.example.org: greet: [IN-USE] maildrop is locked by another session"}}},
		{Name: "invoices", Schedule: "30 6 * * mon-fri", Zone: "Europe/Berlin", Accounts: []string{"work"}, Enabled: true, Next: hours(18, 42), Last: invoices,
			Failing: []jobs.Pause{{Account: "work", Failures: 1, Reason: "the plan would delete 371 messages, and 200 are allowed"}}},
		{Name: "archive", Schedule: "@daily", Zone: "UTC", Accounts: []string{"anna", "work"}, Enabled: true, Next: hours(12, 36), Last: refused,
			Paused: []jobs.Pause{{Account: "anna", Since: noon.Add(-2 * time.Hour), Failures: 3, Reason: wrong}}},
		{Name: "spam", Schedule: "@hourly", Zone: "UTC", Accounts: []string{"work"}, Enabled: true, Disabled: true},
		{Name: "yearly-cleanup-of-very-old-mail", Schedule: "@yearly", Zone: "UTC", Accounts: []string{"work", "anna"}},
		{Name: "backup", Schedule: "@every 90m", Zone: "UTC", Accounts: []string{"work", "anna", "family"}, Enabled: true, Next: []time.Time{noon.Add(25 * time.Minute)}},
	}
	return e
}

// wellGallery is one without a worry.
func wellGallery() *engine {
	e := gallery()
	e.jobs = e.jobs[:1]
	e.jobs[0].Failing, e.jobs[0].Waiting, e.jobs[0].Running, e.runs = nil, 0, 0, e.runs[2:4]
	return e
}

// longPlan is the report of a run over 412 messages, 120 of which a rule spoke of.
func longPlan(outcome string) []byte {
	var rows []map[string]any
	for i := range 120 {
		row := map[string]any{"num": 3*i + 1, "size": 2048 * (i + 1), "subject": fmt.Sprintf("Your order %d has shipped", 4711+i), "from": "Shop <no-reply@shop.example.com>"}
		switch i % 3 {
		case 0:
			row["decision"], row["reason"], row["rule"], row["evidence"] = "delete", "a newsletter older than 30 days", "old newsletters", "List-Id: <news.shop.example.com>"
			row["subject"], row["from"] = "Only today: 20 % off everything you did not know that you need, and free shipping", "The Newsletter of a Shop with a Long Name <news@shop.example.com>"
			row["explain"] = []string{"older_than 30d: true (42 days)", "header List-Id: true", "from_domain shop.example.com: true"}
		case 1:
			row["decision"], row["reason"], row["rule"] = "deliver archive, then delete", "an invoice", "invoices"
		case 2:
			row["decision"], row["reason"], row["subject"] = "keep", "from somebody in the address book", "日本語の件名 – مرحبا – Grüße 👩‍👧"
		}
		rows = append(rows, row)
	}
	text, err := json.Marshal(map[string]any{"script": "newsletters.lua", "dry_run": outcome == "planned", "rules": true, "accounts": []any{map[string]any{
		"account": "work@pop.example.org", "messages": 412, "octets": 98 << 20, "plan": rows, "deliver": 40, "delete": 80, "keep": 332, "outcome": outcome}}})
	if err != nil {
		panic(err)
	}
	return text
}

// hostileEngine is one with a job, an account and a run of that name, and that
// text wherever others write.
func hostileEngine(t *testing.T, name, text string) *engine {
	t.Helper()
	row := map[string]any{"num": 1, "size": 1, "decision": text, "reason": text, "rule": text, "evidence": text, "subject": text, "from": text, "explain": []string{text}}
	var report bytes.Buffer
	encoder := json.NewEncoder(&report)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(map[string]any{"accounts": []any{map[string]any{
		"account": text, "outcome": text, "why": text, "plan": []any{row}, "error": map[string]any{"message": text}}}})
	if err != nil {
		t.Fatal(err)
	}
	run := jobs.Run{ID: 1, Job: name, Account: name, State: "done", Node: text, Attempt: 1, Outcome: text, Class: jobs.Permanent, Message: text, Report: report.Bytes()}
	return &engine{
		jobs: []jobs.JobState{{Name: name, Schedule: text, Zone: text, Accounts: []string{name}, Enabled: true, Last: &run,
			Paused: []jobs.Pause{{Account: text, Reason: text}}, Failing: []jobs.Pause{{Account: text, Reason: text}}}},
		runs: []jobs.Run{run},
	}
}
