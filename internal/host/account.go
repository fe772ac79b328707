package host

import (
	"context"
	"fmt"
	"path/filepath"

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

// localPassword opens any local maildrop, as every password does.
const localPassword = "local"

// Account connects to the account of that name, and logs in. The local maildrop
// is the one there is; it goes by any name.
func (h *Host) Account(ctx context.Context, name string, debug func(pop3.TraceEvent)) (run.Opened, error) {
	if h.local == nil {
		reason := "there is no such account"
		if name == "" {
			reason = "there is no mail: no maildrop is named"
		}
		return run.Opened{}, &AccountError{Name: name, Reason: reason, Advice: "name a maildrop with --maildrop, as in --maildrop inbox.mbox"}
	}
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
	return run.Opened{Client: client, Name: name, Host: "localhost", Port: pop3.TLSPort}, nil
}
