package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/secret"
)

// test tries the login, until it works or a person decides otherwise.
func (s *setup) test(ctx context.Context) error {
	if s.flags.NoTest || s.account.OAuthProvider != "" {
		return nil
	}
	if s.dialog == nil && s.password.IsZero() && !s.found(ctx) {
		s.note("note: there is no password, so that the login is not tried")
		return nil
	}
	for {
		s.note(fmt.Sprintf("logging in at %s:%d ...", s.account.Host, s.account.Port))
		said, err := s.logIn(ctx)
		if err == nil {
			s.note(said)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		shown := lookFault(s.account.Name, err)
		hint := hintOf(shown)
		cert, _ := unverified(err)
		if s.dialog == nil {
			if cert != nil {
				hint = authorityHint
			}
			return withStatus(exitStatus(shown), errors.New(strings.TrimRight(shown.Error(), ".")+"; nothing was written"), hint)
		}
		if cert != nil { // what helps is asked next
			shown = errors.New(shown.Error())
		}
		s.dialog.complain(shown)
		switch err := s.decide(err); {
		case errors.Is(err, errAsItIs):
			return nil
		case err != nil:
			return err
		}
	}
}

// plain is the account as a run will have it.
func (s *setup) plain() config.Account {
	n := s.account
	return config.Account{
		Name: n.Name, User: n.User, Host: n.Host, Port: n.Port, TLS: n.TLS, Auth: n.Auth, CAFile: n.CAFile, Fingerprint: n.Fingerprint,
		MinTLS: "1.2", AddressFamily: "any", Secret: secret.Sources{Command: n.PasswordCommand},
	}
}

// found reports whether popherd finds the password by itself.
func (s *setup) found(ctx context.Context) bool {
	if login.Method(s.account.Auth).Needs() == login.NeedNothing {
		return true
	}
	credentials, err := s.sh.credentials(secretFlags{}, nil)
	if err != nil {
		return false
	}
	_, err = credentials.Finder.Has(ctx, host.Wanted(s.plain()))
	return !errors.As(err, new(*secret.NotFoundError))
}

// logIn logs in and out, and says what it saw.
func (s *setup) logIn(ctx context.Context) (string, error) {
	credentials, err := s.sh.credentials(secretFlags{}, nil)
	if err != nil {
		return "", err
	}
	o := host.Options{
		Policy: policy.Policy{Timeouts: policy.Timeouts{Connect: min(s.flags.Limit, policy.DefaultConnect), Command: s.flags.Limit, Read: s.flags.Limit}},
		Credential: func(ctx context.Context, _ string, refused bool) (login.Credential, error) {
			if !s.password.IsZero() {
				return login.Credential{User: s.account.User, Password: s.password}, nil
			}
			return credentials.Of(ctx, s.plain(), refused)
		},
	}
	if s.sh.trace {
		o.Trace = s.sh.Stderr
	}
	h, err := host.Open(o)
	if err != nil {
		return "", err
	}
	defer h.Close()
	client, used, err := h.Open(ctx, s.plain(), nil)
	if err != nil {
		return "", err
	}
	defer client.Close()
	listing, err := client.Stat(ctx)
	if err == nil {
		_, err = client.Quit(ctx)
	}
	return fmt.Sprintf("logged in by %s: %s, %d octets", used, messages(listing.Count), listing.Octets), err
}
