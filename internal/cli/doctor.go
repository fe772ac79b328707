package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/doctor"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/worker"
	"github.com/popherd/popherd/pop3"
)

// doctorFlags are what the command line of doctor says.
type doctorFlags struct {
	NoNetwork bool
	Output    string
	Limit     time.Duration // of the look at one account
}

func (sh *shell) doctorCommand() *cobra.Command {
	var f doctorFlags
	cmd := &cobra.Command{
		Use:   "doctor [ACCOUNT...]",
		Short: "Look whether all is as it should be, and say what to do",
		Long: `Look at the configuration, the accounts up to their logins, the targets, the
folders, the state and the machine, and say of each whether it is ok, worth
knowing (info), a warning or an error, and what to do about it. Nothing changes,
nothing is retrieved, nobody is asked, and no secret is shown. Commands of the
configuration that print passwords are run.

Accounts are all of the configuration, or those that are named. The exit status
is 0 if there is no error, 78 if the configuration has one, else 3.`,
		Example: `  popherd doctor
  popherd doctor work
  popherd doctor --no-network -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tableOrJSON(f.Output); err != nil {
				return err
			}
			if f.Limit <= 0 {
				return &usageError{object: "--timeout", reason: fmt.Sprintf("%v is not a limit", f.Limit), hint: "as in --timeout=1m"}
			}
			return sh.examineAll(cmd.Context(), args, f)
		},
	}
	cmd.Flags().BoolVar(&f.NoNetwork, "no-network", false, "look at no server")
	cmd.Flags().StringVarP(&f.Output, "output", "o", "table", "`table|json`")
	cmd.Flags().DurationVar(&f.Limit, "timeout", time.Minute, "limit of the look at each account")
	return cmd
}

// examineAll looks at everything, and reports.
func (sh *shell) examineAll(ctx context.Context, names []string, f doctorFlags) error {
	checks, err := sh.checks(names, f)
	if err != nil {
		return err
	}
	bar := sh.progressBar()
	sections := doctor.Run(ctx, checks, func(done, all int) { bar.step("checks", done, all) })
	bar.end()
	if ctx.Err() != nil {
		return withStatus(exitInterrupted, errors.New("interrupted"), "")
	}
	report := doctor.NewReport(sections)
	if err := sh.writeExamination(report, f); err != nil {
		return err
	}
	return illness(report)
}

func (sh *shell) writeExamination(report *doctor.Report, f doctorFlags) error {
	switch {
	case f.Output == "json":
		return sh.writeJSON(report)
	case sh.quiet:
		return nil
	}
	return report.WriteTable(output{sh.Stdout}, doctor.Look{Clean: clean, Color: sh.colored(sh.Stdout)})
}

// illness is the error that stands for those of a report, if there are any.
func illness(report *doctor.Report) error {
	all := report.Counts[doctor.Error]
	switch {
	case all == 0:
		return nil
	case report.Errors(doctor.Configuration) > 0:
		return withStatus(exitConfig, errors.New("doctor: the configuration is wrong"), "popherd config edit")
	}
	return withStatus(exitSomeFailed, fmt.Errorf("doctor: found %s", plural(all, "error")), "")
}

// checks are what there is to look at. With a configuration that cannot be read
// that is little.
func (sh *shell) checks(names []string, f doctorFlags) ([]doctor.Check, error) {
	path, err := sh.configPath()
	if err != nil {
		return nil, err
	}
	c, fault := sh.configuration()
	checks := []doctor.Check{doctor.OfConfiguration(path, sh.configOrigin(), c, fault)}
	if fault != nil {
		c = &config.Config{}
	} else {
		accounts, err := sh.accounts(names)
		if err != nil {
			return nil, &usageError{object: "argument", reason: err.Error(), hint: hintOf(err)}
		}
		reach, err := sh.reach(accounts, f)
		if err != nil {
			return nil, err
		}
		for _, a := range accounts {
			checks = append(checks, doctor.OfAccount(a, *reach))
		}
	}
	for _, t := range c.Targets {
		checks = append(checks, doctor.OfTarget(t))
	}
	if c.Policy.Backup != "" {
		checks = append(checks, doctor.OfFolder("of backups", c.Policy.Backup))
	}
	for _, dir := range c.Policy.AllowWrite {
		checks = append(checks, doctor.OfFolder("of attachments", dir))
	}
	if dir, err := sh.stateDir(c.Policy.StateDir); err == nil {
		checks = append(checks, doctor.OfState(dir))
	}
	return append(checks, doctor.OfHost(sh.machine(c))), nil
}

// configOrigin says what named the configuration.
func (sh *shell) configOrigin() string {
	switch {
	case sh.config != "":
		return "from --config"
	case sh.Getenv("POPHERD_CONFIG") != "":
		return "from POPHERD_CONFIG"
	case sh.Getenv("XDG_CONFIG_HOME") != "":
		return "from XDG_CONFIG_HOME"
	}
	return "the usual place"
}

// reach is the way to accounts on which nobody is asked.
func (sh *shell) reach(accounts []config.Account, f doctorFlags) (*doctor.Reach, error) {
	credentials, err := sh.credentials(secretFlags{}, nil)
	if err != nil {
		return nil, err
	}
	r := &doctor.Reach{
		Secret: func(ctx context.Context, a config.Account) (string, error) { return secretPlace(ctx, credentials, a) },
		Lookup: host.Lookup,
		Now:    sh.clock,
		Limit:  f.Limit,
	}
	if f.NoNetwork {
		return r, nil
	}
	o := host.Options{Policy: policy.Policy{Timeouts: policy.Timeouts{Run: f.Limit}}}
	if sh.trace {
		o.Trace = sh.Stderr
	}
	h, err := host.Open(o)
	if err != nil {
		return nil, err
	}
	modes := map[string]string{}
	for _, a := range accounts {
		modes[a.Name] = a.TLS
	}
	r.Connect = func(ctx context.Context, a config.Account) (*pop3.Client, error) {
		if a.TLS != modes[a.Name] { // to see what is offered before STLS
			return h.Peek(ctx, a, nil)
		}
		return h.Connect(ctx, a, nil)
	}
	r.Login = func(ctx context.Context, a config.Account, c *pop3.Client, refused bool) (login.Method, error) {
		method := login.Method(a.Auth)
		credential := login.Credential{User: a.User}
		if method.Needs() != login.NeedNothing {
			var err error
			if credential, err = credentials.Of(ctx, a, refused); err != nil {
				return method, err
			}
		}
		return host.LogIn(ctx, c, a, credential)
	}
	return r, nil
}

// secretPlace says where an account's password or tokens are.
func secretPlace(ctx context.Context, c *host.Credentials, a config.Account) (string, error) {
	if a.OAuth == nil {
		return c.Finder.Has(ctx, host.Wanted(a))
	}
	if command := a.OAuth.TokenCommand; len(command) > 0 {
		return fmt.Sprintf("command %q", command[0]), nil
	}
	if _, err := c.Tokens(a); err != nil {
		return "", err
	}
	if _, err := c.Store.Load(a.Name); err != nil {
		return "", withStatus(exitRefused, err, "popherd accounts login "+a.Name)
	}
	return "popherd accounts login, renewed by itself", nil
}

// machine is what doctor is told about the machine.
func (sh *shell) machine(c *config.Config) doctor.Host {
	h := doctor.Host{
		Version: versionLine(),
		Now:     sh.clock(),
		Keyring: sh.keyringFault,
		Worker:  sh.Executable != "",
		Limits: fmt.Sprintf("%s of memory, %v of processor time, %v in all", cmp.Or(c.Policy.MaxMemory, "256M"),
			cmp.Or(c.Policy.MaxCPU, worker.DefaultCPU), cmp.Or(c.Policy.Timeout, policy.DefaultRun)),
	}
	for _, stream := range []any{sh.Stdout, sh.Stderr, sh.Stdin} {
		file, ok := stream.(*os.File)
		if !ok || !term.IsTerminal(int(file.Fd())) {
			continue
		}
		h.Terminal = clean(cmp.Or(sh.Getenv("TERM"), "of an unknown kind"))
		h.Width, _, _ = term.GetSize(int(file.Fd()))
		break
	}
	for _, a := range c.Accounts {
		if k := a.Secret.Keyring; k != nil && *k {
			h.Needed = append(h.Needed, a.Name)
		}
	}
	return h
}
