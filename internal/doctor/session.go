package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/serverinfo"
	"github.com/popherd/popherd/pop3"
)

// examine opens sessions with the server, and logs in if there is something to
// log in with.
func (v *visit) examine(ctx context.Context, ready bool) {
	o := serverinfo.Options{Connect: v.connect, Host: v.account.Host, TLS: v.account.TLS, Now: v.Now}
	if ready {
		o.Login = v.login
	}
	found, err := serverinfo.Examine(ctx, o)
	if v.refused && !v.entered { // an old token; the next session gets another
		found, err = serverinfo.Examine(ctx, o)
	}
	switch {
	case err == nil || !v.connected || v.barred: // else it was said before
	case found.Maildrop != nil: // a second session, to compare unique-ids
		v.warn("session", ofAccount(v.account.Name, err), hintOf(err))
	default:
		v.failed("session", err, "")
	}
	if m := found.Maildrop; m != nil {
		v.ok("maildrop", fmt.Sprintf("%s, %d octets", plural(m.Count, "message"), m.Octets))
	}
	for _, f := range found.Findings {
		v.add(Finding{Level(f.Level), strings.ToLower(f.Subject), f.Text, f.Advice})
	}
	if !ready && v.connected {
		v.info("login", "not tried without password or token", "")
	}
}

// connect opens a session, and notes of the first how it went.
func (v *visit) connect(ctx context.Context, mode string) (*pop3.Client, error) {
	a := v.account
	a.TLS = mode
	began := v.Now()
	client, err := v.Connect(ctx, a)
	if v.connected {
		return client, err
	}
	if err != nil {
		if mode == v.account.TLS { // else that is tried next
			v.unconnected(err)
		}
		return nil, err
	}
	v.connected = true
	v.ok("connect", fmt.Sprintf("%s:%d greets", a.Host, a.Port))
	if took := v.Now().Sub(began); took > slow {
		v.info("connect", fmt.Sprintf("the greeting took %v", took.Round(time.Second/10)), "")
	}
	return client, nil
}

// slow is how long a greeting may take before that is worth knowing.
const slow = 5 * time.Second

// unconnected notes why there is no session.
func (v *visit) unconnected(err error) {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil {
		v.clock(invalid.Cert)
		return
	}
	v.failed("connect", err, "see whether host, port and tls are right, and whether something on the way blocks the port")
}

// clock notes a certificate whose time it is not: it or this machine's clock is
// wrong.
func (v *visit) clock(c *x509.Certificate) {
	now := v.Now()
	dates := fmt.Sprintf("for %s to %s, and here it is %s", day(c.NotBefore), day(c.NotAfter), day(now))
	if now.Before(c.NotBefore) {
		v.fail("certificate", dates+": not valid yet", "see whether this machine's clock is slow")
		return
	}
	v.fail("certificate", dates+": expired", "tell the server's operator; or this machine's clock is fast")
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// login logs in, and notes of the first session how it went.
func (v *visit) login(ctx context.Context, c *pop3.Client) (string, error) {
	used, err := v.Login(ctx, v.account, c, v.refused)
	if errors.As(err, new(*login.TokenRefusedError)) && !v.refused {
		v.refused = true
		return string(used), err
	}
	if v.entered {
		return string(used), err
	}
	v.entered = true
	if v.barred = err != nil; v.barred {
		v.failed("login", err, "")
		return "", err
	}
	v.ok("login", fmt.Sprintf("as %s by %s", v.account.User, used))
	return string(used), nil
}
