package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/state"
)

// logFlags are what the command line of log says.
type logFlags struct {
	Account  string
	UniqueID string
	Limit    int
	Output   string
	StateDir string

	run state.RunID // the argument, or 0
}

func (sh *shell) logCommand() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "log [RUN]",
		Short: "Show earlier runs, and why a message was deleted",
		Long: `Show earlier runs, the latest first. With RUN, the number of a run, its plan:
what was decided about each message, by which rule, because of what, where its
backup is and when the message was gone. With --uidl what any run decided about
the message of that unique-id. Of messages that no rule spoke of nothing is
remembered.`,
		Example: `  popherd log --account anna@pop.example.org
  popherd log 7
  popherd log --uidl 000000026b03dd20
  popherd log --limit 0 -o ndjson`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := f.check(args); err != nil {
				return err
			}
			return stateFault(sh.showLog(cmd.Context(), f))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.Account, "account", "", "only runs of `ACCOUNT`, a name of the configuration or as in anna@pop.example.org")
	flags.StringVar(&f.UniqueID, "uidl", "", "only what was decided about the message of this unique-id, `ID`")
	flags.IntVar(&f.Limit, "limit", 20, "at most `N` runs, the latest; 0 is all")
	flags.StringVarP(&f.Output, "output", "o", "table", "as `table|json|ndjson`")
	flags.StringVar(&f.StateDir, "state-dir", "", "the `DIR` of the state: see popherd state")
	return cmd
}

// check reads the argument, and refuses what makes no sense.
func (f *logFlags) check(args []string) error {
	if len(args) > 1 {
		return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one run at a time", hint: "as in popherd log 7"}
	}
	if len(args) == 1 {
		id, ok := runNumber(args[0])
		if !ok {
			return &usageError{object: fmt.Sprintf("run %q", args[0]), reason: "not the number of a run", hint: "popherd log shows them; a message's unique-id comes after --uidl"}
		}
		f.run = id
	}
	if f.Limit < 0 {
		return &usageError{object: "--limit", reason: fmt.Sprintf("%d is not a number of runs", f.Limit), hint: "0 is all"}
	}
	switch f.Output {
	case "table", "json", "ndjson":
		return nil
	}
	return &usageError{object: "--output", reason: fmt.Sprintf("there is no format %q", f.Output), hint: "give table, json or ndjson"}
}

// runNumber reads the number of a run.
func runNumber(text string) (state.RunID, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return state.RunID(n), err == nil && n > 0
}

// showLog shows what was asked for.
func (sh *shell) showLog(ctx context.Context, f logFlags) error {
	store, err := sh.openState(ctx, f.StateDir)
	if err != nil {
		return err
	}
	defer store.Close()
	if f.Account, err = sh.remembered(f.Account); err != nil {
		return err
	}
	runs, err := f.find(ctx, store)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return f.nothing(ctx, store)
	}
	out := output{sh.Stdout}
	switch f.Output {
	case "json":
		encoder := newEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Runs []loggedRun `json:"runs"`
		}{runs})
	case "ndjson":
		return logLines(out, runs)
	}
	_, err = io.WriteString(out, sh.logText(runs, f))
	return err
}

// find reads the runs: with their plans if one is asked for, with the rows of
// one message, or only counted.
func (f logFlags) find(ctx context.Context, store *state.Store) ([]loggedRun, error) {
	if f.UniqueID != "" {
		return f.findMessage(ctx, store)
	}
	runs, err := store.Runs(ctx, state.Query{Account: f.Account, Run: f.run, Limit: f.Limit})
	if err != nil {
		return nil, err
	}
	var all []loggedRun
	for _, r := range runs {
		rows, err := store.Rows(ctx, state.Query{Run: r.ID})
		if err != nil {
			return nil, err
		}
		logged := logRun(r)
		logged.decided = countRows(rows)
		if f.run != 0 {
			backups, err := store.Backups(ctx, state.Query{Run: r.ID})
			if err != nil {
				return nil, err
			}
			logged.Plan = logRows(rows, backups)
		}
		all = append(all, logged)
	}
	return all, nil
}

// findMessage reads what was decided about one message.
func (f logFlags) findMessage(ctx context.Context, store *state.Store) ([]loggedRun, error) {
	q := state.Query{Account: f.Account, Run: f.run, UniqueID: f.UniqueID, Limit: f.Limit}
	rows, err := store.Rows(ctx, q)
	if err != nil {
		return nil, err
	}
	q.Limit = 0
	backups, err := store.Backups(ctx, q)
	if err != nil {
		return nil, err
	}
	var all []loggedRun
	for len(rows) > 0 {
		id := rows[0].Run
		end := slices.IndexFunc(rows, func(r state.Row) bool { return r.Run != id })
		if end < 0 {
			end = len(rows)
		}
		runs, err := store.Runs(ctx, state.Query{Run: id})
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			logged := logRun(r)
			logged.Plan = logRows(rows[:end], backups)
			all = append(all, logged)
		}
		rows = rows[end:]
	}
	return all, nil
}

// nothing says what it was that nothing is remembered of.
func (f logFlags) nothing(ctx context.Context, store *state.Store) error {
	runs, err := store.Runs(ctx, state.Query{})
	if err != nil {
		return err
	}
	var accounts []string
	for _, r := range runs {
		accounts = append(accounts, r.Account)
	}
	switch {
	case f.Account != "" && !slices.Contains(accounts, f.Account):
		return unknownAccount(f.Account, accounts)
	case f.UniqueID != "":
		return withStatus(exitNoInput, fmt.Errorf("unique-id %q: no run has decided about it", f.UniqueID), "popherd log RUN shows the unique-ids of a run")
	case f.run != 0:
		return withStatus(exitNoInput, fmt.Errorf("run %d: nothing is remembered of it", f.run), "popherd log shows those that there are")
	}
	return withStatus(exitNoInput, errors.New("state: no run is remembered"), "the log begins with the first run that keeps a state")
}
