package host

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"

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

// An Account is a user on a server, reached over TLS in any case.
type Account struct {
	User string
	Host string
	Port int
	STLS bool // TLS is asked for in the session; else it is there from the start
}

// accountAdvice is how an account is named.
const accountAdvice = "as in -a pops://anna@pop.example.org"

// ParseAccount reads pops://USER@HOST[:PORT], or pop3:// for a server that has
// TLS by STLS alone. An @ in USER is written %40 or as it is.
func ParseAccount(text string) (Account, error) {
	refuse := func(reason string) (Account, error) {
		return Account{}, &AccountError{Name: text, Reason: reason, Advice: accountAdvice}
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
	a := Account{User: u.User.Username(), Host: u.Hostname(), Port: pop3.TLSPort, STLS: u.Scheme == "pop3"}
	if a.STLS {
		a.Port = pop3.Port
	}
	if u.Port() != "" {
		if a.Port, err = strconv.Atoi(u.Port()); err != nil || a.Port < 1 || a.Port > 65535 {
			return refuse("has no port from 1 to 65535")
		}
	}
	return a, nil
}

// localPassword opens any local maildrop, as every password does.
const localPassword = "local"

// Account connects to an account and logs in: the local maildrop, which goes by
// any name, or the one of Options.Account, which "" means.
func (h *Host) Account(ctx context.Context, name string, debug func(pop3.TraceEvent)) (run.Opened, error) {
	if h.local != nil {
		return h.localAccount(ctx, name, debug)
	}
	if h.options.Account == "" || name != "" && name != h.options.Account {
		reason := "there is no such account"
		if name == "" {
			reason = "there is no mail: neither a maildrop nor an account is named"
		}
		return run.Opened{}, &AccountError{Name: name, Reason: reason, Advice: "name local mail with --maildrop inbox.mbox, or a server's " + accountAdvice}
	}
	a, err := ParseAccount(h.options.Account)
	if err != nil {
		return run.Opened{}, err
	}
	client, err := h.connect(ctx, luabind.DialRequest{Host: a.Host, Port: a.Port, TLS: !a.STLS, Debug: debug}, a.STLS)
	if err != nil {
		return run.Opened{}, err
	}
	if err := h.login(ctx, client, a); err != nil {
		client.Close()
		return run.Opened{}, err
	}
	return run.Opened{Client: client, User: a.User, Host: a.Host, Port: a.Port}, nil
}

// login logs in, once there is TLS.
func (h *Host) login(ctx context.Context, client *pop3.Client, a Account) error {
	if h.options.Password == nil {
		return &AccountError{Name: h.options.Account, Reason: "there is nobody to ask for its password", Advice: "give it with --password-stdin"}
	}
	password, err := h.options.Password(fmt.Sprintf("Password of %s at %s: ", a.User, a.Host))
	if err != nil {
		return err
	}
	return client.Login(ctx, a.User, password)
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
