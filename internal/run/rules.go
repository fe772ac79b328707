package run

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// This file drives a rule file: the session of an account, every message of it
// judged, and QUIT.

// account gives the script a session that the host logged in.
func (r *run) account(ctx context.Context, name string, debug func(pop3.TraceEvent)) (luabind.AccountSession, error) {
	s, err := r.open(func() (*session, error) {
		a, err := r.Account(ctx, name, debug)
		if err != nil {
			return nil, err
		}
		s := &session{run: r, client: a.Client, host: a.Host, port: a.Port, user: a.User, name: a.Name, key: a.Key}
		s.reader.allowed = a.ReadAhead
		return s, nil
	})
	if err != nil {
		return luabind.AccountSession{}, err
	}
	_, secure := s.client.TLS()
	return luabind.AccountSession{Session: s, Name: s.account(), Host: s.host, Port: s.port, TLS: secure}, nil
}

// drive has every message of the account judged by the rules, and commits what
// they decided.
func (r *run) drive(targets []string, judge script.Judge) error {
	for _, name := range targets {
		if _, ok := r.Targets[name]; !ok {
			return noTarget(name)
		}
	}
	r.ruled = true
	if r.Account == nil {
		return errNoAccount
	}
	account, err := r.account(r.ctx, "", func(pop3.TraceEvent) {})
	if err != nil {
		return luabind.CallError("account", "", err)
	}
	err = judge(r.ctx, account.Session, account.Name)
	if errors.As(err, &r.unread) {
		err = nil // what could be read is dealt with; this is told at the end
	}
	if err != nil {
		r.noteFailure(err)
		return err
	}
	if _, err = account.Session.Quit(r.ctx); err != nil {
		return luabind.CallError("quit", account.Host, err)
	}
	return nil
}

// errNoAccount is a rule file without mail to judge.
var errNoAccount = &Stop{kind: "policy", reason: "this is a rule file, and there is no mail for its rules", hint: "name a maildrop with --maildrop, as in --maildrop inbox.mbox"}

// Messages implements luabind.Lister: what the scan listing has, less what is
// marked.
func (s *session) Messages(ctx context.Context) ([]luabind.Listed, error) {
	// Reading ahead needs the capabilities anyway; known now, they save load a
	// round trip.
	if _, err := s.Capabilities(ctx); err != nil && s.client.State() == pop3.Closed {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	listed := make([]luabind.Listed, 0, s.plan.Len())
	for m := range s.plan.Visible() {
		known := s.known(m.Number)
		if n := known.Failures(); s.run.Quarantine > 0 && n >= s.run.Quarantine {
			if err := s.quarantine(m.Number, n); err != nil {
				return nil, err
			}
			continue
		}
		listed = append(listed, luabind.Listed{Number: m.Number, UniqueID: m.UniqueID, Octets: m.Octets, New: known.New, FirstSeen: known.FirstSeen()})
	}
	return listed, nil
}

// Journaled implements luabind.Journaled.
func (s *session) Journaled() bool { return s.run.OpenState != nil }

// quarantine leaves a message alone that failed again and again, so that the
// others go on.
func (s *session) quarantine(n, failures int) error {
	reason := fmt.Sprintf("left alone: it failed in %d runs in a row; --quarantine 0, or quarantine = 0 in the configuration, tries it again", failures)
	s.quarantined++
	return s.plan.Decide(n, plan.Decision{Reason: reason})
}

// noteFailure remembers at which message a rule failed. A dry run tries a script
// out: that it fails says nothing of the message.
func (r *run) noteFailure(err error) {
	var at *luabind.RuleError
	if !errors.As(err, &at) || r.ctx.Err() != nil || r.DryRun {
		return
	}
	s := r.sessions[len(r.sessions)-1]
	if k := s.known(at.Message); k.Key != 0 {
		if err := s.note(r.ctx, func(j *state.Journal) { j.Failed(k.Key, at.Error()) }); err != nil {
			r.log("error", "journal: "+err.Error())
		}
	}
}

// Decide implements luabind.Decider.
func (s *session) Decide(ctx context.Context, n int, d luabind.Decision) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	before := s.plan.Decided(n)
	decision := plan.Decision{Deliver: before.Deliver, Mark: d.Action == luabind.ActionDelete, Reason: d.Reason, Rule: d.Rule, Evidence: d.Evidence}
	if d.Action == luabind.ActionDeliver {
		if _, ok := s.run.Targets[d.Target]; !ok {
			return noTarget(d.Target)
		}
		decision.Mark = before.Mark
		if !slices.Contains(before.Deliver, d.Target) {
			decision.Deliver = append(slices.Clone(before.Deliver), d.Target)
		}
	}
	if err := s.plan.Decide(n, decision); err != nil {
		return refusal(fmt.Sprintf("DELE %d", n), err)
	}
	s.glances.keep(n)
	return nil
}

// maxExplained is how many octets of explanations a session keeps; beyond that a
// line says that there are more. Explaining must not break what it explains.
const maxExplained = 8 << 20

// Explain implements luabind.Explainer.
func (s *session) Explain(n int, lines []string) {
	if s.explained == nil {
		s.explained = map[int][]string{}
	}
	if s.explainedOctets > maxExplained {
		return
	}
	for _, line := range lines {
		s.explainedOctets += len(line) + 16
	}
	if s.explainedOctets > maxExplained {
		lines = []string{"(no more is explained of this account: these are 8 MiB)"}
	}
	s.explained[n] = lines
}
