package oauth

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/popherd/popherd/internal/secret"
)

// Tokens gets tokens from one provider, and keeps them. Provider and Store must
// be set. It may be used by several goroutines at once.
type Tokens struct {
	Provider Provider
	Store    Store
	// HTTP carries the requests; nil connects directly. Redirects are not
	// followed, an answer has 1 MiB at most and must be there within 30 s.
	HTTP   *http.Client
	Now    func() time.Time                                 // nil: time.Now
	Sleep  func(ctx context.Context, d time.Duration) error // between polls of the device flow; nil: a timer
	Random io.Reader                                        // nil: crypto/rand
}

// Access returns an access token that lasts for another minute, refreshing it
// if need be. It fails with an *Error; ErrNoToken is among what that wraps if
// nobody has logged in.
func (t *Tokens) Access(ctx context.Context, account string) (secret.Secret, error) {
	return t.current(ctx, account, secret.Secret{})
}

// Refresh returns another access token than the one which a mail server
// refused, however long that was to last. If somebody else has refreshed it
// meanwhile, theirs is returned.
func (t *Tokens) Refresh(ctx context.Context, account string, refused secret.Secret) (secret.Secret, error) {
	return t.current(ctx, account, refused)
}

// Forget forgets an account's tokens. The provider is not told.
func (t *Tokens) Forget(ctx context.Context, account string) error {
	err := t.locked(ctx, account, func() error { return t.Store.Forget(account) })
	return t.wrap(account, err)
}

func (t *Tokens) current(ctx context.Context, account string, refused secret.Secret) (secret.Secret, error) {
	r, err := t.load(account)
	if err == nil && !t.usable(r, refused) {
		r, err = t.refresh(ctx, account, refused)
	}
	if err != nil {
		return secret.Secret{}, t.wrap(account, err)
	}
	return r.Access, nil
}

// refresh renews the access token, unless somebody else just did. The lock makes
// one refresh of several at once, for a provider that rotates refresh tokens
// would take the second for theft.
func (t *Tokens) refresh(ctx context.Context, account string, refused secret.Secret) (r Record, err error) {
	err = t.locked(ctx, account, func() error {
		r, err = t.load(account)
		if err == nil && !t.usable(r, refused) {
			r, err = t.renew(ctx, account, r)
		}
		return err
	})
	return r, err
}

func (t *Tokens) usable(r Record, refused secret.Secret) bool {
	return r.lasts(t.now()) && r.Access != refused
}

// load returns the record, if it is of this provider and client.
func (t *Tokens) load(account string) (Record, error) {
	r, err := t.Store.Load(account)
	if err == nil && (r.TokenURL != t.Provider.TokenURL || r.ClientID != t.Provider.ClientID) {
		return Record{}, &Error{Reason: "the tokens are of another provider or client", Err: ErrNoToken}
	}
	return r, err
}

// renew refreshes the access token. A provider may rotate the refresh token:
// then the old one is void as soon as it has answered, and the new one must not
// be lost.
func (t *Tokens) renew(ctx context.Context, account string, old Record) (Record, error) {
	if old.Refresh.IsZero() {
		return Record{}, &Error{Reason: "the access token is used up, and there is no refresh token", Err: ErrNoToken}
	}
	if err := ctx.Err(); err != nil {
		return Record{}, err
	}
	// If this cannot be written, neither can the answer: better to know before.
	if err := t.Store.Save(account, old); err != nil {
		return Record{}, err
	}
	ctx, cancel := withGrace(ctx)
	defer cancel()
	r, err := t.grant(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh.Reveal()}})
	if err != nil {
		return Record{}, err
	}
	// RFC 6749 section 6: the answer may leave the refresh token out. The library
	// has put the old one in its place.
	return r, t.Store.Save(account, r)
}

// grace is how long an answer is waited for whose question was given up, for it
// may bring a new refresh token.
const grace = 5 * time.Second

// withGrace returns a context that ends a little later than its parent.
func withGrace(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { stop(); cancel() }
}

// keep stores what a login has brought.
func (t *Tokens) keep(ctx context.Context, account string, r Record) error {
	if r.Refresh.IsZero() && !r.Expiry.IsZero() {
		return errNoRefresh
	}
	return t.locked(ctx, account, func() error { return t.Store.Save(account, r) })
}

var errNoRefresh = errors.New("the provider gave no refresh token, so that the login would end with the access token")

// lockLimit ends the wait for a lock. Its holder waits for one answer.
const lockLimit = 60 * time.Second

func (t *Tokens) locked(ctx context.Context, account string, f func() error) error {
	lockCtx, cancel := context.WithTimeout(ctx, lockLimit)
	defer cancel()
	unlock, err := t.Store.Lock(lockCtx, account)
	if err != nil {
		return err
	}
	defer unlock()
	return f()
}

func (t *Tokens) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}
