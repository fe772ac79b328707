package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/luabind"
)

// historyFlags are what the command line of jobs history says.
type historyFlags struct {
	job     string // the argument
	Account string
	Failed  bool
	Outcome string
	Since   string
	Limit   int
	Output  string

	since time.Time // Since, read
}

func (sh *shell) jobsHistoryCommand(db *string) *cobra.Command {
	var f historyFlags
	cmd := &cobra.Command{
		Use:   "history [JOB]",
		Short: "Show earlier runs of jobs, the latest first",
		Long: `Show the runs of all jobs or of one, the latest first: when each began, or is due,
what became of it, and of its messages. popherd jobs show has the plan of one.

A run ends as committed (its plan was carried out), planned (it was not: a dry
run), aborted (nothing changed), unknown (the answer to QUIT was lost) or failed.
cancelled is one that a person ended, superseded one whose place a later run
took, skipped one that a pause or too many waiting ones left out, died one whose
process did again and again.`,
		Example: `  popherd jobs history
  popherd jobs history nightly --failed --since 7d
  popherd jobs history -a work -n 0 -o ndjson`,
		ValidArgsFunction: sh.jobWords,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := f.check(args, sh.clock()); err != nil {
				return err
			}
			return sh.lookAtJobs(cmd.Context(), *db, func(e *jobs.Engine) error { return sh.history(cmd.Context(), e, f) })
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.Account, "account", "a", "", "only runs over `ACCOUNT`")
	flags.BoolVar(&f.Failed, "failed", false, "only runs that have ended and did not do what they were to")
	flags.StringVar(&f.Outcome, "outcome", "", "only runs of this `OUTCOME`, such as committed")
	flags.StringVar(&f.Since, "since", "", "only runs made since `WHEN`: an age as in 48h, 7d, 4w, or a day as in 2026-09-01")
	flags.IntVarP(&f.Limit, "limit", "n", 20, "at most `N` runs, the latest; 0 is all")
	cmd.RegisterFlagCompletionFunc("account", sh.jobAccountWords)
	cmd.RegisterFlagCompletionFunc("outcome", completing(ranOutcomes()...))
	outputFlag(cmd, &f.Output)
	return cmd
}

// ranOutcomes are the outcomes that a run may have.
func ranOutcomes() []string {
	return []string{
		plan.Committed.String(), plan.Planned.String(), plan.Aborted.String(), plan.Unknown.String(), "nothing", "failed",
		string(jobs.Done), string(jobs.Temporary), string(jobs.Refused), string(jobs.Permanent),
		"cancelled", "superseded", "skipped", "died", "panic",
	}
}

// check reads the argument and the flags, and refuses what makes no sense.
func (f *historyFlags) check(args []string, now time.Time) error {
	if len(args) > 1 {
		return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one job at a time", hint: "as in popherd jobs history nightly; without one it is of all jobs"}
	}
	if len(args) == 1 {
		f.job = args[0]
	}
	if f.Limit < 0 {
		return &usageError{object: "--limit", reason: fmt.Sprintf("%d is not a number of runs", f.Limit), hint: "0 is all"}
	}
	if f.Outcome != "" && !slices.Contains(ranOutcomes(), f.Outcome) {
		e := &usageError{object: "--outcome", reason: fmt.Sprintf("no run ends as %q", f.Outcome), hint: "give one of " + strings.Join(ranOutcomes(), ", ")}
		if similar := luabind.Suggest(f.Outcome, ranOutcomes()); similar != "" {
			e.hint = "did you mean " + similar + "?"
		}
		return e
	}
	if f.Since != "" {
		var err error
		if f.since, err = parseSince(f.Since, now); err != nil {
			return err
		}
	}
	return checkOutput(f.Output)
}

// parseSince reads an age, or a day or a moment of the machine's zone.
func parseSince(word string, now time.Time) (time.Time, error) {
	if age, err := parseAge(word); err == nil {
		return now.Add(-age), nil
	}
	for _, layout := range []string{time.DateOnly, minutes, time.DateTime, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, word, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &usageError{object: "--since", reason: fmt.Sprintf("%q is neither an age nor a day", word), hint: "as in --since 7d, --since 2026-09-01 or --since '2026-09-01 12:00'"}
}

// runsAtOnce is how many runs are asked for at once.
const runsAtOnce = 1000

// pages calls f with the runs that are wanted, the latest first and some at a
// time; one more than the limit, if there are more.
func (f historyFlags) pages(ctx context.Context, e *jobs.Engine, show func([]jobs.Run) error) error {
	q := jobs.Query{Job: f.job, Account: f.Account, Outcome: f.Outcome, Failed: f.Failed}
	for shown := 0; ; {
		q.Limit = runsAtOnce
		if f.Limit > 0 {
			q.Limit = min(runsAtOnce, f.Limit+1-shown)
		}
		if q.Limit <= 0 {
			return nil
		}
		runs, err := e.History(ctx, q)
		if err != nil || len(runs) == 0 {
			return err
		}
		last := len(runs) < q.Limit
		q.Before = runs[len(runs)-1].ID
		if !f.since.IsZero() {
			// A clock that was wrong may have made one between that says otherwise.
			last = last || runs[len(runs)-1].Created.Before(f.since)
			runs = slices.DeleteFunc(runs, func(r jobs.Run) bool { return r.Created.Before(f.since) })
		}
		shown += len(runs)
		if len(runs) > 0 {
			if err := show(runs); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// history shows earlier runs.
func (sh *shell) history(ctx context.Context, e *jobs.Engine, f historyFlags) error {
	var all []jobs.Run
	shown, more := 0, false
	out := output{sh.Stdout}
	encoder := newEncoder(out)
	take := func(runs []jobs.Run) error {
		if f.Limit > 0 && shown+len(runs) > f.Limit {
			runs, more = runs[:f.Limit-shown], true
		}
		shown += len(runs)
		if f.Output != "ndjson" {
			all = append(all, runs...)
			return nil
		}
		for _, r := range runs {
			if err := encoder.Encode(ran(r)); err != nil {
				return err
			}
		}
		return nil
	}
	if e != nil {
		if err := f.pages(ctx, e, take); err != nil {
			return err
		}
	}
	if shown == 0 {
		if err := sh.noHistory(ctx, e, f); err != nil {
			return err
		}
	}
	switch f.Output {
	case "ndjson":
		return nil
	case "json":
		list := make([]ranJob, len(all))
		for i, r := range all {
			list[i] = ran(r)
		}
		return sh.writeRan(list)
	}
	var b strings.Builder
	sh.writeHistory(&b, all, f.job == "")
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if more && !sh.quiet {
		fmt.Fprintln(sh.Stderr, "and earlier ones (show all with -n 0)")
	}
	return nil
}

// noHistory says why nothing is shown; names that nothing has are errors.
func (sh *shell) noHistory(ctx context.Context, e *jobs.Engine, f historyFlags) error {
	c, err := sh.configuration()
	if err != nil {
		return err
	}
	some := func(q jobs.Query) bool {
		if e == nil {
			return false
		}
		runs, err := e.History(ctx, q)
		return err == nil && len(runs) > 0
	}
	if f.job != "" && !some(jobs.Query{Job: f.job, Limit: 1}) {
		if _, err := c.Job(f.job); err != nil {
			return err
		}
	}
	if f.Account != "" && !some(jobs.Query{Account: f.Account, Limit: 1}) {
		if _, err := c.Account(f.Account); err != nil {
			return err
		}
	}
	switch {
	case f.Output != "table":
		return nil
	case some(jobs.Query{Job: f.job, Limit: 1}):
		return sh.say("no run is like that")
	case len(c.Jobs) == 0:
		return sh.noJobs()
	}
	name := f.job
	if name == "" {
		name = c.Jobs[0].Name
	}
	return sh.say("there was no run yet; popherd jobs next shows when one is due, and popherd jobs run %s -n tries one", name)
}

// writeHistory writes a line for each run, as popherd log does.
func (sh *shell) writeHistory(b *strings.Builder, runs []jobs.Run, named bool) {
	var number, job, account, state int
	for _, r := range runs {
		number = max(number, len(fmt.Sprint(r.ID)))
		job = max(job, text.StringWidth(clean(r.Job)))
		account = max(account, text.StringWidth(clean(r.Account)))
		state = max(state, text.StringWidth(clean(ranWord(r))))
	}
	for _, r := range runs {
		line := fmt.Sprintf("run %*d  %s  ", number, r.ID, moment(ranWhen(r)))
		if named {
			line += text.Pad(clean(r.Job), job, ' ') + "  "
		}
		line += text.Pad(clean(r.Account), account, ' ') + "  " + sh.failing(r, text.Pad(clean(ranWord(r)), state, ' '))
		if r.Class == jobs.Done && r.State == "done" {
			line += "  " + counted(r)
		}
		if why := ranWhy(r); why != "" {
			line += "  " + clean(why)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// ranWord is ranState, and that it was dry where the outcome does not say so.
func ranWord(r jobs.Run) string {
	word := ranState(r)
	if r.DryRun && word != plan.Planned.String() {
		word += " (dry)"
	}
	return word
}

// ranWhen is the moment that says most about a run.
func ranWhen(r jobs.Run) time.Time {
	switch {
	case r.State != "done" && r.State != "running":
		return r.Due
	case !r.Started.IsZero():
		return r.Started
	case !r.Finished.IsZero():
		return r.Finished
	}
	return r.Created
}

// failing colours the state of a run that failed.
func (sh *shell) failing(r jobs.Run, word string) string {
	if sh.colored(sh.Stdout) && r.State == "done" && r.Class != jobs.Done {
		return "\x1b[31m" + word + "\x1b[0m"
	}
	return word
}
