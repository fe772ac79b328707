package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/run"
)

// A ranJob is a run of a job as it is told of.
type ranJob struct {
	Run      int64      `json:"run"`
	Job      string     `json:"job"`
	Account  string     `json:"account"`
	Fire     *time.Time `json:"fire,omitempty"`    // none: by hand
	State    string     `json:"state"`             // waiting, queued, running or done
	Due      *time.Time `json:"due,omitempty"`     // of what waits
	Started  *time.Time `json:"started,omitempty"` // the last attempt
	Ended    *time.Time `json:"ended,omitempty"`
	Node     string     `json:"node,omitempty"` // that works it
	Attempt  int        `json:"attempt"`
	DryRun   bool       `json:"dry_run"`
	Outcome  string     `json:"outcome"`
	Class    jobs.Class `json:"class"`
	Message  string     `json:"message,omitempty"`
	Messages int        `json:"messages"`

	// What was done with messages, or in a dry run would be. A run that failed
	// did not count them all.
	Deleted   int `json:"deleted"`
	Delivered int `json:"delivered"`
	Kept      int `json:"kept"`

	Report *run.Report `json:"report,omitempty"`
}

func ran(r jobs.Run) ranJob {
	var due time.Time
	if r.State == "waiting" || r.State == "queued" {
		due = r.Due
	}
	return ranJob{
		Run: r.ID, Job: r.Job, Account: r.Account, Fire: known(r.Fire), State: r.State, Due: known(due), Started: known(r.Started), Ended: known(r.Finished),
		Node: r.Node, Attempt: r.Attempt, DryRun: r.DryRun, Outcome: r.Outcome, Class: r.Class, Message: r.Message, Messages: r.Messages,
		Deleted: r.Deleted, Delivered: r.Delivered, Kept: r.Kept,
	}
}

// ranReport is what a run kept of its plan; nil for nothing.
func ranReport(r jobs.Run) (*run.Report, error) {
	if len(r.Report) == 0 {
		return nil, nil
	}
	var report run.Report
	if err := json.Unmarshal(r.Report, &report); err != nil {
		return nil, withStatus(exitInput, fmt.Errorf("run %d: its report cannot be read: %w", r.ID, err), "")
	}
	return &report, nil
}

// ranWhole is a run with its report.
func ranWhole(r jobs.Run) (ranJob, error) {
	report, err := ranReport(r)
	told := ran(r)
	told.Report = report
	return told, err
}

// writeRan writes runs as one JSON object.
func (sh *shell) writeRan(list []ranJob) error {
	return sh.writeJSON(struct {
		Runs []ranJob `json:"runs"`
	}{list})
}

// writeShown writes runs with their reports, for programs.
func (sh *shell) writeShown(runs []jobs.Run, format string) error {
	if format == "ndjson" {
		for _, r := range runs {
			if err := ranLines(output{sh.Stdout}, r); err != nil {
				return err
			}
		}
		return nil
	}
	list := make([]ranJob, len(runs))
	for i, r := range runs {
		told, err := ranWhole(r)
		if err != nil {
			return err
		}
		list[i] = told
	}
	return sh.writeRan(list)
}

// writeOneShown is writeShown of one run, which in JSON is the object itself.
func (sh *shell) writeOneShown(r jobs.Run, format string) error {
	if format == "ndjson" {
		return ranLines(output{sh.Stdout}, r)
	}
	told, err := ranWhole(r)
	if err != nil {
		return err
	}
	return sh.writeJSON(told)
}

// ranLines writes one JSON object for each row of a run's plan, with its run and
// account, then one for the run.
func ranLines(w io.Writer, r jobs.Run) error {
	encoder := newEncoder(w)
	report, err := ranReport(r)
	if err != nil {
		return err
	}
	if report != nil {
		for _, a := range report.Accounts {
			for _, row := range a.Plan {
				line := struct {
					Run     int64  `json:"run"`
					Job     string `json:"job"`
					Account string `json:"account"`
					run.Row
				}{r.ID, r.Job, r.Account, row}
				if err := encoder.Encode(line); err != nil {
					return err
				}
			}
		}
	}
	return encoder.Encode(ran(r))
}

func noRun(id int64) error {
	return withStatus(exitNoInput, fmt.Errorf("run %d: nothing is known of it", id), "popherd jobs history shows those that there are; old ones are forgotten, see history_days in [daemon]")
}

// counted says what a run decided about messages, as the line of a plan does.
func counted(r jobs.Run) string {
	return fmt.Sprintf("%d deliver, %d delete, %d keep", r.Delivered, r.Deleted, r.Kept)
}

// ranState is how a run stands, in a word or some.
func ranState(r jobs.Run) string {
	switch {
	case r.State == "running":
		return "running"
	case r.State != "done" && r.Class == jobs.Temporary:
		return "waits to try again"
	case r.State != "done":
		return "waits"
	case r.Outcome != "":
		return r.Outcome
	}
	return string(r.Class)
}

// ranLong is ranState with whether it is a dry run, and of what kind its failure is.
func ranLong(r jobs.Run) string {
	text := ranState(r)
	if r.State == "done" && r.Class != "" && r.Class != jobs.Done && string(r.Class) != text {
		text += ", " + string(r.Class)
	}
	if r.DryRun {
		text += ", dry run"
	}
	return text
}

// ranWhy is why a run failed, or waits. Of one that a person ended, that is known.
func ranWhy(r jobs.Run) string {
	if r.Outcome == "cancelled" && r.Class == jobs.Interrupted {
		return ""
	}
	return r.Message
}
