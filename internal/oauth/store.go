package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/popherd/popherd/internal/secret"
)

// ErrNoToken means that nobody has logged in to an account yet, or that its
// tokens were forgotten, or that they are another provider's.
var ErrNoToken = errors.New("nobody has logged in")

// A Store keeps the tokens of accounts.
type Store interface {
	// Load returns an account's record, or ErrNoToken.
	Load(account string) (Record, error)
	// Save replaces an account's record. When it returns nil, the record
	// lasts. It is for the holder of the lock.
	Save(account string, r Record) error
	// Forget removes an account's record, if there is one. It is for the
	// holder of the lock.
	Forget(account string) error
	// Lock waits until nobody else holds the account, in this process or
	// another. It ends with ctx.
	Lock(ctx context.Context, account string) (unlock func(), err error)
}

// A Record is what a provider gave for an account.
type Record struct {
	TokenURL, ClientID string // from whom, and for whom: a refresh token goes nowhere else
	Access             secret.Secret
	Refresh            secret.Secret // zero: cannot be refreshed
	Obtained           time.Time
	Expiry             time.Time // of Access; zero if the provider did not say
}

const (
	margin = 60 * time.Second // a token that ends sooner is not begun with
	slack  = 60 * time.Second // by which the clock may be put back
)

// lasts reports whether the access token can be used. A token from the future
// was obtained under a wrong clock, and so its expiry means nothing.
func (r Record) lasts(now time.Time) bool {
	if r.Access.IsZero() || now.Before(r.Obtained.Add(-slack)) {
		return false
	}
	return r.Expiry.IsZero() || now.Before(r.Expiry.Add(-margin))
}
