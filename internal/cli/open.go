package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// mailFlags say whose mail a command without a script looks at.
type mailFlags struct {
	Accounts []string // one, if any
	Maildrop string
	CAFile   string
	Timeouts policy.Timeouts
	secretFlags

	flags *pflag.FlagSet
}

func (f *mailFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringArrayVarP(&f.Accounts, "account", "a", nil, "look at the mail of `ACCOUNT`, a name of the configuration or pops://USER@HOST (pop3:// where TLS comes by STLS)")
	flags.StringVar(&f.Maildrop, "maildrop", "", "look at local mail at `SRC`: an mbox, a Maildir, a folder of .eml")
	f.registerNetwork(flags)
}

// registerNetwork is what commands share that take their account as an argument.
func (f *mailFlags) registerNetwork(flags *pflag.FlagSet) {
	f.flags = flags
	f.secretFlags.register(flags)
	flags.StringVar(&f.CAFile, "ca-file", "", "verify servers against the PEM certificates in `FILE`, not the system's")
	flags.DurationVar(&f.Timeouts.Connect, "connect-timeout", policy.DefaultConnect, "limit of connecting, and of the TLS handshake")
	flags.DurationVar(&f.Timeouts.Command, "command-timeout", policy.DefaultCommand, "limit of the wait for any reply")
	flags.DurationVar(&f.Timeouts.Run, "timeout", policy.DefaultRun, "limit of the whole command")
}

// check refuses flags that make no sense.
func (f *mailFlags) check() error {
	for flag, limit := range map[string]time.Duration{"--connect-timeout": f.Timeouts.Connect, "--command-timeout": f.Timeouts.Command, "--timeout": f.Timeouts.Run} {
		if limit <= 0 {
			return &usageError{object: flag, reason: fmt.Sprintf("%v is not a limit", limit), hint: "as in " + flag + "=30s"}
		}
	}
	if len(f.Accounts) > 1 {
		return &usageError{object: "--account", reason: fmt.Sprintf("%d accounts are named: %s", len(f.Accounts), strings.Join(f.Accounts, ", ")), hint: "look at one at a time"}
	}
	if len(f.Accounts) > 0 && f.Maildrop != "" {
		return &usageError{object: "--account", reason: "there is --maildrop, too", hint: "name one of them: local mail, or a server's"}
	}
	return f.secretFlags.check()
}

// within bounds a command by --timeout.
func (f *mailFlags) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, f.Timeouts.Run)
}

// late is an error of a command, or that it took too long.
func (f *mailFlags) late(ctx context.Context, err error) error {
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return withStatus(exitTryAgain, fmt.Errorf("it took longer than %v: %w", f.Timeouts.Run, err), longerHint)
}

const longerHint = "give it longer with --timeout, as in --timeout 1h"

// A mail is a maildrop that a command looks at.
type mail struct {
	Client *pop3.Client
	Name   string // of the account or the local maildrop

	host *host.Host
}

// Close ends the session at once, without QUIT: nothing changes.
func (m *mail) Close() {
	m.Client.Close()
	m.host.Close()
}

// Quit ends the session with QUIT. After a message was retrieved whole it is
// not to be called: there are servers that take the message for read then.
func (m *mail) Quit(ctx context.Context) error {
	_, err := m.Client.Quit(ctx)
	return err
}

// look has do look at the mail that the flags name. The session ends with QUIT
// if polite, and else, or after an error, without.
func (sh *shell) look(ctx context.Context, f *mailFlags, polite bool, do func(context.Context, *mail) error) error {
	ctx, stop := f.within(ctx)
	defer stop()
	m, err := sh.openMail(ctx, f)
	if err != nil {
		return f.late(ctx, err)
	}
	defer m.Close()
	if err := do(ctx, m); err != nil {
		return f.late(ctx, lookFault(m.Name, err))
	}
	if polite {
		m.Quit(ctx) // nothing was marked, and what was asked for is shown: nothing depends on the answer
	}
	return nil
}

// lookFault gives an error of a session its exit status, and the name of the
// account; others stay as they are.
func lookFault(name string, err error) error {
	if errors.Is(err, context.Canceled) {
		return withStatus(exitInterrupted, errors.New("interrupted"), "")
	}
	if exitStatus(err) != exitInternal {
		return err
	}
	status := objectStatus(luabind.CallError("", name, err))
	hint := hintOf(err)
	if hint == "" && status == exitTryAgain {
		hint = "try again later; --timeout and --command-timeout say how long is waited"
	}
	text := strings.ReplaceAll(err.Error(), "pop3: ", "")
	if named := "account " + name + ": "; !strings.HasPrefix(text, named) {
		text = named + text
	}
	return withStatus(status, errors.New(text), hint)
}

// openMail connects to the mail that the flags name, and logs in.
func (sh *shell) openMail(ctx context.Context, f *mailFlags) (*mail, error) {
	h, a, err := sh.hostFor(f)
	if err != nil {
		return nil, err
	}
	opened, err := h.Account(ctx, "", nil)
	if err != nil {
		h.Close()
		return nil, lookFault(a.Name, err)
	}
	m := &mail{Client: opened.Client, Name: a.Name, host: h}
	if f.Maildrop != "" {
		m.Name = filepath.Base(f.Maildrop)
	}
	return m, nil
}

// hostFor opens the host that reaches the mail that the flags name, and that
// account, unless the mail is local.
func (sh *shell) hostFor(f *mailFlags) (*host.Host, config.Account, error) {
	if err := f.check(); err != nil {
		return nil, config.Account{}, err
	}
	if f.Maildrop != "" {
		h, err := sh.hostOver(f, nil, noInterrupt)
		return h, config.Account{}, err
	}
	a, err := sh.oneAccount(f.Accounts...)
	if err != nil {
		return nil, a, err
	}
	accounts := overridesOf(f.flags).over([]config.Account{a})
	h, err := sh.hostOver(f, accounts, noInterrupt)
	return h, accounts[0], err
}

// hostOver opens a host for accounts, of which the first is the one meant where
// none is named. interrupt is for a person who wants no more of several.
func (sh *shell) hostOver(f *mailFlags, accounts []config.Account, interrupt func()) (*host.Host, error) {
	o := host.Options{Policy: policy.Policy{Timeouts: f.Timeouts}, Maildrop: f.Maildrop, CAFile: f.CAFile, Accounts: accounts}
	o.Policy.Timeouts.Read = f.Timeouts.Command
	if sh.trace {
		o.Trace = sh.Stderr
	}
	if len(accounts) > 0 {
		credentials, err := sh.credentials(f.secretFlags, sh.passwordPrompt(false, interrupt))
		if err != nil {
			return nil, err
		}
		o.Default, o.Credential = accounts[0].Name, credentials.For(accounts)
	}
	return host.Open(o)
}

// noInterrupt is for what is over anyway when nobody answers.
func noInterrupt() {}

// oneAccount is the account of that name, or without a name the only one.
func (sh *shell) oneAccount(named ...string) (config.Account, error) {
	accounts, err := sh.accounts(named)
	switch {
	case err != nil:
		return config.Account{}, err
	case len(accounts) == 1:
		return accounts[0], nil
	case len(accounts) > 1:
		return config.Account{}, &usageError{object: "--account", reason: fmt.Sprintf("that is %d accounts: %s", len(accounts), accountNames(accounts)), hint: "name one of them"}
	}
	return config.Account{}, &usageError{object: "--account", reason: "no account is named, and the configuration has none", hint: "as in -a pops://anna@pop.example.org, or set one up with popherd init; local mail is --maildrop inbox.mbox"}
}
