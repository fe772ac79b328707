package cli

import (
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/run"
)

// TestJobsRanOutcome says what carries a plan out, and only what does.
func TestJobsRanOutcome(t *testing.T) {
	j := config.Job{Name: "tidy"}
	permitted := j
	permitted.Policy.AllowDelete = "5"
	dry := jobs.Run{Account: "anna", DryRun: true}
	for _, c := range []struct {
		account run.Account
		run     jobs.Run
		job     config.Job
		want    string
	}{
		{run.Account{Outcome: "planned", Delete: 1}, dry, permitted, "dry run: nothing changed; popherd jobs run tidy -a anna --real carries it out"},
		{run.Account{Outcome: "planned", Delete: 1}, dry, j, "dry run: nothing changed; allow_delete in [jobs.tidy] permits to carry it out"},
		{run.Account{Outcome: "planned", Delete: 1}, jobs.Run{}, j, "dry run: nothing changed; allow_delete in [jobs.tidy] permits to carry it out"},
		{run.Account{Outcome: "planned", Deliver: 1}, dry, j, "dry run: nothing changed; popherd jobs run tidy -a anna --real carries it out"},
		{run.Account{Outcome: "planned"}, dry, j, "dry run: nothing changed"},
		{run.Account{Outcome: "planned", Delete: 9, Why: "too many"}, dry, permitted, "dry run: nothing changed; the run itself would be aborted: too many"},
		{run.Account{Outcome: "committed", Delete: 1}, jobs.Run{}, permitted, "done"},
		{run.Account{Outcome: "aborted", Why: "the script failed"}, jobs.Run{}, permitted, "nothing changed: the script failed"},
		{run.Account{Outcome: "unknown", Why: "lost"}, jobs.Run{}, permitted, "unknown: lost"},
	} {
		if got := ranOutcome(c.account, c.run, c.job); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.account, got, c.want)
		}
	}
}

// TestJobsReportUnreadable: a report that is none is told of, and is no reason
// to show nothing.
func TestJobsReportUnreadable(t *testing.T) {
	sh, _, _ := testShell()
	var b strings.Builder
	sh.writePlan(&b, jobs.Run{ID: 7, Job: "tidy", Account: "anna", State: "done", Outcome: "planned", Report: []byte("{\x1b")}, config.Job{})
	if got := b.String(); !strings.HasPrefix(got, "run 7: job tidy, account anna: planned\nrun 7: its report cannot be read: ") || strings.Contains(got, "\x1b") {
		t.Errorf("got\n%s", got)
	}
}
