package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/script"
)

// runFlags are what the command line of run says.
type runFlags struct {
	dryRun    bool
	maildrop  string
	net       []string
	plaintext []string
	delete    string
	caFile    string
	output    string
	policy    policy.Policy
}

func (sh *shell) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE.lua [flags] [-- ARGS...]",
		Short: "Run a Lua script",
		Long: `Run a Lua script. ARGS are in its table arg.

Deletions are a plan until the script calls quit. Without --allow-delete, or
with --dry-run, the plan is shown and nothing is deleted. A script that fails,
is interrupted, or ends without quit deletes nothing.

What the script prints goes to standard output. So does the report of a run
that plans anything, and of every run with --output; with --output json or
ndjson print goes to standard error, so that standard output can be parsed.`,
		Example: `  popherd run list.lua --maildrop inbox.mbox
  popherd run old.lua --allow-net=pop.example.org --dry-run -- 30
  popherd run old.lua --allow-net=pop.example.org --allow-delete=10% -o json -- 30`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, rest, err := scriptArguments(cmd, args)
			if err != nil {
				return err
			}
			if err := f.parse(); err != nil {
				return err
			}
			return sh.run(cmd.Context(), f, path, rest)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *runFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.BoolVarP(&f.dryRun, "dry-run", "n", false, "plan only, whatever is allowed")
	flags.StringVar(&f.maildrop, "maildrop", "", "connect to local mail at `SRC` (an mbox, a Maildir, a folder of .eml) whatever host the script names, over real POP3 and TLS on loopback; SRC is never changed")
	flags.StringSliceVar(&f.net, "allow-net", nil, "`HOST[:PORT],...` that the script may connect to; without a value, any")
	flags.Lookup("allow-net").NoOptDefVal = policy.AnyHost
	flags.StringVar(&f.delete, "allow-delete", "", "carry deletions out, at most `N|P%` of a maildrop's messages; a run that plans more is aborted")
	flags.Lookup("allow-delete").NoOptDefVal = policy.NoLimit
	flags.StringSliceVar(&f.plaintext, "allow-plaintext", nil, "`HOST[:PORT],...` that may get passwords and mail without TLS")
	flags.BoolVar(&f.policy.Raw, "allow-raw", false, "allow _shortcmd and _longcmd")
	flags.StringVar(&f.caFile, "ca-file", "", "verify servers against the PEM certificates in `FILE`, not the system's")
	flags.DurationVar(&f.policy.Timeouts.Connect, "connect-timeout", policy.DefaultConnect, "limit of connecting, and of the TLS handshake")
	flags.DurationVar(&f.policy.Timeouts.Command, "command-timeout", policy.DefaultCommand, "limit of the wait for any reply")
	flags.DurationVar(&f.policy.Timeouts.Run, "timeout", policy.DefaultRun, "limit of the whole run")
	flags.StringVarP(&f.output, "output", "o", "", "the report on standard output as `table|json|ndjson`")
}

// parse checks the flags and fills the policy.
func (f *runFlags) parse() error {
	var err error
	if f.policy.Net, err = policy.ParseHosts(f.net...); err != nil {
		return &usageError{object: "--allow-net", reason: err.Error(), hint: "as in --allow-net=pop.example.org:995"}
	}
	if f.policy.Plaintext, err = policy.ParseNamedHosts(f.plaintext...); err != nil {
		return &usageError{object: "--allow-plaintext", reason: err.Error(), hint: "as in --allow-plaintext=127.0.0.1:110"}
	}
	if f.delete != "" {
		if f.policy.Delete, err = policy.ParseCap(f.delete); err != nil {
			return &usageError{object: "--allow-delete", reason: err.Error(), hint: "as in --allow-delete=50 or --allow-delete=10%"}
		}
	}
	f.policy.Timeouts.Read = f.policy.Timeouts.Command
	for name, d := range map[string]time.Duration{
		"--connect-timeout": f.policy.Timeouts.Connect,
		"--command-timeout": f.policy.Timeouts.Command,
		"--timeout":         f.policy.Timeouts.Run,
	} {
		if d <= 0 {
			return &usageError{object: name, reason: fmt.Sprintf("%v is not a limit", d), hint: "as in " + name + "=30s"}
		}
	}
	switch f.output {
	case "", "table", "json", "ndjson":
		return nil
	}
	return &usageError{object: "--output", reason: fmt.Sprintf("there is no format %q", f.output), hint: "give table, json or ndjson"}
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

// inputError is a file that a command needs and cannot read.
type inputError struct {
	what, path, reason string
}

func (e *inputError) Error() string { return fmt.Sprintf("%s %q: %s", e.what, e.path, e.reason) }

// readScript compiles the script at path.
func readScript(path string) (*script.Program, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, scriptError(path, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, &inputError{"script", path, "is a folder; name a .lua file"}
	}
	source, err := io.ReadAll(io.LimitReader(file, script.MaxSource+1))
	if err != nil {
		return nil, scriptError(path, err)
	}
	return script.Compile(path, source)
}

func scriptError(path string, err error) error {
	reason := err.Error()
	if onPath := (*fs.PathError)(nil); errors.As(err, &onPath) {
		reason = onPath.Err.Error()
	}
	if errors.Is(err, fs.ErrNotExist) {
		reason = "there is no such file; check the path"
	}
	return &inputError{"script", path, reason}
}

// run carries the command out.
func (sh *shell) run(ctx context.Context, f runFlags, path string, args []string) error {
	program, err := readScript(path)
	if err != nil {
		return err
	}
	options := host.Options{Policy: f.policy, Maildrop: f.maildrop, CAFile: f.caFile}
	if sh.trace {
		options.Trace = sh.Stderr
	}
	h, err := host.Open(options)
	if err != nil {
		return err
	}
	defer h.Close()
	bar := sh.progressBar()
	stdout := sh.printer(f.output, bar)
	report, err := run.Run(ctx, run.Options{
		Program:   program,
		Args:      args,
		Policy:    f.policy,
		DryRun:    f.dryRun,
		Whole:     f.output != "",
		Dial:      h.Dial,
		TLSConfig: h.TLSConfig,
		Stdout:    stdout,
		Debug:     sh.Stderr,
		GetUser:   sh.userName,
		GetPass:   sh.passwordPrompt(ctx, f.maildrop != "", stdout.Flush),
		Now:       sh.Now,
		Progress:  bar.step,
	})
	bar.end()
	if flushed := stdout.Flush(); err == nil {
		err = flushed
	}
	if written := sh.report(report, f, strings.TrimSpace(f.output)); err == nil {
		err = written
	}
	return err
}
