package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// An AccountError is an account that cannot be had.
type AccountError struct {
	Name   string
	Reason string
	Advice string
}

// Error implements error.
func (e *AccountError) Error() string {
	if e.Name == "" {
		return "account: " + e.Reason
	}
	return fmt.Sprintf("account %q: %s", e.Name, e.Reason)
}

// Kind is "policy", under which scripts and exit statuses know it.
func (e *AccountError) Kind() string { return "policy" }

// Hint says what to do.
func (e *AccountError) Hint() string { return e.Advice }

// accountAdvice is how an account is named that no configuration knows.
const accountAdvice = "as in -a pops://anna@pop.example.org"

// IsURL reports whether text names an account by its server, and not by a name
// of the configuration.
func IsURL(text string) bool { return strings.Contains(text, "://") }

// ParseAccount reads pops://USER@HOST[:PORT], or pop3:// for a server that has
// TLS by STLS alone. An @ in USER is written %40 or as it is.
func ParseAccount(text string) (config.Account, error) {
	refuse := func(reason string) (config.Account, error) {
		return config.Account{}, &AccountError{Name: WithoutPassword(text), Reason: reason, Advice: accountAdvice}
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "pops" && u.Scheme != "pop3" {
		return refuse("is not pops://USER@HOST or pop3://USER@HOST")
	}
	if u.User.Username() == "" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		return refuse("names no user and host, or more than that")
	}
	if _, ok := u.User.Password(); ok {
		return refuse("has a password, which others could read; it is asked for, or read by --password-stdin")
	}
	a := config.Account{User: u.User.Username(), Host: strings.ToLower(u.Hostname()), Port: pop3.TLSPort, TLS: config.Implicit, Auth: "auto"}
	if u.Scheme == "pop3" {
		a.Port, a.TLS = pop3.Port, config.StartTLS
	}
	if u.Port() != "" {
		if a.Port, err = strconv.Atoi(u.Port()); err != nil || a.Port < 1 || a.Port > 65535 {
			return refuse("has no port from 1 to 65535")
		}
	}
	a.Name = text
	return a, nil
}

// WithoutPassword is a URL as it can be shown.
func WithoutPassword(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	at := strings.LastIndex(rest, "@")
	user, _, has := strings.Cut(rest[:max(at, 0)], ":")
	if !found || !has {
		return text
	}
	return scheme + "://" + user + ":***" + rest[at:]
}

// localPassword opens any local maildrop, as every password does.
const localPassword = "local"

// Account connects to an account and logs in: the local maildrop, which goes by
// any name, or one of Options.Accounts, of which "" is Options.Default.
func (h *Host) Account(ctx context.Context, name string, debug func(pop3.TraceEvent)) (run.Opened, error) {
	if h.local != nil {
		return h.localAccount(ctx, name, debug)
	}
	a, err := h.account(name)
	if err != nil {
		return run.Opened{}, err
	}
	client, _, err := h.Open(ctx, a, debug)
	if err != nil {
		return run.Opened{}, err
	}
	o := run.Opened{Client: client, User: a.User, Host: a.Host, Port: a.Port, ReadAhead: a.ReadAhead}
	if !IsURL(a.Name) {
		o.Name = a.Name
	}
	return o, nil
}

// account finds an account by its name.
func (h *Host) account(name string) (config.Account, error) {
	var names []string
	for _, a := range h.options.Accounts {
		names = append(names, a.Name)
	}
	e := &AccountError{Name: name, Reason: "there is no such account", Advice: "popherd accounts list shows those that there are"}
	wanted := name
	if name == "" {
		wanted = h.options.Default
	}
	i := slices.Index(names, wanted)
	similar := luabind.Suggest(name, names)
	switch {
	case wanted != "" && i >= 0:
		return h.options.Accounts[i], nil
	case name == "" && len(names) > 1:
		e.Reason, e.Advice = "there are several: "+strings.Join(names, ", "), "name one, or all, with -a"
	case name == "":
		e.Reason, e.Advice = "there is no mail: neither a maildrop nor an account is named", "name local mail with --maildrop inbox.mbox, or a server's "+accountAdvice+"; popherd init sets an account up"
	case h.options.Default != "":
		e.Reason, e.Advice = "this run is over "+h.options.Default+" alone", "without -a a script may open every account of the configuration"
	case similar != "":
		e.Advice = "did you mean " + similar + "?"
	case len(names) == 0:
		e.Reason, e.Advice = "there is no such account, nor any other", "popherd init sets one up"
	}
	return config.Account{}, e
}

// Open connects to an account and logs in. used is the method of the login.
func (h *Host) Open(ctx context.Context, a config.Account, debug func(pop3.TraceEvent)) (client *pop3.Client, used login.Method, err error) {
	// First the password: a server does not wait long for a person.
	credential, err := h.credential(ctx, a, false)
	if err != nil {
		return nil, "", err
	}
	client, used, err = h.attempt(ctx, a, debug, credential)
	if refused := (*login.TokenRefusedError)(nil); !errors.As(err, &refused) {
		return client, used, err
	}
	// It may have expired; a fresh one is tried once.
	fresh, failed := h.credential(ctx, a, true)
	switch {
	case failed != nil:
		return nil, used, failed
	case fresh == credential:
		return nil, used, err
	}
	return h.attempt(ctx, a, debug, fresh)
}

// attempt connects and logs in.
func (h *Host) attempt(ctx context.Context, a config.Account, debug func(pop3.TraceEvent), credential login.Credential) (*pop3.Client, login.Method, error) {
	client, err := h.Connect(ctx, a, debug)
	if err != nil {
		return nil, "", err
	}
	used, err := LogIn(ctx, client, a, credential)
	if err != nil {
		client.Close()
		return nil, used, err
	}
	return client, used, nil
}

// credential finds what an account logs in with, if it needs anything.
func (h *Host) credential(ctx context.Context, a config.Account, refused bool) (login.Credential, error) {
	switch {
	case login.Method(a.Auth).Needs() == login.NeedNothing:
		return login.Credential{User: a.User}, nil
	case h.options.Credential == nil:
		return login.Credential{}, &AccountError{Name: a.Name, Reason: "there is nobody to ask for its password", Advice: "give it with --password-stdin"}
	}
	return h.options.Credential(ctx, a.Name, refused)
}

// Login logs in on a session of Connect, and returns the method that was used. A
// refused token is not renewed.
func (h *Host) Login(ctx context.Context, client *pop3.Client, a config.Account) (login.Method, error) {
	credential, err := h.credential(ctx, a, false)
	if err != nil {
		return "", err
	}
	return LogIn(ctx, client, a, credential)
}

// LogIn logs in to an account on a session of Connect. Its error is an
// *OpenError, unless it was interrupted.
func LogIn(ctx context.Context, client *pop3.Client, a config.Account, credential login.Credential) (login.Method, error) {
	used, err := login.Login(ctx, client, login.Method(a.Auth), credential)
	return used, openError(a, authError(err))
}

// Connect opens a session with an account's server, as the account demands, and
// reads the greeting. Nobody is logged in.
func (h *Host) Connect(ctx context.Context, a config.Account, debug func(pop3.TraceEvent)) (*pop3.Client, error) {
	o, err := h.accountOptions(a, debug)
	if err != nil {
		return nil, err
	}
	if a.TLS == config.InsecurePlaintext {
		err := h.options.Policy.DeniesPlaintext(a.Host, a.Port)
		h.audit("plaintext", address(a), err == nil)
		if err != nil {
			return nil, err
		}
		o.InsecureAllowPlaintext = true
	}
	client, err := connect(ctx, a.TLS, address(a), o)
	return client, openError(a, err)
}

// Peek opens a session with an account's server without TLS, on which nothing
// can be sent but CAPA, STLS and QUIT.
func (h *Host) Peek(ctx context.Context, a config.Account, debug func(pop3.TraceEvent)) (*pop3.Client, error) {
	o, err := h.accountOptions(a, debug)
	if err != nil {
		return nil, err
	}
	client, err := connect(ctx, config.InsecurePlaintext, address(a), o)
	return client, openError(a, err)
}

// accountOptions are those of an account's sessions.
func (h *Host) accountOptions(a config.Account, debug func(pop3.TraceEvent)) (*pop3.Options, error) {
	err := h.options.Policy.DeniesNet(a.Host, a.Port)
	h.audit("net", address(a), err == nil)
	if err != nil {
		return nil, err
	}
	secure, err := h.accountTLS(a)
	if err != nil {
		return nil, err
	}
	timeouts := h.options.Policy.Timeouts.OrDefaults()
	if a.Timeouts.Connect > 0 {
		timeouts.Connect = a.Timeouts.Connect
	}
	if a.Timeouts.Command > 0 {
		timeouts.Command, timeouts.Read = a.Timeouts.Command, a.Timeouts.Command
	}
	o := h.sessionOptions(a.Host, timeouts, debug)
	o.TLSConfig, o.NoPipelining = secure, a.NoPipelining
	o.Dialer, err = route(a)
	return o, err
}

// address is "host:port" of an account.
func address(a config.Account) string { return net.JoinHostPort(a.Host, strconv.Itoa(a.Port)) }

// accountTLS is an account's own configuration of TLS.
func (h *Host) accountTLS(a config.Account) (*tls.Config, error) {
	c := luabind.TLSContext{CAFile: a.CAFile, CertFile: a.ClientCert, KeyFile: a.ClientKey, Fingerprint: a.Fingerprint}
	if a.MinTLS == "1.3" {
		c.MinVersion = tls.VersionTLS13
	}
	secure, err := c.Config(func(path string) ([]byte, error) { return accountFile(a, path) })
	if err != nil {
		return nil, accountFileError(a, err)
	}
	if secure.RootCAs == nil {
		secure.RootCAs = h.roots
	}
	secure.ServerName = a.ServerName
	if verify := secure.VerifyConnection; verify != nil {
		secure.VerifyConnection = func(state tls.ConnectionState) error {
			if err := verify(state); err != nil {
				return &FingerprintError{err}
			}
			return nil
		}
	}
	return secure, nil
}

// accountFile reads a file that an account names. That of its key must be for
// the user alone, as other secrets.
func accountFile(a config.Account, path string) ([]byte, error) {
	var key string
	switch path {
	case a.ClientKey:
		key = "client_key"
	case a.ClientCert:
		key = "client_cert"
	default:
		key = "ca_file"
	}
	private := key == "client_key" || key == "client_cert" && a.ClientKey == ""
	octets, err := readIf(path, func(mode fs.FileMode) error {
		if private && runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
			return &AccountError{Name: a.Name, Reason: fmt.Sprintf("%s %s: others than you can read the private key: its mode is %#o", key, path, mode.Perm()), Advice: fmt.Sprintf("chmod 600 %q", path)}
		}
		return nil
	})
	if err == nil || errors.As(err, new(*AccountError)) {
		return octets, err
	}
	return nil, &AccountFileError{Account: a.Name, Key: key, Path: path, Reason: cause(err).Error(), Err: err}
}

// accountFileError is what is wrong with a file of an account, in the words of
// the configuration.
func accountFileError(a config.Account, err error) error {
	var own *AccountFileError
	var refused *AccountError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &refused):
		return refused
	}
	e := &AccountFileError{Account: a.Name, Key: "client_cert", Path: a.ClientCert, Reason: err.Error()}
	if strings.HasPrefix(err.Error(), "cafile ") {
		e.Key, e.Path = "ca_file", a.CAFile
	}
	if reason := errors.Unwrap(err); reason != nil {
		e.Reason = reason.Error()
	}
	return e
}

func (h *Host) localAccount(ctx context.Context, name string, debug func(pop3.TraceEvent)) (run.Opened, error) {
	if name == "" {
		name = filepath.Base(h.options.Maildrop)
	}
	client, err := h.Dial(ctx, luabind.DialRequest{Host: "localhost", Port: pop3.TLSPort, TLS: true, Debug: debug})
	if err != nil {
		return run.Opened{}, err
	}
	if err := client.Login(ctx, "local", localPassword); err != nil {
		client.Close()
		return run.Opened{}, err
	}
	key, err := filepath.Abs(h.options.Maildrop)
	if err != nil {
		key = h.options.Maildrop
	}
	return run.Opened{Client: client, Name: name, Key: key, Host: "localhost", Port: pop3.TLSPort}, nil
}
