package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
)

func (sh *shell) jobsListCommand(db *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the jobs: when they run next, how they went last",
		Long: `List the jobs of the configuration with their schedules, whether they fire, the
next fire, and the run that ended last. Below stand the accounts that a job is
paused for, or failed for, and why. Times are the machine's; where a job has a
zone of its own, it stands after the schedule.`,
		Example: `  popherd jobs list
  popherd jobs list -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := checkOutput(format); err != nil {
				return err
			}
			states, err := sh.jobStates(cmd.Context(), *db)
			if err != nil {
				return err
			}
			return sh.listJobs(states, format)
		},
	}
	outputFlag(cmd, &format)
	return cmd
}

// jobStates are the jobs of the configuration as they stand. Before the first
// run the configuration alone says so.
func (sh *shell) jobStates(ctx context.Context, db string) (states []jobs.JobState, err error) {
	c, err := sh.configuration()
	if err != nil {
		return nil, err
	}
	if len(c.Jobs) == 0 {
		return nil, nil
	}
	err = sh.lookAtJobs(ctx, db, func(e *jobs.Engine) (err error) {
		if e == nil {
			states, err = sh.freshStates(c)
		} else {
			states, err = e.Jobs(ctx)
		}
		return err
	})
	return states, err
}

// freshStates are jobs that never ran.
func (sh *shell) freshStates(c *config.Config) ([]jobs.JobState, error) {
	var states []jobs.JobState
	for _, j := range c.Jobs {
		d, err := sh.definition(c, j)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", j.Name, err)
		}
		s := jobs.JobState{Name: j.Name, Schedule: d.Schedule.String(), Zone: d.Schedule.Zone().String(), Enabled: j.Enabled}
		for _, a := range d.Accounts {
			s.Accounts = append(s.Accounts, a.Name)
		}
		for at := d.Schedule.Next(sh.clock()); j.Enabled && !at.IsZero() && len(s.Next) < 5; at = d.Schedule.Next(at) {
			s.Next = append(s.Next, at)
		}
		states = append(states, s)
	}
	return states, nil
}

// A listedJob is a job as lists have it.
type listedJob struct {
	Job      string      `json:"job"`
	Schedule string      `json:"schedule"`
	Zone     string      `json:"zone"` // "Local" is the machine's own
	Accounts []string    `json:"accounts"`
	Enabled  bool        `json:"enabled"`  // in the configuration
	Disabled bool        `json:"disabled"` // by a person
	Next     []time.Time `json:"next"`
	Last     *ranJob     `json:"last,omitempty"` // the run that ended last
	Waiting  int         `json:"waiting"`        // runs
	Running  int         `json:"running"`
	Paused   []standing  `json:"paused"`
	Failing  []standing  `json:"failing"`
}

// A standing is an account that a job failed for.
type standing struct {
	Account  string     `json:"account"`
	Since    *time.Time `json:"since,omitempty"` // it is paused
	Failures int        `json:"failures"`        // in a row
	Reason   string     `json:"reason"`
}

func listJob(s jobs.JobState) listedJob {
	l := listedJob{
		Job: s.Name, Schedule: s.Schedule, Zone: s.Zone, Accounts: s.Accounts, Enabled: s.Enabled, Disabled: s.Disabled,
		Next: append([]time.Time{}, s.Next...), Waiting: s.Waiting + s.Queued, Running: s.Running, Paused: standings(s.Paused), Failing: standings(s.Failing),
	}
	if s.Last != nil {
		last := ran(*s.Last)
		l.Last = &last
	}
	return l
}

func standings(pauses []jobs.Pause) []standing {
	list := []standing{}
	for _, p := range pauses {
		list = append(list, standing{p.Account, known(p.Since), p.Failures, p.Reason})
	}
	return list
}

func (sh *shell) listJobs(states []jobs.JobState, format string) error {
	listed := []listedJob{}
	for _, s := range states {
		listed = append(listed, listJob(s))
	}
	switch {
	case format == "json":
		return sh.writeJSON(struct {
			Jobs []listedJob `json:"jobs"`
		}{listed})
	case format == "ndjson":
		return writeEach(sh.Stdout, listed)
	case len(listed) == 0:
		return sh.noJobs()
	}
	rows := [][]string{{"JOB", "SCHEDULE", "FOR", "STATE", "NEXT", "LAST"}}
	for _, s := range states {
		rows = append(rows, []string{s.Name, scheduleOf(s), forWhom(s.Accounts), stateOf(s), sh.nextOf(s), sh.lastOf(s)})
	}
	if err := sh.writeColumns(rows); err != nil {
		return err
	}
	_, err := io.WriteString(output{sh.Stdout}, troubles(states))
	return err
}

// writeEach writes one JSON object a line.
func writeEach[T any](w io.Writer, list []T) error {
	encoder := newEncoder(output{w})
	for _, value := range list {
		if err := encoder.Encode(value); err != nil {
			return err
		}
	}
	return nil
}

// noJobs says how to make one.
func (sh *shell) noJobs() error {
	if sh.quiet {
		return nil
	}
	c, err := sh.configuration()
	if err != nil {
		return err
	}
	account := "all"
	if len(c.Accounts) > 0 {
		account = c.Accounts[0].Name
	}
	text := "there are no jobs; popherd config edit adds them, as in:\n\n"
	if len(c.Accounts) == 0 {
		text = "there are no jobs, and no accounts for them; popherd init sets an account up, and\npopherd config edit adds jobs, as in:\n\n"
	}
	text += fmt.Sprintf("  [jobs.nightly]\n  script = \"@older-than\"\n  args = [\"30\"]\n  accounts = [%q]\n  schedule = \"0 4 * * *\"\n", clean(account))
	_, err = io.WriteString(output{sh.Stdout}, text)
	return err
}

// scheduleOf is when a job runs, with its zone if that is not the machine's.
func scheduleOf(s jobs.JobState) string {
	apart := s.Zone != "" && s.Zone != "Local" && s.Zone != time.Local.String()
	if !apart || strings.Contains(s.Schedule, "@every") || strings.Contains(s.Schedule, "TZ=") {
		return s.Schedule
	}
	return s.Schedule + " " + s.Zone
}

// forWhom names one account, and counts more.
func forWhom(accounts []string) string {
	if len(accounts) == 1 {
		return accounts[0]
	}
	return plural(len(accounts), "account")
}

// stateOf says whether a job fires, as the status page does.
func stateOf(s jobs.JobState) string {
	switch {
	case !s.Enabled:
		return "off in the configuration"
	case s.Disabled:
		return "disabled"
	case len(s.Paused) > 0 && len(s.Paused) >= len(s.Accounts):
		return "paused"
	case len(s.Paused) > 0:
		return plural(len(s.Paused), "account") + " paused"
	case s.Running > 0:
		return plural(s.Running, "run") + " under way"
	}
	return "enabled"
}

func (sh *shell) nextOf(s jobs.JobState) string {
	if len(s.Next) == 0 || len(s.Accounts) > 0 && len(s.Paused) == len(s.Accounts) {
		return "never"
	}
	return s.Next[0].Local().Format(minutes) + ", " + sh.away(s.Next[0])
}

func (sh *shell) lastOf(s jobs.JobState) string {
	if s.Last == nil {
		return "no run yet"
	}
	text := fmt.Sprintf("run %d %s", s.Last.ID, ranState(*s.Last))
	if !s.Last.Finished.IsZero() {
		text += ", " + sh.away(s.Last.Finished)
	}
	return text
}

// manyTroubles is how many accounts of a job are told of.
const manyTroubles = 10

// troubles tells of the accounts that jobs are paused for, or failed for.
func troubles(states []jobs.JobState) string {
	var b strings.Builder
	for _, s := range states {
		for _, p := range s.Paused[:min(len(s.Paused), manyTroubles)] {
			fmt.Fprintf(&b, "job %s is paused for %s since %s, %s: %s\n", clean(s.Name), clean(p.Account), moment(p.Since), failures(p.Failures), clean(p.Reason))
		}
		if more := len(s.Paused) - manyTroubles; more > 0 {
			fmt.Fprintf(&b, "job %s is paused for %s more\n", clean(s.Name), plural(more, "account"))
		}
		for _, p := range s.Failing[:min(len(s.Failing), manyTroubles)] {
			fmt.Fprintf(&b, "job %s failed for %s, %s: %s\n", clean(s.Name), clean(p.Account), failures(p.Failures), clean(p.Reason))
		}
		if more := len(s.Failing) - manyTroubles; more > 0 {
			fmt.Fprintf(&b, "job %s failed for %s more\n", clean(s.Name), plural(more, "account"))
		}
		if len(s.Paused) > 0 {
			fmt.Fprintf(&b, "  once that is mended: popherd jobs enable %s\n", clean(s.Name))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n" + b.String()
}

func failures(n int) string {
	if n == 1 {
		return "after 1 failure"
	}
	return fmt.Sprintf("after %d failures in a row", n)
}
