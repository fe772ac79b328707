package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/secret"
)

func (sh *shell) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE.lua|@NAME [flags] [-- ARGS...]",
		Short: "Run a Lua script or rule file",
		Long: `Run a Lua script. ARGS are in its table arg. A rule file is a script that
returns a function or a table of rules: popherd shows it every message of the
maildrop, and carries out what it decides. @NAME is a script that popherd
ships; popherd run @list shows them all with their arguments.

Deletions are a plan until the script calls quit. Without --allow-delete, or
with --dry-run, a plan that deletes is shown and nothing of it is done; one that
only delivers is carried out unless --dry-run is given. A script that fails, is
interrupted, or ends without quit deletes nothing.

What flags do not say is taken from [policy] and [targets] of the configuration,
allow_delete too; -n shows the plan whatever is there. Local mail gets neither
what would delete or last from there, nor targets: they are only planned for.

What the script prints goes to standard output. So does the report of a run
that plans anything, and of every run with --output; with --output json or
ndjson print goes to standard error, so that standard output can be parsed.`,
		Example: `  popherd run list.lua --maildrop inbox.mbox
  popherd run @older-than --maildrop inbox.mbox -- 30
  popherd run old.lua --allow-net=pop.example.org --dry-run -- 30
  popherd run old.lua --allow-net=pop.example.org --allow-delete=10% -o json -- 30`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, rest, err := scriptArguments(cmd, args)
			if err != nil {
				return err
			}
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := sh.configure(cmd.Flags(), &f); err != nil {
				return err
			}
			if err := f.check(); err != nil {
				return err
			}
			return sh.run(cmd.Context(), f, path, rest)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// scriptArguments splits the command line into the script and its arguments.
func scriptArguments(cmd *cobra.Command, args []string) (path string, rest []string, err error) {
	own := args
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		own, rest = args[:dash], args[dash:]
	}
	switch len(own) {
	case 0:
		return "", nil, &usageError{object: "run", reason: "no script named", hint: "as in popherd run FILE.lua"}
	case 1:
		return own[0], rest, nil
	}
	return "", nil, &usageError{
		object: fmt.Sprintf("argument %q", own[1]),
		reason: "one script at a time",
		hint:   "arguments of the script come after --, and a flag's optional value after =, as in --allow-delete=10",
	}
}

// run carries the command out.
func (sh *shell) run(ctx context.Context, f runFlags, path string, args []string) error {
	if path == "@list" {
		return sh.listScripts()
	}
	source, err := readScript(path)
	if err != nil {
		return err
	}
	if err := sh.places(&f); err != nil {
		return err
	}
	audit, err := openAudit(f.Audit)
	if err != nil {
		return err
	}
	defer audit.Close()
	bar := sh.progressBar()
	j := &job{Name: path, Source: source, Args: args, Flags: f, Trace: sh.trace, Verbose: sh.verbose}
	if len(f.Maildrops) == 0 {
		accounts, err := sh.accounts(f.Accounts)
		if err != nil {
			return err
		}
		j.Accounts = f.wins.over(accounts)
	}
	if len(f.Accounts) > 0 {
		if err := f.forOne(len(j.Accounts)); err != nil {
			return err
		}
	}
	if len(j.Accounts) == 1 {
		j.Account = j.Accounts[0].Name
	}
	out := outside{
		audit:    audit.write,
		log:      sh.log,
		stdout:   sh.printer(f.Output, bar),
		talk:     sh.Stderr,
		getUser:  sh.userName,
		now:      sh.Now,
		progress: bar.step,
	}
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	out.getPass = sh.passwordPrompt(len(f.Maildrops) > 0, interrupt)
	credentials, err := sh.credentials(f.secretFlags, out.getPass)
	if err != nil {
		return err
	}
	out.credential = credentials.For(j.Accounts)
	if credentials.Finder.Stdin != nil {
		out.getPass = j.givenPassword(credentials.Finder)
	}
	report, err := sh.runAll(ctx, j, out)
	bar.end()
	if flushed := out.stdout.Flush(); err == nil {
		err = flushed
	}
	sh.warn(report, err)
	if written := sh.report(path, report, f, err); err == nil {
		err = written
	}
	return err
}

// givenPassword is getpass.getpass where a password was put on the command line:
// that is the account's if the run has one, and no script sees it; else it is
// what the script asks for.
func (j *job) givenPassword(f *secret.Finder) func(context.Context, string) (string, error) {
	if j.Account != "" || len(j.Flags.Accounts) > 0 {
		return func(context.Context, string) (string, error) {
			return "", errors.New("the password that was given is the account's, and not for scripts")
		}
	}
	given := f.Stdin
	f.Stdin = nil // accounts that the script names have their own
	return func(context.Context, string) (string, error) {
		password, err := given()
		return password.Reveal(), err
	}
}

// runAll does the job over whatever mail it is for: none that was named, one, or
// several.
func (sh *shell) runAll(ctx context.Context, j *job, out outside) (*run.Report, error) {
	switch maildrops := j.Flags.Maildrops; {
	case len(maildrops) == 1:
		return sh.runOver(ctx, *j, maildrops[0], out)
	case len(maildrops) > 1:
		return sh.runSeveral(ctx, sh.overMaildrops(j), j.Name, out)
	case len(j.Flags.Accounts) > 0 && len(j.Accounts) > 1:
		return sh.runSeveral(ctx, sh.overAccounts(j), j.Name, out)
	}
	return sh.perform(ctx, j, out)
}

// places fills in the folder of the state, which local mail has only if it is
// asked for, and makes paths absolute: they outlive this run.
func (sh *shell) places(f *runFlags) (err error) {
	if f.StateDir == "" && len(f.Maildrops) == 0 {
		dir, missing := sh.stateDir("")
		f.StateDir = dir
		if missing != nil { // matters only to a run that has something to remember
			f.NoState = missing.Error()
		}
	}
	for _, path := range []*string{&f.StateDir, &f.Backup} {
		if *path != "" && err == nil {
			*path, err = filepath.Abs(*path)
		}
	}
	return err
}

// runOver does the job over a local maildrop.
func (sh *shell) runOver(ctx context.Context, j job, maildrop string, out outside) (*run.Report, error) {
	served, err := host.ServeLocal(maildrop)
	if err != nil {
		return nil, err
	}
	defer served.Close()
	address := served.Address()
	j.Maildrop, j.Served, j.admit = maildrop, &address, served.Admit
	return sh.perform(ctx, &j, out)
}

// were is "1 message was", or "2 messages were".
func were(n int) string {
	if n == 1 {
		return "1 message was"
	}
	return messages(n) + " were"
}

// warn tells, also where nobody sees a report, of marks that a script forgot
// to commit, and of those that were committed before it failed.
func (sh *shell) warn(r *run.Report, err error) {
	if r == nil {
		return
	}
	apart := errors.As(err, new(*severalError)) // each account has its own error then
	for _, a := range r.Accounts {
		failed := a.Error != nil || err != nil && !apart
		switch {
		case a.Delete == 0:
		case failed && a.Outcome == plan.Committed.String():
			fmt.Fprintf(sh.Stderr, "popherd: account %s: %s deleted before the script failed\n", clean(a.Account), were(a.Delete))
		case !failed && a.Outcome == plan.Aborted.String():
			fmt.Fprintf(sh.Stderr, "popherd: account %s: %d marks were dropped and nothing was deleted: %s\n", clean(a.Account), a.Delete, clean(a.Why))
			fmt.Fprintln(sh.Stderr, "hint: end the script with M:quit()")
		}
	}
}
