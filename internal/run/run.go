// Package run performs one run, from the first line of a script to the report.
// It gives the script sessions that keep a plan instead of deleting, commits a
// plan at its session's QUIT, and drops every session that gets no QUIT. It is
// the only package that knows the reading side and the writing side, and
// commit.go is the only file that commits.
package run

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"time"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// Options are what one run is given. Program and Dial are needed.
type Options struct {
	Program *script.Program
	Args    []string // for the script
	Policy  policy.Policy
	DryRun  bool // plan only, whatever the policy allows

	// Whole asks for every message of every session in the report, not only
	// for what a plan was made of.
	Whole bool

	// Dial connects where the policy allows it; the greeting is read.
	Dial func(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error)

	// TLSConfig makes the configuration for a script's STLS.
	TLSConfig func(c *luabind.TLSContext) (*tls.Config, error)

	Stdout  io.Writer // print; nil discards
	Debug   io.Writer // set_debuglevel; nil discards
	GetUser func() (string, error)
	GetPass func(prompt string) (string, error)
	Now     func() time.Time // the clock that scripts see; nil means time.Now

	// Progress, if set, is told how far a session is: "retrieve" or "delete",
	// how many messages are done, and of how many, 0 if that is not known.
	Progress func(stage string, done, total int)
}

// A run is one execution.
type run struct {
	Options
	ctx      context.Context
	cancel   context.CancelCauseFunc
	sessions []*session
}

// Run executes the script and returns what became of every session. The
// report is never nil. The error is the script's, a *Stop if the run was
// interrupted or passed its time, or a *RefusedError if a server did not do
// all that was committed.
func Run(ctx context.Context, o Options) (*Report, error) {
	ctx, cancel, stop := bounded(ctx, o.Policy.Timeouts.OrDefaults().Run)
	defer stop()
	r := &run{Options: o, ctx: ctx, cancel: cancel}
	err := o.Program.Run(ctx, script.Options{Args: o.Args, Stdout: o.Stdout, Grants: r.grants()})
	r.drop(err)
	if err == nil {
		err = r.refused()
	}
	return r.report(), err
}

// grants are what the script may reach.
func (r *run) grants() *luabind.Grants {
	timeouts := r.Policy.Timeouts.OrDefaults()
	return &luabind.Grants{
		Context:    func() context.Context { return r.ctx },
		Dial:       r.dial,
		Raw:        r.Policy.Raw,
		GetUser:    r.GetUser,
		GetPass:    r.GetPass,
		Debug:      r.Debug,
		Now:        r.Now,
		TLSConfig:  r.TLSConfig,
		Panicked:   r.panicked,
		MaxTimeout: timeouts.MaxScript,
	}
}

// dial gives the script a session over a connection of the host's.
func (r *run) dial(ctx context.Context, request luabind.DialRequest) (luabind.Session, error) {
	client, err := r.Dial(ctx, request)
	if err != nil {
		return nil, err
	}
	s := &session{run: r, client: client, host: request.Host, port: request.Port, glances: map[int]glance{}}
	r.sessions = append(r.sessions, s)
	return s, nil
}

// panicked ends the run after a fault of our own in a binding, so that no pcall
// can hide it.
func (r *run) panicked(value any, stack []byte) {
	r.cancel(&Stop{"internal", fmt.Sprintf("a fault in popherd: %v", value)})
}

// drop ends the sessions that the script left open, last in first out, without
// QUIT: nothing of theirs is deleted.
func (r *run) drop(err error) {
	why := "the script ended without quit"
	if err != nil {
		why = "the script failed"
	}
	for i := len(r.sessions) - 1; i >= 0; i-- {
		r.sessions[i].abort(why)
	}
}

// refused says how much of what was committed a server would not do.
func (r *run) refused() error {
	var e RefusedError
	for _, s := range r.sessions {
		e.Refused += s.refusals
		if s.plan != nil && s.plan.Outcome() == plan.Committed {
			e.Deleted += s.plan.Summary().Delete
		}
	}
	if e.Refused == 0 {
		return nil
	}
	return &e
}

// A RefusedError is a run that committed, though servers refused to mark some
// of the messages: those are still there.
type RefusedError struct {
	Refused int // messages that are still there
	Deleted int // messages that are deleted
}

// Error implements error.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server refused to delete %d of %d messages: they are still there", e.Refused, e.Refused+e.Deleted)
}

// A Stop is why the host ended a run.
type Stop struct {
	kind   string
	reason string
}

// Error implements error.
func (s *Stop) Error() string { return s.reason }

// Kind is "cancelled", "limit" or "internal", the kind under which scripts see
// it.
func (s *Stop) Kind() string { return s.kind }

// Hint says what to do about a limit.
func (s *Stop) Hint() string {
	if s.kind == "limit" {
		return "give it longer with --timeout, as in --timeout 1h"
	}
	return ""
}

// bounded ends with the caller's context, once the run took too long, or with
// cancel.
func bounded(parent context.Context, limit time.Duration) (ctx context.Context, cancel context.CancelCauseFunc, stop func()) {
	ctx, cancel = context.WithCancelCause(context.WithoutCancel(parent))
	unwatch := context.AfterFunc(parent, func() {
		cancel(&Stop{"cancelled", "interrupted"})
	})
	timer := time.AfterFunc(limit, func() {
		cancel(&Stop{"limit", fmt.Sprintf("the run took longer than %v", limit)})
	})
	return ctx, cancel, func() {
		unwatch()
		timer.Stop()
		cancel(nil)
	}
}
