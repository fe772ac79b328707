package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/jobs"
)

// TestJobsTroubles are told of some accounts, not of thousands, and foreign text
// in them is text.
func TestJobsTroubles(t *testing.T) {
	s := jobs.JobState{Name: "tidy", Enabled: true}
	for i := range 3000 {
		name := fmt.Sprint("account", i)
		s.Accounts = append(s.Accounts, name)
		s.Paused = append(s.Paused, jobs.Pause{Account: name, Since: noon, Failures: 1, Reason: "\x1b[2J\u202eno\r\nyes"})
		s.Failing = append(s.Failing, jobs.Pause{Account: name, Failures: 2, Reason: "x"})
	}
	got := troubles([]jobs.JobState{s})
	if n := strings.Count(got, "\n"); n != 2*(manyTroubles+1)+2 || strings.Contains(got, "\x1b") {
		t.Errorf("got %d lines:\n%s", n, got)
	}
	for _, want := range []string{
		"\njob tidy is paused for account0 since " + moment(noon) + ", after 1 failure: \uFFFD[2J\uFFFDno  yes\n",
		"\njob tidy is paused for 2990 accounts more\n", "\njob tidy failed for 2990 accounts more\n", "\n  once that is mended: popherd jobs enable tidy\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant in it %q", got, want)
		}
	}
	if got := stateOf(s); got != "paused" {
		t.Errorf("got state %q", got)
	}
	if got := troubles([]jobs.JobState{{Name: "well"}}); got != "" {
		t.Errorf("got %q of a job that is well", got)
	}
}
