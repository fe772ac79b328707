package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// TestJobsOrders: each order says what happened and what comes next, and one that
// changes nothing says why.
func TestJobsOrders(t *testing.T) {
	h := newHand(t)
	h.perform = func(_ context.Context, o jobs.Order) jobs.Result {
		if o.Account == "ben" {
			return failedAs(t, jobs.Permanent, exitRaised, "no", "")
		}
		return wouldDelete(t, 1)
	}
	const none = "popherd: no daemon works on this database now: it waits until one does\nhint: popherd daemon starts one"
	next := moment(time.Date(2026, 9, 15, 4, 0, 0, 0, time.UTC)) + ", in 16 h\n"
	h.runs(t.Context(), "tidy", jobsRunFlags{}, "anna", "ben")
	for _, c := range []struct {
		line, out, talk string
		status          int
	}{
		{"retry 1", "", "popherd: run 1: it has ended well already\nhint: popherd jobs run tidy -a anna makes a new run\n", exitUsage},
		{"cancel 1", "", "popherd: run 1: it is over: planned\nhint: popherd jobs show 1 tells what it did\n", exitUsage},
		{"retry 2", "run 2 runs again as soon as a worker is free: job tidy, account ben\n", none + "\n", exitOK},
		{"cancel 2", "run 2 is cancelled: job tidy, account ben\n", "", exitOK},
		{"run tidy --queue -n -a anna", "run 3 waits for a worker: job tidy, account anna\n", none + "; popherd jobs run without --queue needs none\n", exitOK},
		{"disable tidy", "job tidy is disabled; popherd jobs enable tidy has it fire again\nnot over yet: run 3; popherd jobs cancel ends one\n", "", exitOK},
		{"cancel 3", "run 3 is cancelled: job tidy, account anna\n", "", exitOK},
		{"disable tidy", "job tidy was disabled already; popherd jobs enable tidy has it fire again\n", "", exitOK},
		{"enable tidy", "job tidy is enabled; its next fire is " + next, "", exitOK},
		{"enable tidy", "job tidy was enabled already; its next fire is " + next, "", exitOK},
		{"enable rest", "job rest was enabled already, but has enabled = false in the configuration: without that it fires\n", "", exitOK},
	} {
		if got := h.does(strings.Fields(c.line)...); got != c.status {
			t.Errorf("%s: got exit status %d, want %d", c.line, got, c.status)
		}
		h.said(c.line, h.out.String(), c.out)
		h.said(c.line, h.talk.String(), c.talk)
	}
	h.does("disable", "tidy")
	h.does("next", "1")
	h.said("next", h.talk.String(), "job tidy does not fire: it is disabled; popherd jobs enable tidy has it fire again\n"+
		"job rest does not fire: it has enabled = false in the configuration\n")
}

// TestJobsQueueOfMany: the numbers of a few runs are said one by one, of many
// from which to which; programs get all.
func TestJobsQueueOfMany(t *testing.T) {
	h := newHand(t)
	h.does("run", "tidy", "--queue", "--real", "-o", "json")
	var all struct {
		Runs []ranJob `json:"runs"`
	}
	if err := json.Unmarshal(h.out.Bytes(), &all); err != nil || len(all.Runs) != 3 || all.Runs[2].Account != "carla" || all.Runs[2].Run != 3 || all.Runs[2].State != "waiting" {
		t.Errorf("got %v and\n%s", err, h.out)
	}
	h.does("run", "tidy", "--queue", "-o", "ndjson")
	if got := strings.Count(h.out.String(), `"state":"waiting"`); got != 3 {
		t.Errorf("got %d lines:\n%s", got, h.out)
	}
	h.out.Reset()
	j, err := h.sh.jobNamed("tidy")
	must(t, err)
	many := strings.Fields(strings.Repeat("anna ", manyTroubles+1))
	must(t, h.sh.withJobs(t.Context(), "", func(e *jobs.Engine) error {
		return h.sh.queueJob(t.Context(), e, j, many, jobsRunFlags{Output: "table"})
	}))
	h.said("many", h.out.String(), "job tidy: runs 7 to 17 wait for a worker\n")
}

// TestJobsHistoryFilters: each filter shows what it says, and what there is none
// of is no error.
func TestJobsHistoryFilters(t *testing.T) {
	h := newHand(t)
	h.perform = func(_ context.Context, o jobs.Order) jobs.Result {
		switch o.Account {
		case "ben":
			return failedAs(t, jobs.Permanent, exitRaised, "no", "")
		case "carla":
			return jobs.Result{Outcome: "committed", Class: jobs.Done, Messages: 2, Delivered: 1, Kept: 1}
		}
		return wouldDelete(t, 1)
	}
	h.runs(t.Context(), "tidy", jobsRunFlags{})
	h.later(48 * time.Hour)
	h.runs(t.Context(), "mend", jobsRunFlags{})
	first, second := moment(noon), moment(noon.Add(48*time.Hour))
	for _, c := range []struct{ line, want string }{
		{"--failed", "run 2  " + first + "  tidy  ben  failed (dry)  no\n"},
		{"--outcome committed", "run 3  " + first + "  tidy  carla  committed (dry)  1 deliver, 0 delete, 1 keep\n"},
		{"-a anna -n 1", "run 4  " + second + "  mend  anna  planned  0 deliver, 1 delete, 0 keep\n"},
		{"mend", "run 4  " + second + "  anna  planned  0 deliver, 1 delete, 0 keep\n"},
		{"--since 24h", "run 4  " + second + "  mend  anna  planned  0 deliver, 1 delete, 0 keep\n"},
		{"mend --failed", "no run is like that\n"},
		{"rest", "there was no run yet; popherd jobs next shows when one is due, and popherd jobs run rest -n tries one\n"},
		{"rest -o ndjson", ""},
	} {
		if got := h.does(append([]string{"history"}, strings.Fields(c.line)...)...); got != exitOK {
			t.Errorf("%s: got exit status %d:\n%s", c.line, got, h.talk)
		}
		h.said(c.line, h.out.String(), c.want)
	}
}
