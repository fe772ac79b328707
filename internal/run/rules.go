package run

import (
	"context"
	"fmt"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/script"
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
		return &session{run: r, client: a.Client, host: a.Host, port: a.Port, name: a.Name}, nil
	})
	if err != nil {
		return luabind.AccountSession{}, err
	}
	_, secure := s.client.TLS()
	return luabind.AccountSession{Session: s, Name: s.name, Host: s.host, Port: s.port, TLS: secure}, nil
}

// drive has every message of the account judged by the rules, and commits what
// they decided.
func (r *run) drive(judge script.Judge) error {
	if r.Account == nil {
		return errNoAccount
	}
	account, err := r.account(r.ctx, "", func(pop3.TraceEvent) {})
	if err != nil {
		return err
	}
	if err := judge(r.ctx, account.Session, account.Name); err != nil {
		return err
	}
	_, err = account.Session.Quit(r.ctx)
	return err
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
		listed = append(listed, luabind.Listed{Number: m.Number, UniqueID: m.UniqueID, Octets: m.Octets})
	}
	return listed, nil
}

// Decide implements luabind.Decider.
func (s *session) Decide(ctx context.Context, n int, d luabind.Decision) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	if d.Action == luabind.ActionDeliver {
		return &Stop{kind: "policy", reason: fmt.Sprintf("deliver: there is no target %q", d.Target), hint: "this version has no targets yet"}
	}
	decision := plan.Decision{Mark: d.Action == luabind.ActionDelete, Reason: d.Reason, Rule: d.Rule, Evidence: d.Evidence}
	if err := s.plan.Decide(n, decision); err != nil {
		return refusal(fmt.Sprintf("DELE %d", n), err)
	}
	s.glances.keep(n)
	return nil
}

// Explain implements luabind.Explainer.
func (s *session) Explain(n int, lines []string) {
	if s.explained == nil {
		s.explained = map[int][]string{}
	}
	s.explained[n] = lines
}
