package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
)

// restoreFlags are what the command line of restore says.
type restoreFlags struct {
	To       string
	UniqueID string
	Account  string
	DryRun   bool
	StateDir string

	run state.RunID // if UniqueID is empty
}

func (sh *shell) restoreCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "restore RUN|UIDL --to TARGET",
		Short: "Bring back messages that a run has backed up",
		Long: `Bring back every message that a run has backed up, or the one of a unique-id, to
a target: maildir:DIR, mbox:FILE, eml:DIR, smtps://HOST/?rcpt=ADDRESS, ... A
number is that of a run; a unique-id that is a number comes after --uidl.

Each message is brought back as it came, octet by octet, or not at all: its
backup must have the SHA-256 that was noted when it was made. One that is
missing or damaged is named, and the others go on. A message that a Maildir, an
mbox or a folder has from an earlier restore is not put there again.`,
		Example: `  popherd log --uidl 000000026b03dd20
  popherd restore 000000026b03dd20 --to maildir:restored
  popherd restore 7 --to mbox:restored.mbox --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := f.check(args); err != nil {
				return err
			}
			return stateFault(sh.restore(cmd.Context(), f))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.To, "to", "", "the `TARGET` that gets the messages: a name of the configuration, or as in --target of run")
	flags.StringVar(&f.UniqueID, "uidl", "", "the unique-id, `ID`, of the message, in place of the argument")
	flags.StringVar(&f.Account, "account", "", "only messages of `ACCOUNT`, a name of the configuration or as in anna@pop.example.org")
	flags.BoolVarP(&f.DryRun, "dry-run", "n", false, "check the backups, and restore nothing")
	flags.StringVar(&f.StateDir, "state-dir", "", "the `DIR` of the state: see popherd state")
	return cmd
}

// check reads the argument, and refuses what makes no sense.
func (f *restoreFlags) check(args []string) error {
	hint := "as in popherd restore 7 --to maildir:restored"
	switch {
	case len(args) > 1:
		return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one run or unique-id at a time", hint: hint}
	case len(args) == 1 && f.UniqueID != "":
		return &usageError{object: "--uidl", reason: fmt.Sprintf("%q is named too", args[0]), hint: "name one of them; --account A says whose it is"}
	case len(args) == 0 && f.UniqueID == "", len(args) == 1 && args[0] == "":
		return &usageError{object: "restore", reason: "no run and no unique-id named", hint: hint}
	case f.To == "":
		return &usageError{object: "--to", reason: "no target named", hint: hint}
	}
	if f.UniqueID != "" {
		return nil
	}
	var ok bool
	if f.run, ok = runNumber(args[0]); !ok {
		f.UniqueID = args[0]
	}
	return nil
}

// restore brings back what was asked for.
func (sh *shell) restore(ctx context.Context, f restoreFlags) error {
	to, err := sh.target(f.To)
	if err != nil {
		return err
	}
	spec, err := deliver.Parse(to)
	if err != nil {
		return &usageError{object: "--to", reason: err.Error(), hint: "as in --to maildir:restored"}
	}
	store, err := sh.openState(ctx, f.StateDir)
	if err != nil {
		return err
	}
	defer store.Close()
	if f.Account, err = sh.remembered(f.Account); err != nil {
		return err
	}
	backups, err := f.find(ctx, store)
	if err != nil {
		return err
	}
	r := &restoration{sh: sh, bar: sh.progressBar(), all: len(backups)}
	if !f.DryRun {
		if r.target, err = spec.Open(ctx, deliver.Options{Now: sh.Now, Password: r.password}); err != nil {
			return withStatus(targetStatus(err), err, "")
		}
		defer r.target.Close()
	}
	err = r.restore(ctx, backups)
	r.bar.end()
	if told := r.report(spec); err == nil {
		err = told
	}
	if r.target == nil {
		return err
	}
	if closed := r.target.Close(); err == nil && closed != nil {
		err = withStatus(targetStatus(closed), closed, "")
	}
	return err
}

// find returns the backups that were asked for, the oldest first, each file
// once.
func (f restoreFlags) find(ctx context.Context, store *state.Store) ([]state.Backup, error) {
	found, err := store.Backups(ctx, state.Query{Account: f.Account, Run: f.run, UniqueID: f.UniqueID})
	if err != nil {
		return nil, err
	}
	object := fmt.Sprintf("run %d", f.run)
	if f.UniqueID != "" {
		object = fmt.Sprintf("unique-id %q", f.UniqueID)
	}
	var accounts []string
	var backups []state.Backup
	files := map[string]bool{}
	for _, b := range slices.Backward(found) {
		if !slices.Contains(accounts, b.Account) {
			accounts = append(accounts, b.Account)
		}
		if !files[b.File] {
			backups = append(backups, b)
		}
		files[b.File] = true
	}
	switch {
	case len(found) == 0:
		return nil, withStatus(exitNoInput, errors.New(object+": nothing was backed up"), f.elsewhere())
	case len(accounts) > 1:
		return nil, &usageError{object: object, reason: "several accounts have it: " + strings.Join(accounts, ", "), hint: "name one with --account"}
	}
	return backups, nil
}

// elsewhere says where to look for what was not found.
func (f restoreFlags) elsewhere() string {
	switch {
	case f.Account != "":
		return "is that of " + f.Account + "? popherd log shows whose it is"
	case f.run != 0:
		return fmt.Sprintf("popherd log shows the runs; a unique-id that is a number comes after --uidl, as in --uidl %d", f.run)
	}
	return "popherd log shows the runs, and popherd log RUN the unique-ids and backups of one"
}
