package cli

import (
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/run"
)

// configPath is where the configuration is: --config, or what the environment
// says; "" if that says nothing.
func (sh *shell) configPath() (string, error) {
	if sh.config != "" {
		return filepath.Abs(sh.config)
	}
	return config.Find(sh.Getenv, runtime.GOOS), nil
}

// configuration reads the configuration, once. None at all is an empty one,
// unless --config names it.
func (sh *shell) configuration() (*config.Config, error) {
	if sh.configured != nil {
		return sh.configured, nil
	}
	path, err := sh.configPath()
	if err != nil {
		return nil, err
	}
	c := &config.Config{}
	if path != "" {
		c, err = config.Read(path, config.Options{Getenv: sh.Getenv, Home: sh.Getenv("HOME")})
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && sh.config == "" && sh.Getenv("POPHERD_CONFIG") == "":
		c = &config.Config{}
	case errors.Is(err, fs.ErrNotExist):
		return nil, withStatus(exitNoInput, &inputError{"config", path, "there is no such file"}, "popherd init makes one, as does popherd config edit")
	case err != nil:
		return nil, err
	}
	sh.configured = c
	return c, nil
}

// accounts are those that were named on the command line: by names of the
// configuration, patterns of them, "all", or URLs. None named are all of the
// configuration.
func (sh *shell) accounts(named []string) ([]config.Account, error) {
	c, err := sh.configuration()
	if err != nil {
		return nil, err
	}
	if len(named) == 0 {
		return c.Accounts, nil
	}
	var chosen []config.Account
	for _, name := range named {
		some, err := sh.account(c, name)
		if err != nil {
			return nil, err
		}
		for _, a := range some {
			if !slices.ContainsFunc(chosen, func(b config.Account) bool { return b.Name == a.Name }) {
				chosen = append(chosen, a)
			}
		}
	}
	return chosen, nil
}

// target is the place that people may call by its name in the configuration.
func (sh *shell) target(name string) (string, error) {
	c, err := sh.configuration()
	if err != nil {
		return "", err
	}
	for _, t := range c.Targets {
		if t.Name == name {
			return t.Spec, nil
		}
	}
	return name, nil
}

// remembered is the name under which the state has an account, which people may
// call by its name in the configuration.
func (sh *shell) remembered(name string) (string, error) {
	c, err := sh.configuration()
	if err != nil || name == "" {
		return name, err
	}
	for _, a := range c.Accounts {
		if a.Name == name {
			return run.Key(a.User, a.Host, a.Port), nil
		}
	}
	return name, nil
}

// account are the accounts that one word names.
func (sh *shell) account(c *config.Config, name string) ([]config.Account, error) {
	if !host.IsURL(name) {
		return c.Select([]string{name})
	}
	a, err := host.ParseAccount(name)
	if err != nil {
		return nil, &usageError{object: "--account", reason: err.Error(), hint: "as in -a pops://anna@pop.example.org"}
	}
	return []config.Account{a}, nil
}

// configure gives the flags that were not given what the configuration says.
// Local mail is rehearsed on: what would last is then left to the command line,
// and a rule's targets are known, but get nothing.
func (sh *shell) configure(flags *pflag.FlagSet, f *runFlags) error {
	c, err := sh.configuration()
	if err != nil {
		return err
	}
	f.wins = overridesOf(flags)
	local := len(f.Maildrops) > 0
	for _, s := range settings(c.Policy) {
		flag := flags.Lookup(s.flag)
		if flag == nil || flag.Changed || local && s.lasting {
			continue
		}
		for _, value := range s.values {
			if err := flags.Set(s.flag, value); err != nil {
				return &usageError{object: "config " + c.Path, reason: s.flag + ": " + err.Error(), hint: "popherd config edit"}
			}
		}
	}
	if local && len(c.Targets) > 0 {
		if flags.Changed("target") || flags.Changed("allow-delete") {
			return nil
		}
		f.DryRun, f.Rehearsal = true, true
	}
	for _, t := range c.Targets {
		if !slices.ContainsFunc(f.Targets, func(given string) bool { return targetName(given) == t.Name }) {
			f.Targets = append(f.Targets, t.Name+"="+t.Spec)
		}
	}
	return nil
}

// overrides are what the command line says of connections, which win over what an
// account says.
type overrides struct {
	connect, command bool // timeouts
	caFile           string
}

func overridesOf(flags *pflag.FlagSet) overrides {
	return overrides{flags.Changed("connect-timeout"), flags.Changed("command-timeout"), flags.Lookup("ca-file").Value.String()}
}

// over returns the accounts as the command line has them.
func (o overrides) over(accounts []config.Account) []config.Account {
	accounts = slices.Clone(accounts)
	for i := range accounts {
		if o.caFile != "" {
			accounts[i].CAFile = o.caFile
		}
		if o.connect {
			accounts[i].Timeouts.Connect = 0
		}
		if o.command {
			accounts[i].Timeouts.Command = 0
		}
	}
	return accounts
}

// A setting is a flag's value in the configuration.
type setting struct {
	flag    string
	values  []string // none: not set
	lasting bool     // it is about what outlives a run, or changes mail
}

// settings are the policy's, by the flags that they stand for.
func settings(p config.Policy) []setting {
	one := func(value string) []string {
		if value == "" {
			return nil
		}
		return []string{value}
	}
	duration := func(d time.Duration) []string {
		if d == 0 {
			return nil
		}
		return []string{d.String()}
	}
	number := func(n int64) []string {
		if n == 0 {
			return nil
		}
		return []string{strconv.FormatInt(n, 10)}
	}
	var quarantine []string
	if p.Quarantine != nil {
		quarantine = []string{strconv.Itoa(*p.Quarantine)}
	}
	return []setting{
		{flag: "allow-net", values: p.AllowNet},
		{flag: "allow-delete", values: one(p.AllowDelete), lasting: true},
		{flag: "allow-write", values: p.AllowWrite, lasting: true},
		{flag: "backup", values: one(p.Backup), lasting: true},
		{flag: "backup-days", values: number(int64(p.BackupDays)), lasting: true},
		{flag: "backup-max", values: one(p.BackupMax), lasting: true},
		{flag: "state-dir", values: one(p.StateDir), lasting: true},
		{flag: "quarantine", values: quarantine},
		{flag: "lib", values: p.Lib},
		{flag: "connect-timeout", values: duration(p.ConnectTimeout)},
		{flag: "command-timeout", values: duration(p.CommandTimeout)},
		{flag: "timeout", values: duration(p.Timeout)},
		{flag: "max-memory", values: one(p.MaxMemory)},
		{flag: "max-cpu", values: duration(p.MaxCPU)},
		{flag: "max-steps", values: number(p.MaxSteps)},
		{flag: "max-output", values: one(p.MaxOutput)},
		{flag: "parallel", values: number(int64(p.Parallel))},
	}
}
