package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
)

func (sh *shell) jobsShowCommand(db *string) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run and its plan, or why it failed",
		Long: `Show one run: when it fired, began and ended, what became of it, and its plan: what
was decided about each message and why, as popherd run shows it.`,
		Example: `  popherd jobs show 7
  popherd jobs show 7 -o ndjson`,
		Args: runArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkOutput(format); err != nil {
				return err
			}
			id, err := ranNumber(args[0])
			if err != nil {
				return err
			}
			return sh.lookAtJobs(cmd.Context(), *db, func(e *jobs.Engine) error { return sh.showRan(cmd.Context(), e, id, format) })
		},
	}
	outputFlag(cmd, &format)
	return cmd
}

// showRan shows one run.
func (sh *shell) showRan(ctx context.Context, e *jobs.Engine, id int64, format string) error {
	if e == nil {
		return noRun(id)
	}
	r, err := e.Show(ctx, id)
	if errors.Is(err, jobs.ErrUnknown) {
		return noRun(id)
	}
	if err != nil {
		return err
	}
	if format != "table" {
		return sh.writeOneShown(r, format)
	}
	c, err := sh.configuration()
	if err != nil {
		return err
	}
	j, err := c.Job(r.Job)
	if err != nil { // it is no longer there, but was
		j = config.Job{Name: r.Job}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "run %d: job %s, account %s\n", r.ID, clean(r.Job), clean(r.Account))
	b.WriteString(linesOf(sh.ranPairs(r), "  "))
	sh.writeReport(&b, r, j)
	_, err = io.WriteString(output{sh.Stdout}, b.String())
	return err
}

// ranPairs are what is known of a run besides its plan.
func (sh *shell) ranPairs(r jobs.Run) []pair {
	pairs := []pair{{"state", ranLong(r)}}
	add := func(key, value string) {
		if value != "" {
			pairs = append(pairs, pair{key, value})
		}
	}
	add("because", ranWhy(r))
	if r.Fire.IsZero() {
		add("ordered", sh.instant(r.Created)+", by hand")
	}
	add("fired", sh.instant(r.Fire))
	if r.State == "waiting" {
		add("due", sh.instant(r.Due))
	}
	add("began", sh.instant(r.Started))
	add("ended", ended(r))
	if r.Attempt > 1 {
		add("attempt", strconv.Itoa(r.Attempt))
	}
	add("worked on", r.Node)
	if r.Class == jobs.Done && r.State == "done" {
		add("messages", fmt.Sprintf("%d: %s", r.Messages, counted(r)))
	}
	return pairs
}

// instant is a moment and how far off it is; "" for none.
func (sh *shell) instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(t) + ", " + sh.away(t)
}

// ended is when a run did, and how long its last attempt took.
func ended(r jobs.Run) string {
	switch {
	case r.Finished.IsZero():
		return ""
	case r.Started.IsZero() || r.Finished.Before(r.Started):
		return moment(r.Finished)
	}
	took := r.Finished.Sub(r.Started)
	if took < time.Minute {
		return fmt.Sprintf("%s, after %.1f s", moment(r.Finished), took.Seconds())
	}
	return fmt.Sprintf("%s, after %v", moment(r.Finished), took.Round(time.Second))
}

// writePlan writes a run that has just ended: its number, and its plan or why it
// failed.
func (sh *shell) writePlan(b *strings.Builder, r jobs.Run, j config.Job) {
	fmt.Fprintf(b, "run %d: job %s, account %s: %s\n", r.ID, clean(r.Job), clean(r.Account), clean(ranLong(r)))
	sh.writeReport(b, r, j)
}

// writeReport writes the plan as popherd run does.
func (sh *shell) writeReport(b *strings.Builder, r jobs.Run, j config.Job) {
	report, err := ranReport(r)
	if err != nil {
		fmt.Fprintf(b, "%s\n", clean(err.Error()))
		return
	}
	if report == nil {
		return
	}
	for _, a := range report.Accounts {
		fmt.Fprintf(b, "account %s   %s, %d octets\n", clean(title(a)), messages(a.Messages), a.Octets)
		sh.writeRows(b, a, false)
		fmt.Fprintf(b, "plan: %d deliver, %d delete, %d keep%s   (%s)\n", a.Deliver, a.Delete, a.Keep, earlier(a), clean(ranOutcome(a, r, j)))
		if a.Run > 0 && !r.DryRun {
			fmt.Fprintf(b, "journal: popherd log %d shows it, and popherd restore %d --to maildir:DIR brings back what was backed up\n", a.Run, a.Run)
		}
	}
}

// ranOutcome says in one phrase what became of a run's plan, and what carries
// out one that was only made.
func ranOutcome(a run.Account, r jobs.Run, j config.Job) string {
	switch {
	case a.Outcome != plan.Planned.String() || a.Why != "" || a.Delete == 0 && a.Deliver == 0:
		return outcome(a, runFlags{})
	case a.Delete > 0 && j.Policy.AllowDelete == "":
		return fmt.Sprintf("dry run: nothing changed; allow_delete in [jobs.%s] permits to carry it out", j.Name)
	case !r.DryRun:
		return "nothing changed"
	}
	return fmt.Sprintf("dry run: nothing changed; popherd jobs run %s -a %s --real carries it out", j.Name, r.Account)
}
