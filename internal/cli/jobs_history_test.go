package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// TestJobsHistoryPages: a long history is read in pages, all of it or as far as
// it is wanted.
func TestJobsHistoryPages(t *testing.T) {
	const half = 3 * runsAtOnce / 5
	const all = 2 * half
	h := newHand(t)
	must(t, h.sh.withJobs(t.Context(), "", func(e *jobs.Engine) error {
		for range 2 {
			// Of one account again and again: that is one transaction.
			if _, err := e.Run(t.Context(), "tidy", slices.Repeat([]string{"anna", "ben"}, half/2), nil); err != nil {
				return err
			}
			h.later(48 * time.Hour)
		}
		return nil
	}))
	for _, c := range []struct {
		args []string
		want int
		more bool
	}{
		{[]string{"-n", "0"}, all, false},
		{[]string{"-n", fmt.Sprint(runsAtOnce)}, runsAtOnce, true},
		{[]string{"-n", "0", "--since", "72h"}, half, false},
		{[]string{"-n", "7", "--since", "72h", "tidy"}, 7, true},
		{[]string{"-n", "0", "-o", "ndjson", "-a", "ben"}, all / 2, false},
		{[]string{"--failed"}, 1, false}, // which says that there is none
	} {
		if got := h.does(append([]string{"history"}, c.args...)...); got != exitOK {
			t.Errorf("%v: got exit status %d", c.args, got)
		}
		if got := strings.Count(h.out.String(), "\n"); got != c.want {
			t.Errorf("%v: got %d runs, want %d", c.args, got, c.want)
		}
		if got := strings.Contains(h.talk.String(), "and earlier ones"); got != c.more {
			t.Errorf("%v: tells of earlier ones: %v, want %v", c.args, got, c.more)
		}
	}
}

// TestJobsRanState are the words for how a run stands, and when.
func TestJobsRanState(t *testing.T) {
	due, started, finished := noon.Add(time.Hour), noon.Add(time.Minute), noon.Add(2*time.Minute)
	for _, c := range []struct {
		run  jobs.Run
		want string
		when time.Time
	}{
		{jobs.Run{State: "waiting", Due: due}, "waits", due},
		{jobs.Run{State: "queued", Due: due, Started: started, Class: jobs.Temporary}, "waits to try again", due},
		{jobs.Run{State: "running", Due: due, Started: started}, "running", started},
		{jobs.Run{State: "done", Outcome: "planned", Started: started, Finished: finished, DryRun: true}, "planned", started},
		{jobs.Run{State: "done", Outcome: "failed", Started: started, Finished: finished, DryRun: true}, "failed (dry)", started},
		{jobs.Run{State: "done", Class: jobs.Permanent, Finished: finished}, "permanent", finished},
		{jobs.Run{State: "done", Outcome: "cancelled", Created: noon}, "cancelled", noon},
	} {
		if got := ranWord(c.run); got != c.want || !ranWhen(c.run).Equal(c.when) {
			t.Errorf("%+v: got %q at %v, want %q at %v", c.run, got, ranWhen(c.run), c.want, c.when)
		}
	}
}

// TestJobsTimes: people read how far off a moment is, and write since when.
func TestJobsTimes(t *testing.T) {
	h := newHand(t)
	for _, c := range []struct {
		off  time.Duration
		want string
	}{
		{0, "now"}, {900 * time.Millisecond, "now"}, {-time.Second, "1 s ago"}, {119 * time.Second, "in 119 s"}, {2 * time.Minute, "in 2 min"},
		{-119 * time.Minute, "119 min ago"}, {47 * time.Hour, "in 47 h"}, {-48 * time.Hour, "2 days ago"}, {400 * 24 * time.Hour, "in 400 days"},
	} {
		if got := h.sh.away(noon.Add(c.off)); got != c.want {
			t.Errorf("%v off: got %q, want %q", c.off, got, c.want)
		}
	}
	for _, c := range []struct {
		word string
		want time.Time
	}{
		{"24h", noon.Add(-24 * time.Hour)}, {"2w", noon.AddDate(0, 0, -14)},
		{"2026-09-01", time.Date(2026, 9, 1, 0, 0, 0, 0, time.Local)}, {"2026-09-01 12:30", time.Date(2026, 9, 1, 12, 30, 0, 0, time.Local)},
		{"2026-09-01T12:30:05Z", time.Date(2026, 9, 1, 12, 30, 5, 0, time.UTC)},
	} {
		if got, err := parseSince(c.word, noon); err != nil || !got.Equal(c.want) {
			t.Errorf("%q: got %v, %v, want %v", c.word, got, err, c.want)
		}
	}
	for _, word := range []string{"yesterday", "0d", "-1h", "2026-13-01", "\x1b"} {
		if got, err := parseSince(word, noon); err == nil {
			t.Errorf("%q: got %v", word, got)
		}
	}
}

// TestJobsColoured: a terminal gets the state of a run that failed in red.
func TestJobsColoured(t *testing.T) {
	sh, _, _ := testShell()
	sh.color = "always"
	var b strings.Builder
	sh.writeHistory(&b, []jobs.Run{{ID: 1, Account: "anna", State: "done", Outcome: "failed", Class: jobs.Refused, Started: noon}}, false)
	if got, want := b.String(), "run 1  "+moment(noon)+"  anna  \x1b[31mfailed\x1b[0m\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
