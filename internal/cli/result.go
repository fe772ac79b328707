package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
)

// resultOf is what became of a run, as the engine has it: this attempt, and what
// earlier ones changed.
func resultOf(r *run.Report, earlier []run.Account, err error) jobs.Result {
	result := jobs.Result{Class: classOf(err), Outcome: "failed"}
	if err != nil {
		result.Message = err.Error()
		if hint := hintOf(err); hint != "" {
			result.Message += " (" + ofJobs(hint) + ")"
		}
	}
	if r == nil {
		r = &run.Report{Accounts: []run.Account{}, Error: faultOf(err)}
	}
	for _, a := range r.Accounts {
		judge(&result, a, err)
		result.Messages += a.Messages
	}
	if err == nil && len(r.Accounts) == 0 {
		result.Outcome = "nothing"
	}
	r.Accounts = append(earlier, r.Accounts...)
	for _, a := range r.Accounts {
		if settled(a.Outcome) {
			result.Deleted += a.Delete
			result.Delivered += a.Deliver
			result.Kept += a.Keep
		}
	}
	result.Delay = loginDelay(r)
	result.Report = fitting(r)
	return result
}

// ofJobs is a hint that names a flag, as it is for jobs.
func ofJobs(hint string) string {
	flag, found := strings.CutPrefix(hint, "allow it with --")
	if !found {
		return hint
	}
	name, value, _ := strings.Cut(flag, "=")
	return fmt.Sprintf("allow it with %s = %q in its [jobs.NAME]", strings.ReplaceAll(name, "-", "_"), value)
}

// judge says what the outcome of a session means for the run.
func judge(result *jobs.Result, a run.Account, err error) {
	committed := a.Outcome == plan.Committed.String()
	if err == nil || committed || a.Outcome == plan.Unknown.String() {
		result.Outcome = a.Outcome
	}
	switch {
	case a.Outcome == plan.Unknown.String():
		result.Class = jobs.Temporary // the next attempt finds out
	case committed && result.Class == jobs.Interrupted:
		result.Class = jobs.Done // it came too late
	}
	if result.Message == "" {
		result.Message = a.Why
	}
}

// changes are the sessions of earlier attempts that changed the maildrop, or may
// have: what was deleted then is not in the plan of the next attempt.
func changes(report []byte) (changed []run.Account) {
	var r run.Report
	if len(report) == 0 || json.Unmarshal(report, &r) != nil {
		return nil
	}
	for _, a := range r.Accounts {
		if (a.Outcome == plan.Committed.String() || a.Outcome == plan.Unknown.String()) && a.Delete+a.Deliver > 0 {
			changed = append(changed, a)
		}
	}
	return changed
}

// reportMost is how many octets of a report the history takes.
const reportMost = 12 << 20

// fitting is a report as the history takes it: where it is too long, rows are
// left out, those first that change nothing. The counts stand.
func fitting(r *run.Report) []byte {
	octets, err := json.Marshal(r)
	for most := 20_000; err == nil && len(octets) > reportMost && most > 0; most /= 2 {
		for i := range r.Accounts {
			a := &r.Accounts[i]
			a.Plan = slices.DeleteFunc(a.Plan, func(row run.Row) bool { return row.Decision == "keep" })
			a.Plan = a.Plan[:min(len(a.Plan), most)]
		}
		octets, err = json.Marshal(r)
	}
	return octets
}

// settled reports whether the plan is what became of the messages, or would in
// a dry run.
func settled(outcome string) bool {
	return outcome == plan.Committed.String() || outcome == plan.Planned.String()
}

// classOf says whether another attempt may mend an error.
func classOf(err error) jobs.Class {
	fault := faultOf(err)
	if fault == nil {
		return jobs.Done
	}
	if errors.Is(err, errChanged) {
		return jobs.Again
	}
	if f := (*failure)(nil); errors.As(err, &f) && f.Cut {
		return jobs.Temporary
	}
	switch fault.Status {
	case exitInterrupted:
		return jobs.Interrupted
	case exitUnavailable, exitTryAgain, exitOutput:
		return jobs.Temporary
	case exitRefused:
		if fault.Kind == "policy" || fault.Code == "SYS/PERM" { // the login was right (RFC 3206, section 4)
			return jobs.Permanent
		}
		return jobs.Refused
	case exitProtocol: // a line that was cut, or -ERR without a reason, may be of the moment
		if fault.Kind == "tls" || fault.Code == "SYS/PERM" {
			return jobs.Permanent
		}
		return jobs.Temporary
	}
	return jobs.Permanent
}

// logActions writes one line for each action of a run, and none for what was
// kept.
func logActions(log *slog.Logger, r *run.Report) {
	for _, a := range r.Accounts {
		for _, row := range a.Plan {
			if row.Decision == "keep" {
				continue
			}
			log.Info("action", "maildrop", a.Account, "uidl", row.UniqueID, "action", row.Decision, "outcome", a.Outcome, "dry_run", r.DryRun,
				"rule", row.Rule, "reason", row.Reason, "octets", row.Octets)
		}
	}
}
