package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/jobs"
)

func (sh *shell) jobsEnableCommand(db *string) *cobra.Command {
	return sh.jobOrder(db, "enable JOB", "Have a job fire again, and end its pauses",
		`Have a job fire again from now on, on all machines, and end its pauses: what
failed before is forgotten. Fires that were missed meanwhile are not made up
for.`, sh.enableJob)
}

func (sh *shell) jobsDisableCommand(db *string) *cobra.Command {
	return sh.jobOrder(db, "disable JOB", "Have a job fire no more",
		`Have a job fire no more, on any machine and whatever its configuration says, until
popherd jobs enable. Its runs that wait for their fire are over; those under way
go on, and popherd jobs run still runs it by hand.`, sh.disableJob)
}

// jobOrder makes a sub-command that changes how a job stands.
func (sh *shell) jobOrder(db *string, use, short, long string, do func(ctx context.Context, e *jobs.Engine, job string) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args:              jobArgument,
		ValidArgsFunction: sh.jobWords,
		RunE: func(cmd *cobra.Command, args []string) error {
			j, err := sh.jobNamed(args[0])
			if err != nil {
				return err
			}
			return sh.withJobs(cmd.Context(), *db, func(e *jobs.Engine) error { return do(cmd.Context(), e, j.Name) })
		},
	}
	cmd.Example = "  popherd jobs " + cmd.Name() + " nightly"
	return cmd
}

func (sh *shell) enableJob(ctx context.Context, e *jobs.Engine, job string) error {
	before, err := jobState(ctx, e, job)
	if err != nil {
		return err
	}
	if err := e.Enable(ctx, job); err != nil {
		return err
	}
	s, err := jobState(ctx, e, job)
	if err != nil {
		return err
	}
	text := "job " + job + " is enabled"
	if !before.Disabled && len(before.Paused) == 0 {
		text = "job " + job + " was enabled already"
	}
	if n := len(before.Paused); n > 0 {
		text += ", and no longer paused for " + forWhom(pausedNames(before))
	}
	switch {
	case !s.Enabled:
		text += ", but has enabled = false in the configuration: without that it fires"
	case len(s.Next) > 0:
		text += "; its next fire is " + sh.instant(s.Next[0])
	}
	return sh.say("%s", text)
}

func pausedNames(s jobs.JobState) []string {
	var names []string
	for _, p := range s.Paused {
		names = append(names, p.Account)
	}
	return names
}

func (sh *shell) disableJob(ctx context.Context, e *jobs.Engine, job string) error {
	before, err := jobState(ctx, e, job)
	if err != nil {
		return err
	}
	if err := e.Disable(ctx, job); err != nil {
		return err
	}
	s, err := jobState(ctx, e, job)
	if err != nil {
		return err
	}
	text := "job " + job + " is disabled"
	if before.Disabled {
		text = "job " + job + " was disabled already"
	}
	if over := before.Waiting + before.Queued - s.Waiting - s.Queued; over > 0 {
		text += fmt.Sprintf(", and %s that waited will not run", plural(over, "run"))
	}
	if err := sh.say("%s; popherd jobs enable %s has it fire again", text, job); err != nil {
		return err
	}
	if s.Running+s.Waiting+s.Queued == 0 {
		return nil
	}
	open, err := openRuns(ctx, e, job)
	if err != nil || len(open) == 0 {
		return err
	}
	return sh.say("not over yet: run %s; popherd jobs cancel ends one", idsOf(open))
}

// openRuns are runs of a job that are not over; not hundreds of them.
func openRuns(ctx context.Context, e *jobs.Engine, job string) ([]jobs.Run, error) {
	var open []jobs.Run
	for _, state := range []string{"running", "queued", "waiting"} {
		runs, err := e.History(ctx, jobs.Query{Job: job, State: state, Limit: 10})
		if err != nil {
			return nil, err
		}
		open = append(open, runs...)
	}
	return open, nil
}

// jobState is how one job of the configuration stands.
func jobState(ctx context.Context, e *jobs.Engine, job string) (jobs.JobState, error) {
	states, err := e.Jobs(ctx)
	if err != nil {
		return jobs.JobState{}, err
	}
	for _, s := range states {
		if s.Name == job {
			return s, nil
		}
	}
	return jobs.JobState{}, fmt.Errorf("job %s: %w", job, jobs.ErrUnknown)
}

func (sh *shell) jobsRetryCommand(db *string) *cobra.Command {
	return sh.runOrder(db, "retry RUN", "Have a run that failed run again",
		`Have a run that failed, was cancelled or waits for its next attempt run as soon as a
worker is free, with all its retries before it. A daemon works it; popherd jobs
run makes a new run, and needs none.`, sh.retryRan)
}

func (sh *shell) jobsCancelCommand(db *string) *cobra.Command {
	return sh.runOrder(db, "cancel RUN", "End a run, or what waits of it",
		`End a run, on whatever machine it is. One that waits is over at once. One under way
is told to stop, which it does within seconds: what it only read leaves no trace,
and a commit that has begun finishes.`, sh.cancelRan)
}

// runOrder makes a sub-command that changes what becomes of a run.
func (sh *shell) runOrder(db *string, use, short, long string, do func(ctx context.Context, e *jobs.Engine, r jobs.Run) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long,
		Args: runArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := ranNumber(args[0])
			if err != nil {
				return err
			}
			return sh.lookAtJobs(cmd.Context(), *db, func(e *jobs.Engine) error {
				if e == nil {
					return noRun(id)
				}
				r, err := e.Show(cmd.Context(), id)
				if errors.Is(err, jobs.ErrUnknown) {
					return noRun(id)
				}
				if err != nil {
					return err
				}
				return do(cmd.Context(), e, r)
			})
		},
	}
	cmd.Example = "  popherd jobs " + cmd.Name() + " 7"
	return cmd
}

func (sh *shell) retryRan(ctx context.Context, e *jobs.Engine, r jobs.Run) error {
	if _, err := sh.jobNamed(r.Job); err != nil {
		return withStatus(exitStatus(err), fmt.Errorf("run %d: %w", r.ID, err), hintOf(err))
	}
	switch err := e.Retry(ctx, r.ID); {
	case errors.Is(err, jobs.ErrSettled):
		return withStatus(exitUsage, fmt.Errorf("run %d: it has ended well already", r.ID), fmt.Sprintf("popherd jobs run %s -a %s makes a new run", r.Job, r.Account))
	case err != nil:
		return err
	case r.State == "running":
		return sh.say("run %d is under way already", r.ID)
	}
	if err := sh.say("run %d runs again as soon as a worker is free: job %s, account %s", r.ID, r.Job, r.Account); err != nil {
		return err
	}
	return sh.warnIdle(ctx, e, "popherd daemon starts one")
}

func (sh *shell) cancelRan(ctx context.Context, e *jobs.Engine, r jobs.Run) error {
	switch err := e.Cancel(ctx, r.ID); {
	case errors.Is(err, jobs.ErrOver):
		return withStatus(exitUsage, fmt.Errorf("run %d: it is over: %s", r.ID, ranState(r)), fmt.Sprintf("popherd jobs show %d tells what it did", r.ID))
	case err != nil:
		return err
	}
	now, err := e.Show(ctx, r.ID)
	if err != nil {
		return err
	}
	if now.State == "done" {
		return sh.say("run %d is cancelled: job %s, account %s", r.ID, r.Job, r.Account)
	}
	return sh.say("run %d is told to stop; a commit that has begun finishes; popherd jobs show %d says how it ends", r.ID, r.ID)
}
