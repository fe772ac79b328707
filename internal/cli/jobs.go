package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
)

func (sh *shell) jobsCommand() *cobra.Command {
	var db string
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "Scheduled jobs: what runs when, what ran and why, and runs by hand",
		Long: `A job is a script, the accounts that it is for, and a schedule: a table
[jobs.NAME] of the configuration. popherd daemon runs jobs when they are due;
each account of each fire is a run of its own, with a number.

The first run of a job is a dry run, and so is the first one after a change of
its script: popherd jobs show has its plan. Failures that no retry mends, such
as a password that was refused, pause the job for that account until popherd
jobs enable.`,
		Example: `  popherd jobs list
  popherd jobs next
  popherd jobs run nightly -a work -n
  popherd jobs history nightly --failed
  popherd jobs show 7`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&db, "db", "", databaseUsage)
	cmd.AddCommand(sh.jobsListCommand(&db), sh.jobsNextCommand(&db), sh.jobsRunCommand(&db))
	cmd.AddCommand(sh.jobsEnableCommand(&db), sh.jobsDisableCommand(&db))
	cmd.AddCommand(sh.jobsHistoryCommand(&db), sh.jobsShowCommand(&db), sh.jobsRetryCommand(&db), sh.jobsCancelCommand(&db))
	return cmd
}

// withJobs calls f with the engine of the jobs' database, to look and to order.
func (sh *shell) withJobs(ctx context.Context, db string, f func(e *jobs.Engine) error) error {
	e, err := sh.openJobs(ctx, db, nil)
	if err != nil {
		return jobsFault(ctx, err)
	}
	defer e.Close()
	return jobsFault(ctx, f(e))
}

// lookAtJobs is withJobs for what only looks: if nothing ever ran, f gets nil, and
// no database is made.
func (sh *shell) lookAtJobs(ctx context.Context, db string, f func(e *jobs.Engine) error) error {
	some, err := sh.someRan(db)
	if err != nil {
		return err
	}
	if !some {
		return f(nil)
	}
	return sh.withJobs(ctx, db, f)
}

// someRan reports whether there is a database of jobs. One of PostgreSQL is
// asked rather, for what is wrong with it is to be said.
func (sh *shell) someRan(db string) (bool, error) {
	database, err := sh.jobsDatabase(db)
	if err != nil {
		return false, err
	}
	path := database.Reveal()
	if strings.Contains(path, "://") {
		return true, nil
	}
	_, err = os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist), nil
}

// jobsFault gives an error of the engine its exit status; others stay as they
// are.
func jobsFault(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return withStatus(exitInterrupted, errors.New("interrupted"), "")
	case exitStatus(err) != exitInternal:
		return err
	}
	return withStatus(exitTryAgain, err, "")
}

// jobNamed is a job of the configuration.
func (sh *shell) jobNamed(name string) (config.Job, error) {
	c, err := sh.configuration()
	if err != nil {
		return config.Job{}, err
	}
	return c.Job(name)
}

// runArgument demands the number of a run.
func runArgument(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return &usageError{object: cmd.CommandPath(), reason: "no run is named", hint: "as in " + cmd.CommandPath() + " 7; popherd jobs history shows their numbers"}
	case 1:
		if _, err := ranNumber(args[0]); err != nil {
			return err
		}
		return notEmpty(cmd.Flags())
	}
	return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one run at a time", hint: "as in " + cmd.CommandPath() + " 7"}
}

// jobArgument demands the name of a job.
func jobArgument(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return &usageError{object: cmd.CommandPath(), reason: "no job is named", hint: "as in " + cmd.CommandPath() + " nightly; popherd jobs list shows their names"}
	case 1:
		return notEmpty(cmd.Flags())
	}
	return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one job at a time", hint: "see " + cmd.CommandPath() + " --help"}
}

// ranNumber reads the number of a job's run.
func ranNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, &usageError{object: fmt.Sprintf("run %q", text), reason: "not the number of a run", hint: "popherd jobs history shows them"}
	}
	return n, nil
}

// jobWords complete the name of a job in a shell.
func (sh *shell) jobWords(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	c, err := sh.configuration()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var words []string
	for _, j := range c.Jobs {
		if strings.HasPrefix(j.Name, begun) {
			words = append(words, cobra.CompletionWithDesc(j.Name, clean(j.Schedule+"  "+j.Script)))
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// jobAccountWords complete the name of an account: of those of the job, if one
// is named already.
func (sh *shell) jobAccountWords(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	const none = cobra.ShellCompDirectiveNoFileComp
	c, err := sh.configuration()
	if err != nil {
		return nil, none
	}
	accounts := c.Accounts
	if len(args) > 0 {
		j, err := c.Job(args[0])
		if err != nil {
			return nil, none
		}
		if accounts, err = c.Select(j.Accounts); err != nil {
			return nil, none
		}
	}
	var words []string
	for _, a := range accounts {
		if strings.HasPrefix(a.Name, begun) {
			words = append(words, a.Name)
		}
	}
	return words, none
}

// completing completes one of some words.
func completing(words ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		var fit []string
		for _, word := range words {
			if strings.HasPrefix(word, begun) {
				fit = append(fit, word)
			}
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	}
}

// outputFlag adds --output to a sub-command.
func outputFlag(cmd *cobra.Command, format *string) {
	cmd.Flags().StringVarP(format, "output", "o", "table", "as `table|json|ndjson`")
	cmd.RegisterFlagCompletionFunc("output", completing("table", "json", "ndjson")) // fails for a flag that is not there
}

func checkOutput(format string) error { return oneOf("--output", format, "table", "json", "ndjson") }

// away is how far off a moment is, as people say it.
func (sh *shell) away(t time.Time) string {
	switch d := t.Sub(sh.clock()); {
	case d >= time.Second:
		return "in " + roughly(d)
	case d <= -time.Second:
		return roughly(-d) + " ago"
	}
	return "now"
}

// roughly is a duration in the largest unit that it has two of. The status page
// has the same words.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// fewNames are names in one line, but not hundreds.
func fewNames(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// idsOf are the numbers of runs in one line.
func idsOf(runs []jobs.Run) string {
	var ids []string
	for _, r := range runs {
		ids = append(ids, strconv.FormatInt(r.ID, 10))
	}
	slices.Reverse(ids)
	return fewNames(ids)
}
