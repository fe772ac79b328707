package cli

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/jobs"
)

// jobsRunFlags are what the command line of jobs run says.
type jobsRunFlags struct {
	db       string
	Accounts []string
	DryRun   bool
	Real     bool
	Queue    bool
	Output   string
}

func (sh *shell) jobsRunCommand(db *string) *cobra.Command {
	var f jobsRunFlags
	cmd := &cobra.Command{
		Use:   "run JOB",
		Short: "Run a job now, by hand",
		Long: `Run a job now, for all its accounts or for those of -a, also if it is disabled or
paused. It needs no daemon, and none minds: no maildrop is worked twice at once.
A run that failed for now is tried again, as the job has it. Ctrl-C cancels what
has not ended; a commit that has begun finishes.

Runs are as the next fire would be: the first one of a job, and the first after a
change, is a dry run that shows its plan. -n makes it a dry run in any case,
--real carries the plan out, as far as the job's allow_delete permits.

The plan is shown as popherd run shows it; of several accounts each has a line,
and -v shows their plans and what scripts print. With --queue the runs are left
to popherd daemon, and the command does not wait for them.`,
		Example: `  popherd jobs run nightly -n
  popherd jobs run nightly -a work --real
  popherd jobs run nightly --queue`,
		Args:              jobArgument,
		ValidArgsFunction: sh.jobWords,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.db = *db
			if err := f.check(); err != nil {
				return err
			}
			return sh.runJob(cmd.Context(), args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&f.Accounts, "account", "a", nil, "only for `ACCOUNT`, a name or a pattern such as \"work-*\". May be given more than once")
	flags.BoolVarP(&f.DryRun, "dry-run", "n", false, "plan only, whatever is allowed")
	flags.BoolVar(&f.Real, "real", false, "carry the plan out, also if this were to be the dry run before the first")
	flags.BoolVar(&f.Queue, "queue", false, "leave it to popherd daemon or popherd worker, and do not wait")
	cmd.RegisterFlagCompletionFunc("account", sh.jobAccountWords)
	outputFlag(cmd, &f.Output)
	return cmd
}

// check refuses what makes no sense.
func (f *jobsRunFlags) check() error {
	if f.DryRun && f.Real {
		return &usageError{object: "--real", reason: "there is --dry-run, too", hint: "give one of them, or none: then it is as the next fire would be"}
	}
	return checkOutput(f.Output)
}

// dry is the wish that an engine takes.
func (f *jobsRunFlags) dry() *bool {
	if !f.DryRun && !f.Real {
		return nil
	}
	return &f.DryRun
}

// runJob runs a job by hand, here or where a daemon is.
func (sh *shell) runJob(ctx context.Context, name string, f jobsRunFlags) error {
	j, err := sh.jobNamed(name)
	if err != nil {
		return err
	}
	accounts, err := sh.jobAccounts(j, f.Accounts)
	if err != nil {
		return err
	}
	if f.Queue {
		return sh.withJobs(ctx, f.db, func(e *jobs.Engine) error { return sh.queueJob(ctx, e, j, accounts, f) })
	}
	p, err := sh.performer(sh.runLogger())
	if err != nil {
		return err
	}
	return sh.runJobHere(ctx, p, j, accounts, f)
}

// runLogger is the log of runs that a person waits for: what they do is told at
// the end.
func (sh *shell) runLogger() *slog.Logger {
	own := *sh
	own.quiet = !sh.verbose
	return own.logger()
}

// jobAccounts are those accounts of a job that were named on the command line;
// all if none was.
func (sh *shell) jobAccounts(j config.Job, named []string) ([]string, error) {
	c, err := sh.configuration()
	if err != nil {
		return nil, err
	}
	own, err := c.Select(j.Accounts)
	if err != nil {
		return nil, err
	}
	if len(named) == 0 {
		return namesOf(own), nil
	}
	chosen := map[string]bool{}
	for _, word := range named {
		if host.IsURL(word) {
			return nil, &usageError{object: "--account", reason: fmt.Sprintf("%q is no account's name", word), hint: "job " + j.Name + " is for " + fewNames(namesOf(own))}
		}
		some, err := c.Select([]string{word})
		if err != nil {
			return nil, err
		}
		some = slices.DeleteFunc(some, func(a config.Account) bool {
			return !slices.ContainsFunc(own, func(b config.Account) bool { return a.Name == b.Name })
		})
		if len(some) == 0 {
			return nil, &usageError{object: fmt.Sprintf("--account %q", word), reason: "job " + j.Name + " is not for it", hint: "it is for " + fewNames(namesOf(own))}
		}
		for _, a := range some {
			chosen[a.Name] = true
		}
	}
	return slices.DeleteFunc(namesOf(own), func(name string) bool { return !chosen[name] }), nil
}

func namesOf(accounts []config.Account) []string {
	names := make([]string, len(accounts))
	for i, a := range accounts {
		names[i] = a.Name
	}
	return names
}

// queueJob leaves the runs to whoever works what is due.
func (sh *shell) queueJob(ctx context.Context, e *jobs.Engine, j config.Job, accounts []string, f jobsRunFlags) error {
	ids, err := e.Run(ctx, j.Name, accounts, f.dry())
	if err != nil {
		return err
	}
	made := make([]ranJob, len(ids))
	for i, id := range ids {
		made[i] = ran(jobs.Run{ID: id, Job: j.Name, Account: accounts[i], State: "waiting", DryRun: f.DryRun})
	}
	switch {
	case f.Output == "json":
		err = sh.writeRan(made)
	case f.Output == "ndjson":
		err = writeEach(sh.Stdout, made)
	case len(made) > manyTroubles:
		err = sh.say("job %s: runs %d to %d wait for a worker", j.Name, ids[0], ids[len(ids)-1])
	default:
		for _, r := range made {
			if err = sh.say("run %d waits for a worker: job %s, account %s", r.Run, r.Job, r.Account); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	return sh.warnIdle(ctx, e, "popherd daemon starts one; popherd jobs run without --queue needs none")
}

// warnIdle tells if nobody works what waits, and what to do.
func (sh *shell) warnIdle(ctx context.Context, e *jobs.Engine, hint string) error {
	n, err := e.Processes(ctx)
	if err == nil && n == 0 {
		fmt.Fprintf(sh.Stderr, "popherd: no daemon works on this database now: it waits until one does\nhint: %s\n", hint)
	}
	return err
}
