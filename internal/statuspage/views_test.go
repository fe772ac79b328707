package statuspage

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// TestPlanParts: a plan can be asked for its deletions alone, on as many pages.
func TestPlanParts(t *testing.T) {
	for _, c := range []struct {
		only                  string
		rows, first, unlisted int
	}{{"", 120, 1, 292}, {"delete", 80, 1, 0}, {"deliver", 40, 4, 0}, {"keep", 40, 7, 0}} {
		sessions, more, err := readReport(longPlan("committed"), part{1, c.only})
		if err != nil || more || len(sessions) != 1 {
			t.Fatalf("%q: %d sessions, more %t, %v", c.only, len(sessions), more, err)
		}
		if s := sessions[0]; len(s.Rows) != c.rows || s.Rows[0].Number != c.first || s.Unlisted != c.unlisted {
			t.Errorf("%q: %d rows from %d on, %d not listed; want %d from %d on, %d", c.only, len(s.Rows), s.Rows[0].Number, s.Unlisted, c.rows, c.first, c.unlisted)
		}
	}
	var plan strings.Builder
	for i := range 3*rowsPerPage + 3 {
		fmt.Fprintf(&plan, `,{"num":%d,"decision":"%s","reason":"reason %d."}`, i+1, []string{"keep", "deliver a", "delete"}[i%3], i+1)
	}
	e := &engine{runs: []jobs.Run{{ID: 1, State: "done", Class: jobs.Done, Report: []byte(`{"accounts":[{"plan":[` + plan.String()[1:] + `]}]}`)}}}
	b := serve(t, options(e))
	if text := b.get("/runs/1?only=delete").text; !strings.Contains(text, `href="/runs/1?only=delete&amp;page=2"`) || !strings.Contains(text, "reason 600.") || strings.Contains(text, "reason 603.") {
		t.Errorf("the deletions:\n%s", text)
	}
	if text := b.get("/runs/1?only=delete&page=2").text; !strings.Contains(text, "reason 603.") || strings.Contains(text, `rel="next"`) || !strings.Contains(text, `href="/runs/1?only=delete" rel="prev"`) {
		t.Errorf("the last deletion:\n%s", text)
	}
	if text := b.get("/runs/1?only=x").text; !strings.Contains(text, "reason 2.") || strings.Contains(text, "only=x") {
		t.Errorf("a part that there is not:\n%s", text)
	}
}

// TestFailedOnly: the runs that failed are found among any number of others, on
// all pages, and those that were cancelled or skipped are none of them.
func TestFailedOnly(t *testing.T) {
	e := &engine{}
	kinds := []jobs.Run{{Class: jobs.Done}, {Class: jobs.Temporary}, {Outcome: "skipped"}, {Class: jobs.Refused}, {Class: jobs.Interrupted, Outcome: "cancelled"}, {Class: jobs.Permanent}}
	want := 0
	for i := range 240 {
		r := kinds[i%len(kinds)]
		r.ID, r.Job, r.Account, r.State = int64(1000-i), "backup", "home", "done"
		if failedRun(r) {
			want++
		}
		e.runs = append(e.runs, r)
	}
	e.runs[7].State = "waiting" // for its next attempt
	want--
	b := serve(t, options(e))
	seen, last := 0, int64(1001)
	next := regexp.MustCompile(`href="([^"]*)" rel="next"`)
	for path := "/runs?failed=yes"; path != ""; {
		text := b.get(path).text
		for _, m := range regexp.MustCompile(`href="/runs/(\d+)"`).FindAllStringSubmatch(text, -1) {
			id, _ := strconv.ParseInt(m[1], 10, 64)
			if seen++; id >= last || !failedRun(e.runs[1000-id]) {
				t.Errorf("run %d comes after %d, or did not fail", id, last)
			}
			last = id
		}
		path = ""
		if m := next.FindStringSubmatch(text); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	if seen != want {
		t.Errorf("%d runs, want %d", seen, want)
	}
	var skipped []jobs.Run
	for i := range 5000 {
		skipped = append(skipped, jobs.Run{ID: int64(7000 - i), Job: "backup", State: "done", Outcome: "skipped"})
	}
	e.runs = append(skipped, e.runs...)
	if text := b.get("/").text; strings.Count(text, `data-label="Outcome"`) != failuresShown || !strings.Contains(text, "/runs/999") {
		t.Errorf("the first page does not show the failures before 5000 skipped runs:\n%s", text)
	}
	if text := b.get("/runs?failed=yes&job=none").text; !strings.Contains(text, "No run is like that.") || !strings.Contains(text, "checked") {
		t.Errorf("none failed:\n%s", text)
	}
}

// TestVerdict says at once whether all is well.
func TestVerdict(t *testing.T) {
	bad := jobs.Run{State: "done", Class: jobs.Permanent}
	ill := []jobs.Pause{{Account: "home"}}
	for _, c := range []struct {
		want  string
		ticks time.Time
		jobs  []jobs.JobState
	}{
		{"All is well.", noon, []jobs.JobState{{Enabled: true}, {Enabled: true, Disabled: true}}},
		{"There are no jobs.", noon, nil},
		{"No job is enabled", noon, []jobs.JobState{{}, {Enabled: true, Disabled: true}}},
		{"1 account failed", noon, []jobs.JobState{{Enabled: true, Failing: ill}}},
		{"2 accounts are paused", noon, []jobs.JobState{{Enabled: true, Failing: ill, Paused: ill}, {Enabled: true, Paused: ill}}},
		{"The last run of 1 job failed.", noon, []jobs.JobState{{Enabled: true, Last: &bad}}},
		{"The engine is stuck", noon.Add(-time.Hour), []jobs.JobState{{Enabled: true, Paused: ill}}},
	} {
		e := &engine{jobs: c.jobs, stats: jobs.Stats{Ticked: c.ticks}}
		if text := visible(t, serve(t, options(e)).get("/").text); !strings.Contains(text, c.want) {
			t.Errorf("does not say %q:\n%s", c.want, text)
		}
	}
}

// TestMessagesSaid: a dry run is not said to have deleted anything, and what
// ended before its commit did nothing.
func TestMessagesSaid(t *testing.T) {
	for _, c := range []struct {
		run  jobs.Run
		want string
	}{
		{jobs.Run{Class: jobs.Done, Outcome: "committed", Deleted: 2, Delivered: 1, Kept: 3}, "2 deleted, 1 delivered, 3 kept"},
		{jobs.Run{Class: jobs.Done, Outcome: "planned", DryRun: true, Deleted: 2, Kept: 3}, "2 to delete, 3 to keep"},
		{jobs.Run{Class: jobs.Done, Outcome: "planned", Delivered: 3}, "3 to deliver"},
		{jobs.Run{Class: jobs.Done, Outcome: "committed"}, "0 messages"},
		{jobs.Run{Class: jobs.Done, Outcome: "aborted", Delivered: 3}, ""},
		{jobs.Run{Class: jobs.Permanent, Outcome: "failed", Deleted: 3}, ""},
	} {
		c.run.State = "done"
		var got []string
		for _, m := range messages(c.run) {
			got = append(got, m.Amount+" "+m.What)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%+v: got %q, want %q", c.run, text, c.want)
		}
	}
}
