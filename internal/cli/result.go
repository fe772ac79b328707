package cli

import (
	"encoding/json"
	"log/slog"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
)

// resultOf is what became of a run, as the engine has it.
func resultOf(r *run.Report, err error) jobs.Result {
	result := jobs.Result{Class: classOf(err), Outcome: "failed"}
	if err != nil {
		result.Message = err.Error()
		if hint := hintOf(err); hint != "" {
			result.Message += " (" + hint + ")"
		}
	}
	if r == nil {
		return result
	}
	for _, a := range r.Accounts {
		result.Messages += a.Messages
		if settled(a.Outcome) {
			result.Deleted += a.Delete
			result.Delivered += a.Deliver
			result.Kept += a.Keep
		}
		if err == nil || a.Outcome != plan.Planned.String() && a.Outcome != plan.Aborted.String() {
			result.Outcome = a.Outcome
		}
		if a.Outcome == plan.Unknown.String() {
			result.Class = jobs.Temporary // the next attempt finds out
		}
		if result.Message == "" {
			result.Message = a.Why
		}
	}
	if err == nil && len(r.Accounts) == 0 {
		result.Outcome = "nothing"
	}
	result.Delay = loginDelay(r)
	if octets, err := json.Marshal(r); err == nil {
		result.Report = octets
	}
	return result
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
