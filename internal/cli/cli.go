// Package cli is the command line: one file for each sub-command, flags, help,
// the report for people, and exit statuses. It decides nothing about mail.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/luabind"
)

// Env is everything the process hands to the command line. Nothing below this
// package reads os.Args, standard input and output, or the environment.
type Env struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time // the clock of scripts; nil means time.Now

	// Keyring is where secrets can be kept; nil is the system's.
	Keyring secret.Keyring

	// Reloads tells of each wish that the configuration be read again: SIGHUP,
	// which ends every command that does not ask for it. It may be nil.
	Reloads func() <-chan struct{}

	// Executable is this program's path, for the worker process of each
	// script. Without it scripts run in this process, which is no boundary.
	Executable string
}

// A shell is what every sub-command shares: where to talk, and how much.
type shell struct {
	Env
	quiet   bool
	verbose bool
	trace   bool
	color   string
	config  string // the value of --config

	logFormat string // the value of --log-format

	configured *config.Config // nil until it is read
	turn       chan struct{}  // full while a person is asked for a password
	board      *keyboard      // nil until one is needed
}

func newShell(env Env) *shell { return &shell{Env: env, turn: make(chan struct{}, 1)} }

// Main runs the sub-command named by env.Args, and returns the exit status. A
// context that ends is an interruption by the user.
func Main(ctx context.Context, env Env) int {
	sh := newShell(env)
	root := sh.root()
	root.SetArgs(env.Args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		sh.complain(err)
	}
	return exitStatus(err)
}

func (sh *shell) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "popherd",
		Short: "Run Lua scripts over POP3 maildrops, safely",
		Long: `popherd runs Lua scripts over POP3 maildrops. Scripts have a pop3 module that
mirrors Python's poplib. What they delete is a plan first: it is carried out at
quit, if --allow-delete permits it, and a script that fails deletes nothing.`,
		Example: `  popherd init anna@example.org                        set up an account
  popherd ls -a example                                look at its mail
  popherd run cleanup.lua --maildrop inbox.mbox        rehearse on local mail
  popherd run cleanup.lua -a example                   show the plan
  popherd run cleanup.lua -a example --allow-delete=50`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		Version:       versionLine(),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if sh.config == "" && cmd.Flags().Changed("config") {
				return &usageError{object: "--config", reason: "it was given without a value", hint: "is a shell variable unset?"}
			}
			if err := checkLogFormat(sh.logFormat); err != nil {
				return err
			}
			return checkColor(sh.color)
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&sh.config, "config", "c", "", "the configuration `FILE` (default: $POPHERD_CONFIG, else config.toml in the XDG folder of popherd)")
	flags.BoolVarP(&sh.quiet, "quiet", "q", false, "no report and no progress, only errors")
	flags.BoolVarP(&sh.verbose, "verbose", "v", false, "show every message of a plan, and tracebacks")
	flags.BoolVar(&sh.trace, "trace", false, "show every line on the wire on standard error, secrets replaced")
	flags.StringVar(&sh.color, "color", "auto", "colours: `auto`, always or never")
	flags.StringVar(&sh.logFormat, "log-format", logAuto, "errors and log on standard error as `auto`, text or json, an object a line")
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(sh.runCommand(), sh.serveCommand(), sh.versionCommand(), sh.workerCommand())
	root.AddCommand(sh.logCommand(), sh.restoreCommand(), sh.stateCommand())
	root.AddCommand(sh.initCommand(), sh.doctorCommand(), sh.configCommand(), sh.accountsCommand())
	root.AddCommand(sh.lsCommand(), sh.statCommand(), sh.catCommand(), sh.topCommand(), sh.tallyCommand())
	root.AddCommand(sh.jobsCommand(), sh.daemonCommand(), sh.workerDaemonCommand(), sh.systemdCommand())
	root.AddCommand(topics()...)
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd()
	sayStatuses(root)
	return root
}

// noArguments refuses what is no sub-command, and says what it may have been.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return noCommand(cmd, args[0])
}

// noCommand says what a word may have meant.
func noCommand(parent *cobra.Command, word string) error {
	var names []string
	for _, sub := range parent.Commands() {
		names = append(names, sub.Name())
	}
	e := &usageError{object: fmt.Sprintf("command %q", word), reason: "there is no such command", hint: "see popherd help"}
	if similar := luabind.Suggest(word, names); similar != "" {
		e.hint = "did you mean " + similar + "?"
	}
	return e
}

// flagError names the flag, and one that is spelt like it.
func flagError(cmd *cobra.Command, err error) error {
	e := &usageError{object: cmd.CommandPath(), reason: err.Error(), hint: "see " + cmd.CommandPath() + " --help"}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		e.object, e.reason = fmt.Sprintf("flag %q", dashes+name), "there is no such flag"
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if similar := luabind.Suggest(name, names); similar != "" {
			e.hint = "did you mean --" + similar + "?"
		}
	}
	return e
}
