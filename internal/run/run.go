// Package run performs one run, from the first line of a script to the report.
// It gives the script sessions that keep a plan instead of deleting, and read
// ahead of it; has a rule file judge every message; commits a plan at its
// session's QUIT: delivers, journals, deletes; carries on what an earlier run was
// cut off at; and drops every session that gets no QUIT. It is the only package that knows the reading side and the writing side, and
// commit.go is the only file that commits.
package run

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// Options are what one run is given. Program and Dial are needed.
type Options struct {
	Program *script.Program
	Args    []string // for the script
	Folders []fs.FS  // where its modules are
	Steps   int64    // instructions that it may take; 0 means script.DefaultSteps
	Policy  policy.Policy
	DryRun  bool // plan only, whatever the policy allows

	// Explain keeps for the report which predicates of a rule file held, and
	// ReadAhead allows RETR to be sent before the script asks: a server may take
	// what was retrieved for seen.
	Explain   bool
	ReadAhead bool

	// Whole asks for every message of every session in the report. Without it
	// the report has a large maildrop's messages only if something was decided
	// about them.
	Whole bool

	// Dial connects where the policy allows it; the greeting is read.
	Dial func(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error)

	// Account connects to the account of that name and logs in; "" is the one
	// that a rule file is for. Nil means that there are none.
	Account func(ctx context.Context, name string, debug func(pop3.TraceEvent)) (Opened, error)

	// OpenState opens what popherd remembers between runs, when the first session
	// has a plan; nil remembers nothing, so that deletions whose outcome is lost
	// cannot be settled. Run closes it.
	OpenState func(ctx context.Context) (*state.Store, error)

	// Targets are where messages can be delivered to, by name. Backup, if set, is
	// the folder that takes a copy of each message before it is deleted.
	Targets map[string]deliver.Spec
	Backup  *deliver.Spec

	// BackupAge and BackupOctets bound the backups that are kept: after a commit
	// those that are older, and the oldest that are too much, are removed. 0 is no
	// bound.
	BackupAge    time.Duration
	BackupOctets int64

	// Files are the file operations of targets; nil is the operating system's.
	Files atomicfile.FS

	// Save writes octets to a file of a folder that the host granted, under a name
	// like the one suggested, and returns the name; nil grants no folder.
	Save func(folder, suggested string, octets []byte) (string, error)

	// Quarantine is in how many runs in a row a message may fail before it is
	// left alone; 0 never gives one up.
	Quarantine int

	// TLSConfig makes the configuration for a script's STLS.
	TLSConfig func(c *luabind.TLSContext) (*tls.Config, error)

	// Stdout takes what the script prints; nil discards it. Flush, if set, is
	// called before a commit: what the script meant to save must be out before
	// anything is deleted.
	Stdout    io.Writer
	Flush     func() error
	MaxOutput int64 // octets that the script may print; 0 means any

	Debug   io.Writer // set_debuglevel; nil discards
	GetUser func() (string, error)
	GetPass func(prompt string) (string, error)
	Now     func() time.Time // the clock that scripts see; nil means time.Now

	// Log takes what the script logs, and Audit is told of every permission it
	// asks for; nil discards.
	Log   func(level, message string, fields map[string]string)
	Audit func(policy.Request)

	// Progress, if set, is told how far a session is: "retrieve" or "delete",
	// how many messages are done, and of how many, 0 if that is not known.
	Progress func(stage string, done, total int)

	// Step, if set, is told what is certain before and after each commit.
	Step func(Step)
}

// Opened is an account that is logged in.
type Opened struct {
	Client *pop3.Client
	Name   string // the account's; "" for User@Host
	Key    string // under which it is remembered; "" for User@Host
	User   string
	Host   string // it is on
	Port   int

	// ReadAhead is Options.ReadAhead for this account.
	ReadAhead bool
}

// A run is one execution.
type run struct {
	Options
	ctx      context.Context
	cancel   context.CancelCauseFunc
	sessions []*session
	started  time.Time
	ruled    bool // the script returned rules
	unread   *luabind.UnreadError
	store    *state.Store // nil until it is needed
	targets  map[string]deliver.Target
	places   map[string]string // of targets, by name: see place
}

// Run executes the script and returns what became of every session. The
// report is never nil. The error is the script's, a *Stop if the run was
// interrupted or passed its time, or a *RefusedError if a server did not do
// all that was committed.
func Run(ctx context.Context, o Options) (*Report, error) {
	ctx, cancel, stop := bounded(ctx, o.Policy.Timeouts.OrDefaults().Run)
	defer stop()
	r := &run{Options: o, ctx: ctx, cancel: cancel}
	r.started = r.now()
	err := o.Program.Run(ctx, script.Options{
		Args:    o.Args,
		Stdout:  o.stdout(),
		Grants:  r.grants(),
		Folders: o.Folders,
		Steps:   o.Steps,
		Drive:   r.drive,
	})
	r.drop(err)
	if err == nil {
		err = errors.Join(r.refused(), r.undelivered(), r.unexplained())
		if r.unread != nil {
			err = errors.Join(err, r.unread)
		}
	}
	if closed := r.close(); err == nil {
		err = closed
	}
	return r.report(), err
}

// unexplained is a wish for explanations of a script without rules.
func (r *run) unexplained() error {
	if !r.Explain || r.ruled {
		return nil
	}
	return &Stop{kind: "policy", reason: r.Program.Name() + ": the script returned no rules, so that there is nothing to explain", hint: "a rule file ends with return, as in: return { name=, rule=, delete=true }"}
}

// close gives back the targets and the state. What was committed lasts.
func (r *run) close() error {
	var errs []error
	for _, t := range r.targets {
		errs = append(errs, t.Close())
	}
	if r.store != nil {
		r.prune(context.WithoutCancel(r.ctx))
		errs = append(errs, r.store.Close())
	}
	return errors.Join(errs...)
}

// grants are what the script may reach.
func (r *run) grants() *luabind.Grants {
	timeouts := r.Policy.Timeouts.OrDefaults()
	g := &luabind.Grants{
		Context:    func() context.Context { return r.ctx },
		Dial:       r.dial,
		Raw:        r.Policy.Raw,
		GetUser:    r.GetUser,
		GetPass:    r.getPass,
		Debug:      r.Debug,
		Now:        r.Now,
		TLSConfig:  r.TLSConfig,
		Panicked:   r.panicked,
		Log:        r.Log,
		Asked:      r.audit,
		Script:     luabind.Script{Name: r.Program.Name(), Args: r.Args, DryRun: r.DryRun || r.Policy.Delete.IsZero()},
		Explain:    r.Explain,
		MaxTimeout: timeouts.MaxScript,
	}
	if r.Account != nil {
		g.Account = r.account
	}
	if r.OpenState != nil {
		g.State = r.values
	}
	if r.Save != nil {
		g.Save = r.save
	}
	return g
}

// maxOpen is how many sessions a script may have open at once.
const maxOpen = 8

// audit tells Options.Audit of a permission.
func (r *run) audit(permission, object string, granted bool) {
	if r.Audit != nil {
		r.Audit(policy.Request{Permission: permission, Object: object, Granted: granted})
	}
}

// dial gives the script a session over a connection of the host's.
func (r *run) dial(ctx context.Context, request luabind.DialRequest) (luabind.Session, error) {
	return r.open(func() (*session, error) {
		client, err := r.Dial(ctx, request)
		if err != nil {
			return nil, err
		}
		return &session{run: r, client: client, host: request.Host, port: request.Port}, nil
	})
}

// open adds a session to the run, unless too many are open.
func (r *run) open(connect func() (*session, error)) (*session, error) {
	open := 0
	for _, s := range r.sessions {
		if !s.ended {
			open++
		}
	}
	if open >= maxOpen {
		return nil, &Stop{kind: "limit", reason: fmt.Sprintf("%d sessions are open already; end one with quit or close", open)}
	}
	s, err := connect()
	if err != nil {
		return nil, err
	}
	s.reader.allowed = s.reader.allowed || r.ReadAhead
	r.sessions = append(r.sessions, s)
	return s, nil
}

// getPass is GetPass; an interruption while a person is asked is the run's.
func (r *run) getPass(prompt string) (string, error) {
	if r.GetPass == nil {
		return "", errors.New("there is nobody to ask")
	}
	password, err := r.GetPass(prompt)
	if err != nil && r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	return password, err
}

// panicked ends the run after a fault of our own in a binding, so that no pcall
// can hide it.
func (r *run) panicked(value any, stack []byte) {
	r.cancel(&Stop{kind: "internal", reason: fmt.Sprintf("a fault in popherd: %v", value)})
}

// drop ends the sessions that the script left open, last in first out, without
// QUIT: nothing of theirs is deleted.
func (r *run) drop(err error) {
	why := "the script ended without quit"
	var stop *Stop
	switch {
	case errors.As(err, &stop):
		why = stop.Error()
	case err != nil:
		why = "the script failed"
	}
	for i := len(r.sessions) - 1; i >= 0; i-- {
		r.sessions[i].abort(why)
	}
}

// refused says how much of what was committed a server would not do, or did
// not confirm though the script made nothing of it.
func (r *run) refused() error {
	var e RefusedError
	for _, s := range r.sessions {
		switch {
		case s.plan == nil:
		case s.plan.Outcome() == plan.Committed:
			e.Refused += s.refusals
			e.Deleted += s.deleted()
		case s.plan.Outcome() == plan.Unknown:
			e.Refused += s.refusals
			e.Unknown += s.deleted()
		}
	}
	if e.Refused == 0 && e.Unknown == 0 {
		return nil
	}
	return &e
}

// A RefusedError is a run that committed, though servers refused to mark some
// of the messages, which are still there, or did not answer QUIT with +OK.
type RefusedError struct {
	Refused int // messages that are still there
	Deleted int // messages that are deleted
	Unknown int // messages that may be deleted or not
}

// Error implements error.
func (e *RefusedError) Error() string {
	refused := fmt.Sprintf("the server refused to delete %d of %d messages: they are still there", e.Refused, e.Refused+e.Deleted+e.Unknown)
	unknown := fmt.Sprintf("the server did not confirm QUIT: %d deletions may or may not be done", e.Unknown)
	switch {
	case e.Unknown == 0:
		return refused
	case e.Refused == 0:
		return unknown
	}
	return refused + "; " + unknown
}

// A Stop is why the host ended a run.
type Stop struct {
	kind   string
	reason string
	hint   string
	usage  bool
}

// Error implements error.
func (s *Stop) Error() string { return s.reason }

// Kind is "cancelled", "limit", "internal" or "policy", the kind under which scripts see
// it.
func (s *Stop) Kind() string { return s.kind }

// Hint says what to do about a limit.
func (s *Stop) Hint() string {
	if s.kind == "limit" && strings.HasPrefix(s.reason, tookLonger) {
		return "give it longer with --timeout, as in --timeout 1h"
	}
	return s.hint
}

// Usage reports whether the command line could have said what is missing.
func (s *Stop) Usage() bool { return s.usage }

const tookLonger = "the run took longer than"

// bounded ends with the caller's context, once the run took too long, or with
// cancel.
func bounded(parent context.Context, limit time.Duration) (ctx context.Context, cancel context.CancelCauseFunc, stop func()) {
	ctx, cancel = context.WithCancelCause(context.WithoutCancel(parent))
	interrupt := func() { cancel(&Stop{kind: "cancelled", reason: "interrupted"}) }
	if parent.Err() != nil { // AfterFunc would leave the script a moment
		interrupt()
	}
	unwatch := context.AfterFunc(parent, interrupt)
	timer := time.AfterFunc(limit, func() {
		cancel(&Stop{kind: "limit", reason: fmt.Sprintf("%s %v", tookLonger, limit)})
	})
	return ctx, cancel, func() {
		unwatch()
		timer.Stop()
		cancel(nil)
	}
}
