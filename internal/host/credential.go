package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/secret"
)

// Credentials find what accounts log in with: passwords where secrets are kept,
// or access tokens. It may be used by several goroutines. Finder is needed.
type Credentials struct {
	Finder *secret.Finder
	Store  oauth.Store // of tokens; nil if there is nowhere to keep them

	mu    sync.Mutex
	given map[string]secret.Secret // the last token of each account
	known map[string]secret.Found  // its password, so that nobody is asked twice
}

// For returns what Options.Credential wants, for these accounts.
func (c *Credentials) For(accounts []config.Account) func(ctx context.Context, name string, refused bool) (login.Credential, error) {
	return func(ctx context.Context, name string, refused bool) (login.Credential, error) {
		i := slices.IndexFunc(accounts, func(a config.Account) bool { return a.Name == name })
		if i < 0 {
			return login.Credential{}, &AccountError{Name: name, Reason: "there is no such account"}
		}
		return c.Of(ctx, accounts[i], refused)
	}
}

// Of finds what one account logs in with; after a server refused the last token
// another one. Its error is an *AuthError.
func (c *Credentials) Of(ctx context.Context, a config.Account, refused bool) (login.Credential, error) {
	found, err := c.of(ctx, a, refused)
	if err != nil {
		err = &AuthError{err}
	}
	return found, err
}

func (c *Credentials) of(ctx context.Context, a config.Account, refused bool) (login.Credential, error) {
	found := login.Credential{User: a.User}
	if a.OAuth == nil || c.Finder.Stdin != nil {
		f, err := c.password(ctx, a)
		if err != nil {
			return found, err
		}
		if found.Password = f.Secret; a.OAuth != nil {
			found.Password, found.Token = secret.Secret{}, f.Secret
		}
		return found, nil
	}
	token, err := c.token(ctx, a, refused)
	if err != nil {
		return found, err
	}
	found.Token = token
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.given == nil {
		c.given = map[string]secret.Secret{}
	}
	c.given[a.Name] = token
	return found, nil
}

// password finds an account's password, once.
func (c *Credentials) password(ctx context.Context, a config.Account) (secret.Found, error) {
	c.mu.Lock()
	known, ok := c.known[a.Name]
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	found, err := c.Finder.Find(ctx, Wanted(a))
	if err != nil {
		return found, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil {
		c.known = map[string]secret.Found{}
	}
	c.known[a.Name] = found
	return found, nil
}

// token gets an access token.
func (c *Credentials) token(ctx context.Context, a config.Account, refused bool) (secret.Secret, error) {
	if len(a.OAuth.TokenCommand) > 0 {
		token, err := secret.Command(ctx, a.OAuth.TokenCommand, nil)
		if err != nil {
			return token, fmt.Errorf("account %s: token_%w", a.Name, err)
		}
		return token, nil
	}
	tokens, err := c.Tokens(a)
	if err != nil {
		return secret.Secret{}, fmt.Errorf("account %s: %w", a.Name, err)
	}
	if !refused {
		return tokens.Access(ctx, a.Name)
	}
	c.mu.Lock()
	last := c.given[a.Name]
	c.mu.Unlock()
	return tokens.Refresh(ctx, a.Name, last)
}

// Tokens are those of an account that gets them by OAuth2 from a server.
func (c *Credentials) Tokens(a config.Account) (*oauth.Tokens, error) {
	if a.OAuth == nil {
		return nil, errors.New("it does not log in with OAuth2")
	}
	if c.Store == nil {
		return nil, errors.New("there is no folder to keep its tokens in; set XDG_STATE_HOME or HOME")
	}
	p, _ := oauth.Preset(a.OAuth.Provider)
	p.ClientID, p.ClientSecret = a.OAuth.ClientID, a.OAuth.ClientSecret
	for to, from := range map[*string]string{&p.DeviceURL: a.OAuth.DeviceURL, &p.AuthURL: a.OAuth.AuthURL, &p.TokenURL: a.OAuth.TokenURL} {
		if from != "" {
			*to = from
		}
	}
	if len(a.OAuth.Scopes) > 0 {
		p.Scopes = a.OAuth.Scopes
	}
	t := &oauth.Tokens{Provider: p, Store: c.Store}
	if a.Proxy != "" || a.SourceAddress != "" || a.AddressFamily != "any" { // the provider is reached as the server is
		way, err := route(a)
		if err != nil {
			return nil, err
		}
		t.HTTP = &http.Client{Transport: &http.Transport{DialContext: way.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: 30 * time.Second}}
	}
	return t, nil
}

// Wanted says whose secret an account's is, and where it may be.
func Wanted(a config.Account) secret.Wanted {
	w := secret.Wanted{Name: a.Name, User: a.User, Host: a.Host, Sources: a.Secret}
	if IsURL(a.Name) { // nothing is kept under that
		w.Name = ""
	}
	return w
}

// An AuthError is a login that cannot be tried, or that was given up here: there
// is no password, no token, or no way to log in that both sides know. What a
// server refused is a *pop3.Error.
type AuthError struct{ Err error }

// Error implements error.
func (e *AuthError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// Kind is "auth", or "timeout" where another time may do, under which scripts
// and exit statuses know it; an interruption stays one.
func (e *AuthError) Kind() string {
	var temporary interface{ Temporary() bool }
	var kinded interface{ Kind() string }
	switch {
	case errors.As(e.Err, &kinded):
		return kinded.Kind()
	case errors.Is(e.Err, context.Canceled):
		return "cancelled"
	case errors.As(e.Err, &temporary) && temporary.Temporary():
		return "timeout"
	}
	return "auth"
}

// Hint is the cause's.
func (e *AuthError) Hint() string {
	var hinted interface{ Hint() string }
	if errors.As(e.Err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// authError makes the errors of a login that no server said AuthErrors.
func authError(err error) error {
	switch {
	case errors.As(err, new(*login.UnofferedError)), errors.As(err, new(*login.ServerError)), errors.As(err, new(*login.ChallengeError)):
		return &AuthError{err}
	}
	return err
}
