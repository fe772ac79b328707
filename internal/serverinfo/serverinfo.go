// Package serverinfo looks at a POP3 server, and at one maildrop on it, and
// says what is there and what is odd: capabilities, TLS, unique-ids, TOP,
// sizes. It changes nothing: no message is marked, none is retrieved whole by
// RETR, which some servers take for "seen", and every session ends with QUIT.
//
// Facts are fields of a Result, as the server sent them; what to think of them
// are its Findings.
package serverinfo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/pop3"
)

// Plain is what Connect is asked for to see CAPA as it is before STLS. Nothing
// is sent on that session but CAPA and QUIT.
const Plain = "insecure-plaintext"

// defaultMessages are looked at if Options do not say how many.
const defaultMessages = 20

// Options say what to look at.
type Options struct {
	// Connect opens a session, without login. It is called with TLS up to
	// twice, since unique-ids are compared between two sessions; and before
	// that once with Plain where TLS is "starttls": if that fails, only what
	// is before TLS is not looked at.
	Connect func(ctx context.Context, tls string) (*pop3.Client, error)

	// Login logs in and returns the method that was used; nil looks from
	// outside only.
	Login func(ctx context.Context, c *pop3.Client) (method string, err error)

	Host     string           // for the Result, and for advice about known servers
	TLS      string           // "implicit", "starttls" or Plain
	Now      func() time.Time // for the days that the certificate has left; required
	Messages int              // at most so many are looked at by TOP; 0 means 20, negative none
}

// Examine looks at a server. It takes two sessions at most, three with STLS.
// After an error, which says what failed, the Result, never nil, has what was
// learnt before.
func Examine(ctx context.Context, o Options) (*Result, error) {
	if o.Messages == 0 {
		o.Messages = defaultMessages
	}
	r := &Result{Host: o.Host, Mode: o.TLS, Examined: o.Now().UTC(), Findings: []Finding{}}
	err := examine(ctx, o, r)
	r.judge(discover.Known(o.Host))
	return r, err
}

func examine(ctx context.Context, o Options, r *Result) error {
	if o.TLS == discover.StartTLS {
		if err := r.before(ctx, o); err != nil {
			return err
		}
	}
	ids, err := r.first(ctx, o)
	if err != nil || len(ids) == 0 {
		return err
	}
	return r.second(ctx, o, ids)
}

// before looks at what the server says in the clear. A host may refuse to
// connect so at all, which is no fault; a server that is down fails the first
// session, too.
func (r *Result) before(ctx context.Context, o Options) error {
	c, err := o.Connect(ctx, Plain)
	if err != nil {
		return nil
	}
	defer func() { _ = c.Close() }()
	r.Greeting = c.Greeting()
	if r.Capabilities.BeforeTLS, err = capabilities(ctx, c); err != nil {
		return err
	}
	return quit(ctx, c)
}

// first is the session that sees everything. It returns the unique-ids of the
// maildrop, nil if there are none to compare.
func (r *Result) first(ctx context.Context, o Options) ([]pop3.UniqueID, error) {
	c, err := o.Connect(ctx, o.TLS)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = c.Close() }()
	r.Greeting = c.Greeting()
	r.Timestamp = timestamp(c.Greeting())
	if state, ok := c.TLS(); ok {
		r.TLS = describe(state, r.Examined)
	}
	if r.Capabilities.BeforeLogin, err = capabilities(ctx, c); err != nil {
		return nil, err
	}
	r.Mechanisms = arguments(r.Capabilities.BeforeLogin, "SASL")
	if o.Login == nil {
		return nil, quit(ctx, c)
	}
	method, err := o.Login(ctx, c)
	if err != nil {
		// The session may be dead by now; the login's error is what counts.
		_, _ = c.Quit(ctx)
		return nil, fmt.Errorf("log in: %w", err)
	}
	r.Method = method
	if r.Capabilities.AfterLogin, err = capabilities(ctx, c); err != nil {
		return nil, err
	}
	ids, err := r.look(ctx, c, o.Messages)
	if err != nil {
		return nil, err
	}
	return ids, quit(ctx, c)
}

// second compares the unique-ids with those of another session. A server that
// wants time between logins is not asked again, or says so.
func (r *Result) second(ctx context.Context, o Options, ids []pop3.UniqueID) error {
	if seconds, ok := number(r.Capabilities.argument("LOGIN-DELAY")); ok && seconds > 0 {
		return nil
	}
	c, err := o.Connect(ctx, o.TLS)
	if refused(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("connect again: %w", err)
	}
	defer func() { _ = c.Close() }()
	if _, err := o.Login(ctx, c); err != nil {
		_, _ = c.Quit(ctx)
		if refused(err) {
			// WEB.DE answers as to a wrong password when it is asked too soon.
			return nil
		}
		return fmt.Errorf("log in again: %w", err)
	}
	again, err := c.UIDL(ctx)
	if err != nil {
		return fmt.Errorf("compare unique-ids: %w", err)
	}
	r.Maildrop.UniqueIDs.compare(ids, again)
	return quit(ctx, c)
}

// quit ends a session in which nothing was marked.
func quit(ctx context.Context, c *pop3.Client) error {
	if _, err := c.Quit(ctx); err != nil {
		return fmt.Errorf("quit: %w", err)
	}
	return nil
}

// capabilities asks for CAPA; a server without it has none.
func capabilities(ctx context.Context, c *pop3.Client) (pop3.Capabilities, error) {
	caps, err := c.Capabilities(ctx)
	if refused(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask for capabilities: %w", err)
	}
	return caps, nil
}

// refused reports whether the server said no: the session can go on.
func refused(err error) bool {
	var no *pop3.Error
	return errors.As(err, &no)
}
