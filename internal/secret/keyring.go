package secret

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zalando/go-keyring"
)

// Service is what our secrets go by in a keyring; the name is an account's.
const Service = "popherd"

// A Keyring keeps secrets for a user who is logged in: that of the desktop, of
// macOS, of Windows.
type Keyring interface {
	// Get returns a secret. ErrNotInKeyring: there is none.
	Get(service, name string) (Secret, error)
	// Set keeps a secret, in place of what was there.
	Set(service, name string, s Secret) error
	// Delete forgets a secret. ErrNotInKeyring: there is none.
	Delete(service, name string) error
}

var (
	// ErrNoKeyring is returned where no keyring can be used: none is there,
	// it is locked, or it does not answer.
	ErrNoKeyring = errors.New("no keyring can be used")
	// ErrNotInKeyring is returned for a secret that is not in the keyring.
	ErrNotInKeyring = errors.New("it is not in the keyring")
)

// keyringLimit is how long one call may take.
const keyringLimit = 3 * time.Second

// SystemKeyring returns the keyring of the operating system: the Secret Service
// on a desktop bus (GNOME, KDE), the keychain of macOS, the credentials of
// Windows. No call lasts longer than 3 s: the error is ErrNoKeyring then, and
// for every other call until the keyring does answer.
func SystemKeyring() Keyring { return &bounded{Keyring: system{}, limit: keyringLimit} }

// Usable returns nil if a keyring can be used, and else why not. It does not ask
// one where that would start a program that stays.
func Usable(k Keyring, getenv func(string) string) error {
	if k == nil || launches(k, getenv) {
		return ErrNoKeyring
	}
	if _, err := k.Get(Service, Service); err != nil && !errors.Is(err, ErrNotInKeyring) {
		return err
	}
	return nil
}

// bounded calls a keyring that may hang.
type bounded struct {
	Keyring
	limit time.Duration
	hung  atomic.Int64 // calls without an answer
}

func (b *bounded) Get(service, name string) (Secret, error) {
	return b.call(func() (Secret, error) { return b.Keyring.Get(service, name) })
}

func (b *bounded) Set(service, name string, s Secret) error {
	_, err := b.call(func() (Secret, error) { return Secret{}, b.Keyring.Set(service, name, s) })
	return err
}

func (b *bounded) Delete(service, name string) error {
	_, err := b.call(func() (Secret, error) { return Secret{}, b.Keyring.Delete(service, name) })
	return err
}

// call calls f in a goroutine of its own, which it leaves behind if it hangs.
func (b *bounded) call(f func() (Secret, error)) (Secret, error) {
	if b.hung.Load() > 0 {
		return Secret{}, fmt.Errorf("%w: it still does not answer", ErrNoKeyring)
	}
	type reply struct {
		secret Secret
		err    error
	}
	replies := make(chan reply)
	given := make(chan struct{})
	go func() {
		s, err := calm(f)
		select {
		case replies <- reply{s, err}:
		case <-given:
			b.hung.Add(-1)
		}
	}()
	timeout := time.NewTimer(b.limit)
	defer timeout.Stop()
	select {
	case r := <-replies:
		return r.secret, r.err
	case <-timeout.C:
		b.hung.Add(1)
		close(given)
		return Secret{}, fmt.Errorf("%w: it does not answer within %v", ErrNoKeyring, b.limit)
	}
}

// calm calls f, and makes an error of a panic: the library trusts what comes
// over the bus to be of the right type.
func calm(f func() (Secret, error)) (s Secret, err error) {
	defer func() {
		if recover() != nil {
			s, err = Secret{}, fmt.Errorf("%w: it does not make sense", ErrNoKeyring)
		}
	}()
	return f()
}

// system is the operating system's keyring.
type system struct{}

func (system) Get(service, name string) (Secret, error) {
	text, err := keyring.Get(service, name)
	if err != nil {
		return Secret{}, failed(err, Secret{})
	}
	return New(text), nil
}

func (system) Set(service, name string, s Secret) error {
	return failed(keyring.Set(service, name, s.Reveal()), s)
}

func (system) Delete(service, name string) error {
	return failed(keyring.Delete(service, name), Secret{})
}

// failed makes an error of ours of the library's. Its words are those of
// another program, which may repeat what it was given.
func failed(err error, s Secret) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrNotInKeyring
	}
	text := err.Error()
	if !s.IsZero() {
		text = strings.ReplaceAll(text, s.Reveal(), hidden)
	}
	return fmt.Errorf("%w: %s", ErrNoKeyring, clean(text))
}
