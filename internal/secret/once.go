package secret

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// lifetime is how long the answer of a command is good for: several sessions
// of an account, and accounts of one command, ask once.
const lifetime = 5 * time.Minute

// A question is what was asked, as a digest: arguments of commands may be
// secret, and nothing that prints a Finder shows them.
type question [sha256.Size]byte

// asked is the question to a command; without one, to Stdin.
func asked(argv ...string) question { return sha256.Sum256(fmt.Appendf(nil, "%q", argv)) }

// An answer is being waited for, or there.
type answer struct {
	done    chan struct{} // closed when the rest is there
	secret  Secret
	err     error
	when    time.Time
	forever bool // good for ever, and waited for though nobody does
	waiting int
	cancel  context.CancelFunc
}

// good reports whether the answer need not be asked for again. What failed is.
func (a *answer) good(now time.Time) bool {
	age := now.Sub(a.when)
	return a.forever || a.err == nil && age >= 0 && age < lifetime
}

func (f *Finder) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

// once asks for what goes by that key, unless somebody else has asked already.
// The asking goes on until nobody waits for the answer, or forever.
func (f *Finder) once(ctx context.Context, key question, forever bool, ask func(context.Context) (Secret, error)) (Secret, error) {
	f.mu.Lock()
	a := f.answers[key]
	if a == nil || isClosed(a.done) && !a.good(f.now()) {
		a = f.begin(ctx, key, ask)
		a.forever = forever
	}
	a.waiting++
	f.mu.Unlock()
	defer f.leave(key, a)
	select {
	case <-a.done:
		return a.secret, a.err
	case <-ctx.Done():
		return Secret{}, ctx.Err()
	}
}

// begin asks in a goroutine. The lock is held.
func (f *Finder) begin(ctx context.Context, key question, ask func(context.Context) (Secret, error)) *answer {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &answer{done: make(chan struct{}), cancel: cancel}
	if f.answers == nil {
		f.answers = map[question]*answer{}
	}
	f.answers[key] = a
	go func() {
		defer close(a.done)
		a.secret, a.err = ask(ctx)
		a.when = f.now()
	}()
	return a
}

// leave is said by whoever does not wait any more. Nobody comes to wait for an
// answer that was given up.
func (f *Finder) leave(key question, a *answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if a.waiting--; a.waiting > 0 || a.forever {
		return
	}
	a.cancel()
	if !isClosed(a.done) && f.answers[key] == a {
		delete(f.answers, key)
	}
}

func isClosed(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// command runs the account's command, unless its answer is known.
func (f *Finder) command(ctx context.Context, w Wanted) (Found, error) {
	argv := w.Sources.Command
	if len(argv) == 0 {
		return Found{}, nil
	}
	s, err := f.once(ctx, asked(argv...), false, func(ctx context.Context) (Secret, error) {
		return run(ctx, argv, f.Environ, commandLimit)
	})
	if err != nil && hintless(err) {
		err = advise(err, "run that command yourself: it may want something")
	}
	return Found{s, fmt.Sprintf("command %q", argv[0])}, err
}

var errOtherPerson = errors.New("that password was for another account")

// A person is whose a secret is.
type person struct{ name, user, host string }

// given is what Stdin gives, which can be read once. What a person typed for
// one account is not sent for another.
func (f *Finder) given(ctx context.Context, w Wanted) (Found, error) {
	found := Found{Source: "standard input or descriptor"}
	f.mu.Lock()
	if f.whose == nil {
		f.whose = &person{w.Name, w.User, w.Host}
	}
	other := *f.whose != person{w.Name, w.User, w.Host}
	f.mu.Unlock()
	if other {
		return found, advise(errOtherPerson, "name one account at a time")
	}
	var err error
	found.Secret, err = f.once(ctx, asked(), true, func(context.Context) (Secret, error) { return f.Stdin() })
	if err == nil && found.Secret.IsZero() {
		err = errEmpty
	}
	return found, err
}

// ErrNobody is what a Prompt returns that finds nobody to ask.
var ErrNobody = errors.New("there is nobody to ask")

// prompt asks a person, if there is one, when nobody else does.
func (f *Finder) prompt(ctx context.Context, w Wanted) (Found, error) {
	if f.Prompt == nil {
		return Found{}, nil
	}
	found := Found{Source: "prompt"}
	f.mu.Lock()
	if f.turn == nil {
		f.turn = make(chan struct{}, 1)
	}
	turn := f.turn
	f.mu.Unlock()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return found, ctx.Err()
	}
	text := fmt.Sprintf("Password of %s at %s: ", clean(w.User), clean(w.Host))
	if w.named() {
		text = fmt.Sprintf("Password of %s at %s (account %s): ", clean(w.User), clean(w.Host), w.Name)
	}
	var err error
	found.Secret, err = f.Prompt(ctx, text)
	if errors.Is(err, ErrNobody) {
		return Found{}, nil
	}
	if err == nil && found.Secret.IsZero() {
		err = errors.New("nothing was entered")
	}
	return found, err
}

// hintless reports whether nothing is to be done about an error but what its
// source's owner can.
func hintless(err error) bool {
	var hinted interface{ Hint() string }
	return !errors.As(err, &hinted)
}
