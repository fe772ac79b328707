package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/run"
)

// failedRun reports whether a run did not do what it was to.
func failedRun(r jobs.Run) bool { return r.State != "done" || r.Class != jobs.Done }

// ranError is a run that failed, with the exit status of popherd run.
func ranError(j config.Job, r jobs.Run) error {
	why, hint := r.Message, ""
	report, _ := ranReport(r)
	if report != nil && report.Error != nil && strings.HasPrefix(why, report.Error.Message) {
		// The message has its hint behind it.
		hint = strings.TrimSuffix(strings.TrimPrefix(why[len(report.Error.Message):], " ("), ")")
		why = report.Error.Message
	}
	if why == "" {
		why = "it ended as " + ranState(r)
	}
	return withStatus(ranStatus(r, report), fmt.Errorf("job %s: %s", j.Name, ofAccount(r.Account, why)), cmp.Or(hint, ranHint(r)))
}

// ofAccount puts the name of the account before an error that does not have it.
func ofAccount(account, why string) string {
	if strings.Contains(why, "account "+account+":") {
		return why
	}
	return fmt.Sprintf("account %s: %s", account, why)
}

// ranStatus is the exit status that the run would have had by itself.
func ranStatus(r jobs.Run, report *run.Report) int {
	if report != nil && report.Error != nil && report.Error.Status > 0 {
		return report.Error.Status
	}
	switch {
	case r.Outcome == "cancelled" || r.State != "done":
		return exitInterrupted
	case r.Outcome == "panic":
		return exitInternal
	case r.Class == jobs.Refused:
		return exitRefused
	case r.Class == jobs.Permanent:
		return exitRaised
	}
	return exitTryAgain
}

// ranHint says what to do where the run did not.
func ranHint(r jobs.Run) string {
	switch {
	case r.Class == jobs.Refused:
		return fmt.Sprintf("popherd accounts test %s tries the login", r.Account)
	case r.Class == jobs.Temporary && r.State == "done":
		return fmt.Sprintf("popherd jobs retry %d has it tried again", r.ID)
	}
	return ""
}
