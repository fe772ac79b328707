package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/state"
)

func (sh *shell) stateCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Look after what popherd remembers between runs",
		Long: `What popherd remembers between runs is one file, state.db: of each account what
its server listed, what was delivered and deleted, the runs with their plans,
where backups are, and the values that scripts keep. popherd log reads it.

The file is in --state-dir, else in popherd of $XDG_STATE_HOME, else in
$HOME/.local/state/popherd.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&dir, "state-dir", "", "the `DIR` of the state")
	cmd.AddCommand(
		sh.upkeep("export [FILE]", 0, 1, "Write all of it as lines of JSON", `Write all of the state as lines of JSON, to FILE or to standard output. FILE must
not be there. Of a damaged state what can still be read is written. The lines
have subjects, addresses, and what scripts keep: FILE is for your eyes only.`,
			func(ctx context.Context, args []string) error { return sh.exportState(ctx, dir, args) }),
		sh.upkeep("import FILE", 1, 1, "Make a state of an export", `Make a state of what popherd state export has written; FILE - is standard input.
There must be no state yet: nothing is mixed, and nothing replaced.`,
			func(ctx context.Context, args []string) error { return sh.importState(ctx, dir, args[0]) }),
		sh.upkeep("forget ACCOUNT", 1, 1, "Forget an account", `Forget all about an account: its messages, its runs and its scripts' values.
Where its backups are stays known. To the next run everything on the server is
new, and is delivered again where the target cannot tell that it has it.`,
			func(ctx context.Context, args []string) error { return sh.forgetAccount(ctx, dir, args[0]) }),
		sh.vacuumCommand(&dir),
		sh.upkeep("path", 0, 0, "Print where it is", "Print where the state is, or would be.",
			func(_ context.Context, _ []string) error { return sh.statePath(dir) }),
	)
	return cmd
}

// upkeep makes one of state's sub-commands; it takes between least and most
// arguments.
func (sh *shell) upkeep(use string, least, most int, short, long string, do func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Long:  long,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < least || len(args) > most {
				return &usageError{object: "state " + cmd.Name(), reason: fmt.Sprintf("%d arguments", len(args)), hint: "as in popherd state " + use}
			}
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			return stateFault(do(cmd.Context(), args))
		},
	}
}

func (sh *shell) vacuumCommand(dir *string) *cobra.Command {
	var older string
	cmd := sh.upkeep("vacuum", 0, 0, "Forget what is old, and give its room back", `Forget runs, messages that are gone and values that expired, if all that is older
than --older-than; then check the file and make it as small as it can be.
Backups and where they are stay. A message that comes back after it was
forgotten is a new one, so that a year is a good age.`,
		func(ctx context.Context, _ []string) error { return sh.vacuum(ctx, *dir, older) })
	cmd.Flags().StringVar(&older, "older-than", "365d", "the `AGE` in hours, days or weeks, as in 48h, 365d, 52w")
	return cmd
}

// stateDir is the folder of the state: the value of --state-dir, or if that is
// empty what the environment says.
func (sh *shell) stateDir(flag string) (string, error) {
	if flag != "" {
		return filepath.Abs(flag)
	}
	c, err := sh.configuration()
	if err != nil {
		return "", err
	}
	if c.Policy.StateDir != "" {
		return c.Policy.StateDir, nil
	}
	// The XDG base directory specification has relative paths ignored.
	if dir := sh.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "popherd"), nil
	}
	if home := sh.Getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "popherd"), nil
	}
	return "", &usageError{
		object: "--state-dir",
		reason: "it was not given, and neither XDG_STATE_HOME nor HOME says where the state is",
		hint:   "as in --state-dir=/var/lib/popherd",
	}
}

// openState opens the state, which must be there.
func (sh *shell) openState(ctx context.Context, flag string) (*state.Store, error) {
	dir, err := sh.stateDir(flag)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, state.FileName)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, withStatus(exitNoInput, fmt.Errorf("state %s: there is none", file), "popherd run makes it; if it is elsewhere, name its folder with --state-dir")
	}
	return state.Open(ctx, dir, state.Options{})
}

// withStatus gives an error its exit status, and says what to do about it.
func withStatus(status int, err error, hint string) error {
	return &failure{Status: status, Message: err.Error(), HintText: hint}
}

// stateFault gives an error of the state its exit status; others stay as they
// are.
func stateFault(err error) error {
	var locked *state.LockedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return withStatus(exitInterrupted, errors.New("interrupted"), "")
	case errors.As(err, &locked):
		return withStatus(exitTryAgain, err, "wait until that run has ended, and try again")
	case errors.Is(err, state.ErrBusy):
		return withStatus(exitTryAgain, err, "try again when the other popherd has ended")
	case errors.Is(err, state.ErrFull):
		return withStatus(exitTryAgain, err, "make room, and try again")
	case errors.As(err, new(*state.DamagedError)), errors.As(err, new(*state.VersionError)):
		return withStatus(exitInput, err, hintOf(err))
	case exitStatus(err) != exitInternal:
		return err
	}
	return withStatus(exitNoInput, err, "")
}

// say tells on standard output what was done.
func (sh *shell) say(format string, args ...any) error {
	if sh.quiet {
		return nil
	}
	_, err := io.WriteString(output{sh.Stdout}, clean(fmt.Sprintf(format, args...))+"\n")
	return err
}

// clock is the time of the host.
func (sh *shell) clock() time.Time {
	if sh.Now != nil {
		return sh.Now()
	}
	return time.Now()
}

func (sh *shell) statePath(flag string) error {
	dir, err := sh.stateDir(flag)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(output{sh.Stdout}, filepath.Join(dir, state.FileName))
	return err
}
