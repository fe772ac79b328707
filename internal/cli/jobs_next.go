package cli

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/schedule"
)

const (
	defaultFires = 10
	mostFires    = 10_000
)

func (sh *shell) jobsNextCommand(db *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "next [N]",
		Short: "Show the next fires of all jobs, in order of time",
		Long: `Show the next N fires of all jobs that fire, 10 unless given, in order of time. A
run begins up to the job's jitter after its fire. Times are the machine's.`,
		Example: `  popherd jobs next
  popherd jobs next 50 -o ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			n, err := firesWanted(args)
			if err != nil {
				return err
			}
			if err := checkOutput(format); err != nil {
				return err
			}
			states, err := sh.jobStates(cmd.Context(), *db)
			if err != nil {
				return err
			}
			return sh.showNext(states, n, format)
		},
	}
	outputFlag(cmd, &format)
	return cmd
}

// firesWanted reads the argument.
func firesWanted(args []string) (int, error) {
	const hint = "as in popherd jobs next 20"
	switch len(args) {
	case 0:
		return defaultFires, nil
	case 1:
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 1 || n > mostFires {
			return 0, &usageError{object: fmt.Sprintf("argument %q", args[0]), reason: fmt.Sprintf("not a number of fires, from 1 to %d", mostFires), hint: hint}
		}
		return n, nil
	}
	return 0, &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "there is one number", hint: hint}
}

// A nextFire is a moment at which a job fires.
type nextFire struct {
	Fire     time.Time `json:"fire"`
	Job      string    `json:"job"`
	Accounts []string  `json:"accounts"` // that it is not paused for
}

// showNext shows the next n fires.
func (sh *shell) showNext(states []jobs.JobState, n int, format string) error {
	fires, err := sh.nextFires(states, n)
	if err != nil {
		return err
	}
	switch {
	case format == "json":
		return sh.writeJSON(struct {
			Fires []nextFire `json:"fires"`
		}{fires})
	case format == "ndjson":
		return writeEach(sh.Stdout, fires)
	case len(states) == 0:
		return sh.noJobs()
	}
	sh.sayIdle(states)
	if len(fires) == 0 {
		return sh.say("no job fires")
	}
	rows := [][]string{{"FIRE", "", "JOB", "FOR"}}
	for _, f := range fires {
		rows = append(rows, []string{moment(f.Fire), sh.away(f.Fire), f.Job, forWhom(f.Accounts)})
	}
	return sh.writeColumns(rows)
}

// nextFires are the next n fires of all jobs, in order; of those at one moment in
// the order of the configuration.
func (sh *shell) nextFires(states []jobs.JobState, n int) ([]nextFire, error) {
	type clockwork struct {
		schedule schedule.Schedule
		next     nextFire
	}
	var running []*clockwork
	for _, s := range states {
		j, err := sh.jobNamed(s.Name)
		if err != nil {
			return nil, err
		}
		when, err := j.When(time.Local)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", j.Name, err)
		}
		if len(s.Next) > 0 && idle(s) == "" {
			running = append(running, &clockwork{when, nextFire{s.Next[0], s.Name, unpaused(s)}})
		}
	}
	fires := []nextFire{}
	for len(fires) < n {
		var first *clockwork
		for _, c := range running {
			if !c.next.Fire.IsZero() && (first == nil || c.next.Fire.Before(first.next.Fire)) {
				first = c
			}
		}
		if first == nil {
			break
		}
		fires = append(fires, first.next)
		first.next.Fire = first.schedule.Next(first.next.Fire)
	}
	return fires, nil
}

// unpaused are the accounts that a fire makes runs for.
func unpaused(s jobs.JobState) []string {
	paused := map[string]bool{}
	for _, p := range s.Paused {
		paused[p.Account] = true
	}
	accounts := []string{}
	for _, name := range s.Accounts {
		if !paused[name] {
			accounts = append(accounts, name)
		}
	}
	return accounts
}

// idle says why a job does not fire; "" if it does.
func idle(s jobs.JobState) string {
	switch {
	case !s.Enabled:
		return "it has enabled = false in the configuration"
	case s.Disabled:
		return "it is disabled; popherd jobs enable " + s.Name + " has it fire again"
	case len(unpaused(s)) == 0:
		return "it is paused for all its accounts; popherd jobs list says why"
	case len(s.Next) == 0:
		return "its schedule has no day in the next years"
	}
	return ""
}

// sayIdle tells of the jobs that do not fire.
func (sh *shell) sayIdle(states []jobs.JobState) {
	for _, s := range states {
		if why := idle(s); why != "" && !sh.quiet {
			fmt.Fprintf(sh.Stderr, "job %s does not fire: %s\n", clean(s.Name), clean(why))
		}
	}
}
