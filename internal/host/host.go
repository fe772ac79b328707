// Package host is the composition root: it puts together, from what the
// command line was told, the network, the local maildrop, TLS and the policy
// under which a run may use them.
package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// Options say where sessions may go. The zero value allows none.
type Options struct {
	Policy policy.Policy

	// Maildrop, if set, is local mail that every connection goes to, over
	// real POP3 and TLS on loopback, whatever host it names.
	Maildrop string

	// Served, if set, is where another process serves Maildrop, and Admit tells that process of each host name that its
	// certificate must be for.
	Served *Address
	Admit  func(host string) error

	// Accounts can be opened by their names, and the one named Default by "" too.
	Accounts []config.Account
	Default  string

	// Credential finds what an account logs in with. After a server refused a
	// token it is asked once more, with refused set, for another one.
	Credential func(ctx context.Context, name string, refused bool) (login.Credential, error)

	// CAFile, if set, has the PEM certificates that servers are verified
	// against, in place of the system's.
	CAFile string

	// Audit, if set, is told of every permission that a script asks for.
	Audit func(policy.Request)

	// Trace, if set, gets every line on the wire, secrets replaced.
	Trace io.Writer
}

// A Host connects scripts. Close it after the run.
type Host struct {
	options Options
	roots   *x509.CertPool // nil means the system's
	local   *local         // nil without a local maildrop
	served  *Local         // nil unless it is served here
}

// Open reads the CA file and serves the local maildrop.
func Open(o Options) (*Host, error) {
	h := &Host{options: o}
	if o.CAFile != "" {
		roots, err := readRoots(o.CAFile)
		if err != nil {
			return nil, err
		}
		h.roots = roots
	}
	var err error
	switch {
	case o.Served != nil:
		h.local, err = joinLocal(*o.Served, o.Admit)
	case o.Maildrop != "":
		h.served, err = ServeLocal(o.Maildrop)
		if err == nil {
			h.local, err = joinLocal(h.served.Address(), h.served.Admit)
		}
	}
	return h, err
}

// Close ends the local maildrop.
func (h *Host) Close() {
	if h.served != nil {
		h.served.Close()
	}
}

// Dial opens the session that a script asked for, if the policy allows its
// host, and reads the greeting.
func (h *Host) Dial(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error) {
	if h.local == nil {
		err := h.options.Policy.CheckNet(r.Host, r.Port)
		h.audit("net", r.Address(), err == nil)
		if err != nil {
			return nil, err
		}
	}
	plaintext := h.options.Policy.CheckPlaintext(r.Host, r.Port) == nil
	if !r.TLS {
		h.audit("plaintext", r.Address(), plaintext)
	}
	tls, err := h.TLSConfig(r.Context)
	if err != nil {
		return nil, err
	}
	o := h.sessionOptions(r.Host, h.options.Policy.Timeouts.ForScript(r.Timeout), r.Debug)
	o.TLSConfig, o.InsecureAllowPlaintext = tls, plaintext
	if h.local != nil {
		if o.Dialer, err = h.local.dialer(r.Host, r.TLS); err != nil {
			return nil, err
		}
	}
	mode := config.InsecurePlaintext // which the script may secure by stls
	if r.TLS {
		mode = config.Implicit
	}
	return connect(ctx, mode, r.Address(), o)
}

// sessionOptions are those that every session has.
func (h *Host) sessionOptions(host string, timeouts policy.Timeouts, debug func(pop3.TraceEvent)) *pop3.Options {
	return &pop3.Options{
		ConnectTimeout:   timeouts.Connect,
		HandshakeTimeout: timeouts.Connect,
		CommandTimeout:   timeouts.Command,
		ReadTimeout:      timeouts.Read,
		SessionTimeout:   timeouts.Run,
		Trace:            h.trace(host, debug),
		Dialer:           &direct{network: network("")},
	}
}

// connect opens a session with a host that is allowed. mode is how it gets TLS,
// one of those of config.
func connect(ctx context.Context, mode, address string, o *pop3.Options) (*pop3.Client, error) {
	dial := pop3.Dial
	switch mode {
	case config.Implicit:
		dial = pop3.DialTLS
	case config.StartTLS:
		dial = pop3.DialSTLS
	}
	client, err := dial(ctx, address, o)
	if err != nil {
		return nil, &DialError{Address: address, Err: err}
	}
	return client, nil
}

// A DialError is a connection that did not come about.
type DialError struct {
	Address string // "host:port"
	Err     error
}

// Error implements error.
func (e *DialError) Error() string {
	text := strings.TrimPrefix(e.Err.Error(), "pop3: ")
	return e.Address + ": " + strings.TrimPrefix(text, "connect: ")
}

// Unwrap returns the cause.
func (e *DialError) Unwrap() error { return e.Err }

// Hint says to a script what to do about the usual causes.
func (e *DialError) Hint() string {
	var hinted interface{ Hint() string }
	var record tls.RecordHeaderError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(e.Err, &hinted):
		return hinted.Hint()
	case errors.As(e.Err, &record):
		return "this port does not speak TLS: use pop3.POP3 and stls, or port 995"
	case errors.As(e.Err, &unknown):
		return "if you know who signed the certificate, name that CA with --ca-file FILE"
	case errors.As(e.Err, &name):
		return "connect by a name that is in the certificate"
	}
	return ""
}

func (h *Host) audit(permission, object string, granted bool) {
	if h.options.Audit != nil {
		h.options.Audit(policy.Request{Permission: permission, Object: object, Granted: granted})
	}
}

// trace joins the run's trace and the script's own debug output.
func (h *Host) trace(host string, debug func(pop3.TraceEvent)) func(pop3.TraceEvent) {
	w := h.options.Trace
	if w == nil {
		return debug
	}
	return func(e pop3.TraceEvent) {
		fmt.Fprintln(w, traceLine(visible(host), e))
		if debug != nil {
			debug(e)
		}
	}
}

// traceLine shows one event.
func traceLine(host string, e pop3.TraceEvent) string {
	switch {
	case e.Sent:
		return fmt.Sprintf("%s C: %s", host, visible(e.Line))
	case e.Line == "":
		return fmt.Sprintf("%s S: (%d octets of text)", host, e.Octets)
	}
	return fmt.Sprintf("%s S: %s", host, visible(e.Line))
}

// visible escapes what a terminal would act on.
func visible(line string) string {
	quoted := strconv.QuoteToASCII(line)
	return quoted[1 : len(quoted)-1]
}
