package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/run"
)

// A performer does the runs of jobs: each in a worker process of its own, as
// popherd run would.
type performer struct {
	log *slog.Logger
	now atomic.Pointer[generation]
}

// A generation is one reading of the configuration. A run ends with the one
// that it began with.
type generation struct {
	sh     *shell // whose configuration it is
	config *config.Config
}

// performer returns one for the configuration as it is now.
func (sh *shell) performer(log *slog.Logger) (*performer, error) {
	g, err := sh.generation()
	if err != nil {
		return nil, err
	}
	p := &performer{log: log}
	p.now.Store(g)
	return p, nil
}

// generation is the configuration that the shell has, apart from what the shell
// reads later.
func (sh *shell) generation() (*generation, error) {
	c, err := sh.configuration()
	if err != nil {
		return nil, err
	}
	own := *sh
	return &generation{&own, c}, nil
}

// Perform implements jobs.Performer.
func (p *performer) Perform(ctx context.Context, o jobs.Order) jobs.Result {
	g := p.now.Load()
	log := p.log.With("run", o.Run, "job", o.Job, "account", o.Account)
	j, out, err := g.prepare(o, log)
	if err != nil {
		return resultOf(nil, changes(o.Earlier), err)
	}
	report, err := g.sh.perform(ctx, j, out)
	if flushed := out.stdout.Flush(); err == nil {
		err = flushed
	}
	if report == nil {
		report = &run.Report{Script: j.Name, DryRun: j.Flags.DryRun, Accounts: []run.Account{}}
	}
	report.Error = faultOf(err)
	logActions(log, report)
	return resultOf(report, changes(o.Earlier), err)
}

// prepare makes an order the job of a worker.
func (g *generation) prepare(o jobs.Order, log *slog.Logger) (*job, outside, error) {
	setting, err := g.config.Job(o.Job)
	if err != nil {
		return nil, outside{}, err
	}
	account, err := g.config.Account(o.Account)
	if err != nil {
		return nil, outside{}, err
	}
	if maildropOf(account) != o.Maildrop {
		return nil, outside{}, errChanged
	}
	flags, err := g.flags(setting)
	if err != nil {
		return nil, outside{}, err
	}
	flags.DryRun = o.DryRun
	flags.Timeouts.Run = min(flags.Timeouts.Run, o.Deadline+deadlineGrace)
	if setting.Policy.Timeout == 0 {
		flags.Timeouts.Run = o.Deadline + deadlineGrace
	}
	source, err := readScript(setting.Script)
	if err != nil {
		return nil, outside{}, err
	}
	if now, err := digest(g.config, setting, source); err != nil || now != o.Digest {
		return nil, outside{}, errors.Join(err, errChanged)
	}
	accounts := []config.Account{account}
	// Anew for each run: a password that was changed is to be found.
	credentials, err := g.sh.credentials(secretFlags{}, nil)
	if err != nil {
		return nil, outside{}, err
	}
	j := &job{Name: setting.Script, Source: source, Args: setting.Args, Flags: flags, Accounts: accounts, Account: account.Name, Trace: g.sh.trace}
	return j, g.outside(credentials.For(accounts), log), nil
}

// deadlineGrace is how much longer than the engine waits the worker would: the
// deadline is the engine's to end a run at, which is tried again; a limit of the
// worker's own is not.
const deadlineGrace = 10 * time.Second

// errChanged is a job that was changed as its run began: nobody has seen what it
// does now, or for which maildrop.
var errChanged = errors.New("the job was changed as its run began")

// flags are what a job permits, with the targets of the configuration.
func (g *generation) flags(j config.Job) (f runFlags, err error) {
	set := pflag.NewFlagSet(j.Name, pflag.ContinueOnError)
	f.register(set)
	for _, s := range settings(j.Policy) {
		for _, value := range s.values {
			if err := set.Set(s.flag, value); err != nil {
				return f, fmt.Errorf("job %s: %s: %w", j.Name, s.flag, err)
			}
		}
	}
	for _, t := range g.config.Targets {
		f.Targets = append(f.Targets, t.Name+"="+t.Spec)
	}
	if err := g.sh.places(&f); err != nil {
		return f, err
	}
	return f, f.check()
}

// A credentialFinder is host.Options.Credential.
type credentialFinder = func(ctx context.Context, name string, refused bool) (login.Credential, error)

// outside is what a run of a job reaches: a log, and nobody to ask.
func (g *generation) outside(credential credentialFinder, log *slog.Logger) outside {
	nobody := errors.New("a job has nobody to ask")
	return outside{
		stdout:     &printed{log: log},
		talk:       &printed{log: log, level: slog.LevelDebug},
		getUser:    g.sh.userName,
		getPass:    func(context.Context, string) (string, error) { return "", nobody },
		credential: credential,
		now:        g.sh.Now,
		progress:   func(string, int, int) {},
		step:       func(run.Step) {},
		audit: func(r policy.Request) error {
			log.Debug("request", "permission", r.Permission, "object", r.Object, "granted", r.Granted)
			return nil
		},
		log: logOf(log),
	}
}

// digest says what a job does as it is now: its script, arguments, permissions
// and targets. How long it may take is not part of it. Modules that the script
// requires are followed as far as their names stand in it.
func digest(c *config.Config, j config.Job, source []byte) (string, error) {
	permitted := j.Policy
	permitted.ConnectTimeout, permitted.CommandTimeout, permitted.Timeout, permitted.MaxCPU = 0, 0, 0, 0
	permitted.MaxMemory, permitted.MaxOutput, permitted.MaxSteps = "", "", 0
	text, err := json.Marshal([]any{j.Script, source, modules(j, source), j.Args, permitted, c.Targets})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// printed logs what a script prints, line by line, but no more than printedLines
// of it.
type printed struct {
	log   *slog.Logger
	level slog.Level
	rest  []byte
	lines int
}

const (
	printedLines = 1000
	printedLine  = 4 << 10 // octets
)

// Write implements io.Writer.
func (p *printed) Write(octets []byte) (int, error) {
	for rest := octets; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		p.rest = append(p.rest, line[:min(len(line), printedLine-len(p.rest))]...)
		if whole {
			p.end()
		}
		rest = after
	}
	return len(octets), nil
}

// Flush logs the line that was begun.
func (p *printed) Flush() error {
	if len(p.rest) > 0 {
		p.end()
	}
	return nil
}

func (p *printed) end() {
	switch p.lines++; {
	case p.lines <= printedLines:
		p.log.Log(context.Background(), p.level, "print", "text", string(p.rest))
	case p.lines == printedLines+1:
		p.log.Warn("print: no more of it is logged", "lines", printedLines)
	}
	p.rest = p.rest[:0]
}

// loginDelay is what the server wants between two logins.
func loginDelay(r *run.Report) time.Duration {
	most := 0
	for _, a := range r.Accounts {
		most = max(most, a.LoginDelay)
	}
	return time.Duration(most) * time.Second
}
