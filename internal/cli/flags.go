package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/worker"
)

// runFlags are what the command line of run says. They cross to the worker as
// they were given.
type runFlags struct {
	DryRun    bool
	Rehearsal bool // DryRun, since the targets of the configuration are not for local mail
	Explain   bool
	ReadAhead bool
	Maildrops []string
	Accounts  []string // names, patterns, "all" or URLs
	Parallel  int
	secretFlags
	Net       []string
	Plaintext []string
	Delete    string
	Raw       bool
	CAFile    string
	Output    string
	Timeouts  policy.Timeouts
	Memory    string
	CPU       time.Duration
	Steps     int64
	MaxOutput string
	Libs      []string
	Audit     string

	Targets    []string // NAME=SPEC
	Write      []string
	StateDir   string
	NoState    string // why there is no StateDir, though there should be
	Backup     string
	BackupDays int
	BackupMax  string
	Quarantine int

	wins overrides

	DenyNet       []string
	DenyPlaintext []string
	DenyDelete    bool
	DenyRaw       bool
}

func (f *runFlags) register(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.BoolVarP(&f.DryRun, "dry-run", "n", false, "plan only, whatever is allowed")
	flags.BoolVar(&f.Explain, "explain", false, "show for each message which predicates of a rule file held")
	flags.StringArrayVarP(&f.Accounts, "account", "a", nil, accountUsage+". Given more than once, or for several, each is a run of its own")
	flags.IntVar(&f.Parallel, "parallel", defaultParallel, "run over at most `N` accounts at once")
	f.secretFlags.register(flags)
	flags.StringArrayVar(&f.Maildrops, "maildrop", nil, "connect to local mail at `SRC` (an mbox, a Maildir, a folder of .eml) whatever host the script names, over real POP3 and TLS on loopback; SRC is never changed. Given more than once, each is a run of its own")
	flags.StringSliceVar(&f.Net, "allow-net", nil, "`HOST[:PORT],...` that the script may connect to; without a value, any")
	flags.Lookup("allow-net").NoOptDefVal = policy.AnyHost
	flags.StringVar(&f.Delete, "allow-delete", "", "carry deletions out, at most `N|P%` of a maildrop's messages; a run that plans more is aborted. Without a value any number but all of ten or more; all is --allow-delete=all")
	flags.Lookup("allow-delete").NoOptDefVal = policy.NotAll
	flags.StringSliceVar(&f.Plaintext, "allow-plaintext", nil, "`HOST[:PORT],...` that may get passwords and mail without TLS")
	flags.BoolVar(&f.ReadAhead, "read-ahead", false, "ask ahead for messages that the script seems to retrieve one after the other; the server may take them for seen. Headers and local mail are always read ahead")
	flags.BoolVar(&f.Raw, "allow-raw", false, "allow _shortcmd and _longcmd")
	flags.StringArrayVar(&f.Targets, "target", nil, "`NAME=SPEC`, a place that rules may deliver to: maildir:DIR, mbox:FILE, eml:DIR, smtp://HOST/?rcpt=ADDRESS, lmtp:unix:PATH?rcpt=ADDRESS, pipe:[\"/bin/command\"]")
	flags.StringVar(&f.Backup, "backup", "", "copy each message to a file in `DIR` before it is deleted; popherd restore brings it back")
	flags.IntVar(&f.BackupDays, "backup-days", 0, "remove backups that are older than so many `DAYS`, after a commit; 0 keeps them")
	flags.StringVar(&f.BackupMax, "backup-max", "", "remove the oldest backups beyond `SIZE` in all, such as 500M or 2G")
	flags.StringVar(&f.StateDir, "state-dir", "", "remember in `DIR` what was delivered, deleted and seen (default: XDG state home; local mail only if given)")
	flags.IntVar(&f.Quarantine, "quarantine", 3, "leave a message alone that failed in `N` runs in a row; 0 never does")
	flags.StringArrayVar(&f.Write, "allow-write", nil, "`DIR` where the script may save attachments")
	flags.StringVar(&f.CAFile, "ca-file", "", "verify servers against the PEM certificates in `FILE`, not the system's")
	flags.DurationVar(&f.Timeouts.Connect, "connect-timeout", policy.DefaultConnect, "limit of connecting, and of the TLS handshake")
	flags.DurationVar(&f.Timeouts.Command, "command-timeout", policy.DefaultCommand, "limit of the wait for any reply")
	flags.DurationVar(&f.Timeouts.Run, "timeout", policy.DefaultRun, "limit of the whole run")
	flags.StringVar(&f.Memory, "max-memory", "256M", "memory that the script may use, from 128M")
	flags.DurationVar(&f.CPU, "max-cpu", worker.DefaultCPU, "processor time that the script may use")
	flags.Int64Var(&f.Steps, "max-steps", script.DefaultSteps, "instructions that the script may take")
	flags.StringVar(&f.MaxOutput, "max-output", "1G", "octets that the script may print")
	flags.StringArrayVar(&f.Libs, "lib", nil, "`DIR` where require looks for modules, after the script's own folder")
	flags.StringSliceVar(&f.DenyNet, "deny-net", nil, "`HOST[:PORT],...` that the script may not connect to, whatever is allowed; without a value, any")
	flags.Lookup("deny-net").NoOptDefVal = policy.AnyHost
	flags.StringSliceVar(&f.DenyPlaintext, "deny-plaintext", nil, "likewise without TLS")
	flags.Lookup("deny-plaintext").NoOptDefVal = policy.AnyHost
	flags.BoolVar(&f.DenyDelete, "deny-delete", false, "delete nothing, whatever is allowed")
	flags.BoolVar(&f.DenyRaw, "deny-raw", false, "no _shortcmd and _longcmd, whatever is allowed")
	flags.StringVar(&f.Audit, "audit", "", "append every permission that the script asks for to `FILE`, as JSON lines")
	flags.StringVarP(&f.Output, "output", "o", "", "the report on standard output as `table|json|ndjson`")
}

// notEmpty refuses flags that were given an empty value: an unset variable of
// a shell must not turn a rehearsal into a run.
func notEmpty(flags *pflag.FlagSet) error {
	var err error
	flags.Visit(func(f *pflag.Flag) {
		list, _ := f.Value.(pflag.SliceValue)
		if f.Value.String() == "" || list != nil && (len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), "")) {
			err = &usageError{object: "--" + f.Name, reason: "it was given without a value", hint: "is a shell variable unset?"}
		}
	})
	return err
}

// check refuses flags that make no sense.
func (f *runFlags) check() error {
	if _, err := f.policy(); err != nil {
		return err
	}
	if _, err := f.memory(); err != nil {
		return err
	}
	if _, err := size("--max-output", f.MaxOutput, 1); err != nil {
		return err
	}
	for _, limit := range []struct {
		flag  string
		value time.Duration
	}{
		{"--connect-timeout", f.Timeouts.Connect},
		{"--command-timeout", f.Timeouts.Command},
		{"--timeout", f.Timeouts.Run},
		{"--max-cpu", f.CPU},
	} {
		if limit.value <= 0 {
			return &usageError{object: limit.flag, reason: fmt.Sprintf("%v is not a limit", limit.value), hint: "as in " + limit.flag + "=30s"}
		}
	}
	if _, err := f.targets(); err != nil {
		return err
	}
	if len(f.Accounts) > 0 && len(f.Maildrops) > 0 {
		return &usageError{object: "--account", reason: "there is --maildrop, too", hint: "name one of them: local mail, or a server's"}
	}
	if f.Parallel < 1 {
		return &usageError{object: "--parallel", reason: fmt.Sprintf("%d is not a number of accounts", f.Parallel), hint: "as in --parallel=4"}
	}
	if err := f.secretFlags.check(); err != nil {
		return err
	}
	if f.BackupDays < 0 {
		return &usageError{object: "--backup-days", reason: fmt.Sprintf("%d is not a number of days", f.BackupDays), hint: "as in --backup-days=90"}
	}
	if f.BackupMax != "" {
		if _, err := size("--backup-max", f.BackupMax, 1); err != nil {
			return err
		}
	}
	if f.Quarantine < 0 {
		return &usageError{object: "--quarantine", reason: fmt.Sprintf("%d is not a number of runs", f.Quarantine), hint: "as in --quarantine=3"}
	}
	if f.Steps <= 0 {
		return &usageError{object: "--max-steps", reason: fmt.Sprintf("%d is not a limit", f.Steps), hint: "as in --max-steps=1000000000"}
	}
	switch f.Output {
	case "", "table", "json", "ndjson":
		return nil
	}
	return &usageError{object: "--output", reason: fmt.Sprintf("there is no format %q", f.Output), hint: "give table, json or ndjson"}
}

// policy is what the flags permit.
func (f *runFlags) policy() (policy.Policy, error) {
	p := policy.Policy{Raw: f.Raw && !f.DenyRaw, Timeouts: f.Timeouts}
	p.Timeouts.Read = f.Timeouts.Command
	var err error
	if p.Net, err = policy.ParseHosts(f.Net...); err != nil {
		return p, &usageError{object: "--allow-net", reason: err.Error(), hint: "as in --allow-net=pop.example.org:995"}
	}
	if p.Plaintext, err = policy.ParseNamedHosts(f.Plaintext...); err != nil {
		return p, &usageError{object: "--allow-plaintext", reason: err.Error(), hint: "as in --allow-plaintext=127.0.0.1:110"}
	}
	if p.DenyNet, err = policy.ParseHosts(f.DenyNet...); err != nil {
		return p, &usageError{object: "--deny-net", reason: err.Error(), hint: "as in --deny-net=pop.example.org"}
	}
	if p.DenyPlaintext, err = policy.ParseHosts(f.DenyPlaintext...); err != nil {
		return p, &usageError{object: "--deny-plaintext", reason: err.Error(), hint: "as in --deny-plaintext=pop.example.org"}
	}
	if f.Delete != "" && !f.DenyDelete {
		if p.Delete, err = policy.ParseCap(f.Delete); err != nil {
			return p, &usageError{object: "--allow-delete", reason: err.Error(), hint: "as in --allow-delete=50 or --allow-delete=10%"}
		}
	}
	return p, nil
}

// targets are the places of --target, by name.
func (f *runFlags) targets() (map[string]deliver.Spec, error) {
	targets := map[string]deliver.Spec{}
	for _, given := range f.Targets {
		name, text, found := strings.Cut(given, "=")
		if !found || name == "" || strings.ContainsAny(name, " :/()\"") {
			return nil, &usageError{object: "--target", reason: fmt.Sprintf("%q is not NAME=SPEC", given), hint: "as in --target archive=maildir:/var/mail/archive"}
		}
		if _, twice := targets[name]; twice {
			return nil, &usageError{object: "--target", reason: fmt.Sprintf("%q is given twice", name), hint: "give each target a name of its own"}
		}
		spec, err := deliver.Parse(text)
		if err != nil {
			return nil, &usageError{object: "--target " + name, reason: err.Error(), hint: "as in --target " + name + "=maildir:DIR; see popherd run --help"}
		}
		targets[name] = spec
	}
	return targets, nil
}

// targetName is the name in NAME=SPEC.
func targetName(given string) string {
	name, _, _ := strings.Cut(given, "=")
	return name
}

// backup is where --backup copies messages to, or nil.
func (f *runFlags) backup() (*deliver.Spec, error) {
	if f.Backup == "" {
		return nil, nil
	}
	spec, err := deliver.Parse("eml:" + f.Backup)
	if err != nil {
		return nil, &usageError{object: "--backup", reason: err.Error(), hint: "name a folder, as in --backup /var/backups/mail"}
	}
	return &spec, nil
}

// writes reports whether the run writes files of its own.
func (f *runFlags) writes() bool {
	return f.StateDir != "" || f.Backup != "" || len(f.Targets) > 0 || len(f.Write) > 0
}

// memory is --max-memory in octets.
func (f *runFlags) memory() (int64, error) { return size("--max-memory", f.Memory, worker.MinMemory) }

// size reads a size such as 256M or 1G, of least octets or more.
func size(flag, text string, least int64) (int64, error) {
	refused := &usageError{object: flag, reason: fmt.Sprintf("%q is not a size from %dM", text, max(least>>20, 1)), hint: "as in " + flag + " 512M or " + flag + " 1G"}
	digits := strings.TrimRight(strings.ToUpper(text), "MG")
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || len(text) != len(digits)+1 {
		return 0, refused
	}
	octets := n << 20
	if strings.HasSuffix(strings.ToUpper(text), "G") {
		octets <<= 10
	}
	if octets < least {
		return 0, refused
	}
	return octets, nil
}
