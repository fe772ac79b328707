package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/secret"
)

// initFlags are what the command line of init says.
type initFlags struct {
	Name, User, Host, TLS, Auth, CAFile string
	Port                                int
	PortGiven                           bool
	ClientID                            string
	Keep                                string
	NonInteractive                      bool
	NoTest                              bool
	Limit                               time.Duration // of the test
	secretFlags
}

func (sh *shell) initCommand() *cobra.Command {
	return (&setup{sh: sh, find: host.Discover}).command()
}

// A setup is an account on its way into the configuration. Nothing is written
// before all is known.
type setup struct {
	sh     *shell
	flags  initFlags
	find   func(ctx context.Context, address string) ([]discover.Candidate, error)
	dialog *dialog // nil: nobody is asked

	path     string         // of the configuration
	there    *config.Config // what it has
	address  string         // "" if the server was named
	account  config.NewAccount
	password secret.Secret
	keep     keeping
}

func (s *setup) command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init [ADDRESS]",
		Short: "Set up an account: find its server, try the login, write the configuration",
		Long: `Set up an account for a mail address. The server is looked for in a table of big
providers, in the DNS and at the address's domain; you confirm it, or name it.
The login is tried; then the account is added to the configuration, which keeps
all that it has. Nothing is overwritten, and until then nothing is written.

Without --non-interactive what is missing is asked for on the terminal. With it
ADDRESS is needed, or --host and --user; a password is read from --password-stdin
and kept in a file of mode 0600, unless --keep says otherwise; without one it is
looked for where popherd looks for the account's (popherd help accounts
set-password).`,
		Example: `  popherd init
  popherd init anna@example.org
  pass show mail/work | popherd init anna@example.org --name work --non-interactive --password-stdin`,
		Args: atMostOne("address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s.flags.PortGiven = cmd.Flags().Changed("port")
			return stopped(cmd.Context(), s.run(cmd.Context(), args))
		},
	}
	s.flags.register(cmd.Flags())
	return cmd
}

func (f *initFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.Name, "name", "", "the account's `NAME` in the configuration (default: after the address's domain)")
	flags.StringVar(&f.Host, "host", "", "the `SERVER`, as in pop.example.org or pop.example.org:995; it is not looked for then")
	flags.IntVar(&f.Port, "port", 0, "the server's `PORT` (default: 995, or 110 with --tls=starttls)")
	flags.StringVar(&f.TLS, "tls", "", "`implicit` (the default) or starttls; insecure-plaintext lets everybody on the way read the password and the mail")
	flags.StringVar(&f.User, "user", "", "the `USER` to log in as (default: ADDRESS, or what is known of the server)")
	flags.StringVar(&f.Auth, "auth", "", "the login `METHOD` (default: auto, the strongest that the server offers)")
	flags.StringVar(&f.CAFile, "ca-file", "", "verify this server against the PEM certificates in `FILE`, not the system's")
	flags.StringVar(&f.ClientID, "client-id", "", "the `ID` of your application, where the login is by OAuth2")
	flags.StringVar(&f.Keep, "keep", "", "keep the password in `keyring`, file or nowhere")
	f.secretFlags.register(flags)
	flags.BoolVar(&f.NonInteractive, "non-interactive", false, "ask nothing; fail if something is missing")
	flags.BoolVar(&f.NoTest, "no-test", false, "do not try the login")
	flags.DurationVar(&f.Limit, "timeout", policy.DefaultCommand, "limit of each step of the login")
}

// check refuses flags that make no sense.
func (f *initFlags) check() error {
	modes := []string{"", config.Implicit, config.StartTLS, config.InsecurePlaintext}
	switch {
	case f.PortGiven && (f.Port < 1 || f.Port > 65535):
		return &usageError{object: "--port", reason: fmt.Sprintf("%d is not a port from 1 to 65535", f.Port), hint: "as in --port=995"}
	case !slices.Contains(modes, f.TLS):
		return &usageError{object: "--tls", reason: fmt.Sprintf("there is no choice %q", f.TLS), hint: "give implicit or starttls"}
	case !slices.Contains([]string{"", "keyring", "file", "nowhere"}, f.Keep):
		return &usageError{object: "--keep", reason: fmt.Sprintf("there is no choice %q", f.Keep), hint: "give keyring, file or nowhere"}
	case f.Limit <= 0:
		return &usageError{object: "--timeout", reason: fmt.Sprintf("%v is not a limit", f.Limit), hint: "as in --timeout=30s"}
	}
	if f.Auth != "" {
		if _, err := login.ParseMethod(f.Auth); err != nil {
			return &usageError{object: "--auth", reason: err.Error(), hint: hintOf(err)}
		}
	}
	return f.secretFlags.check()
}

// atMostOne takes one argument or none.
func atMostOne(noun string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one " + noun + " at a time", hint: "see " + cmd.CommandPath() + " --help"}
	}
}

// errStop is a person who chose to stop.
var errStop = errors.New("stopped")

// stopped says that a dialog that was broken off has changed nothing.
func stopped(ctx context.Context, err error) error {
	if errors.Is(err, errLeft) || errors.Is(err, errStop) || err != nil && ctx.Err() != nil {
		return withStatus(exitInterrupted, errors.New("init: stopped; nothing was changed"), "")
	}
	return err
}

func (s *setup) run(ctx context.Context, args []string) error {
	if err := s.begin(ctx, args); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.server, s.user, s.name, s.secret, s.test} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.write(); err != nil {
		return err
	}
	return s.ending()
}

// begin reads the configuration, which must be right, and gets the address.
func (s *setup) begin(ctx context.Context, args []string) error {
	if err := s.flags.check(); err != nil {
		return err
	}
	path, err := s.sh.knownConfigPath()
	if err != nil {
		return err
	}
	s.path = path
	if s.flags.CAFile != "" {
		if s.flags.CAFile, err = authority(s.flags.CAFile); err != nil {
			return withStatus(exitStatus(err), fmt.Errorf("--ca-file: %w", err), "name a file with the certificate of the server's authority, in PEM")
		}
	}
	s.there, err = config.Read(path, config.Options{Getenv: s.sh.Getenv, Home: s.sh.Getenv("HOME")})
	if errors.Is(err, fs.ErrNotExist) {
		s.there, err = &config.Config{}, nil
	}
	if err != nil {
		return s.fileFault(err)
	}
	if len(args) > 0 {
		s.address = strings.TrimSpace(args[0])
		if err := checkAddress(s.address); err != nil {
			return err
		}
	}
	if s.flags.NonInteractive {
		return s.missing()
	}
	if s.dialog, err = s.sh.newDialog(ctx); err != nil {
		return err
	}
	return s.greet()
}

// missing says what nobody can be asked for.
func (s *setup) missing() error {
	switch {
	case s.address != "" || s.flags.Host != "" && s.flags.User != "":
		return nil
	case s.flags.Host != "":
		return &usageError{object: "--user", reason: "it is missing, and there is no address", hint: "give --user, or the address"}
	}
	return &usageError{object: "address", reason: "it is missing, and nobody is asked", hint: "as in popherd init anna@example.org --non-interactive, or give --host and --user"}
}

// greet says what will happen, and asks for the address if nothing names it.
func (s *setup) greet() error {
	s.dialog.say("This sets up an account in %s.", clean(s.path))
	s.dialog.say("Nothing is written before the end; Ctrl-C leaves everything as it is.\n")
	if s.address != "" || s.flags.Host != "" {
		return nil
	}
	address, err := s.dialog.ask("Mail address", "", checkAddress)
	s.address = address
	return err
}

// checkAddress refuses what has not the form of an address. The domain may be
// one that is known within a network alone.
func checkAddress(text string) error {
	at := strings.LastIndexByte(text, '@')
	if at > 0 && at < len(text)-1 && !strings.ContainsAny(text, " \t") && clean(text) == text {
		return nil
	}
	return &usageError{
		object: fmt.Sprintf("address %q", clean(text)), reason: "it is not whole",
		hint: "as in anna@example.org; a mere user name is for --user",
	}
}

// ending says what to do next.
func (s *setup) ending() error {
	name, where := s.account.Name, ""
	if s.sh.config != "" {
		where = " -c " + s.sh.config
	}
	lines := []string{fmt.Sprintf("wrote account %s to %s", name, s.path), "next:"}
	if s.account.OAuthProvider != "" {
		lines = append(lines, "  popherd accounts login "+name+where)
	}
	lines = append(lines,
		"  popherd ls -a "+name+where,
		"  popherd run @older-than -a "+name+where+" -n -- 30",
		"  popherd doctor"+where)
	for _, line := range lines {
		if err := s.sh.say("%s", line); err != nil {
			return err
		}
	}
	return nil
}
