package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/pop3"
)

func (sh *shell) accountsTestCommand() *cobra.Command {
	var f mailFlags
	var format string
	cmd := &cobra.Command{
		Use:   "test [ACCOUNT...]",
		Short: "Log in to accounts, and change nothing",
		Long: `Connect to each account, log in, ask how much mail there is, and say how that
went: without a name to all of the configuration. Nothing is retrieved and
nothing changes. popherd doctor looks closer.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tableOrJSON(format); err != nil {
				return err
			}
			return sh.testAccounts(cmd.Context(), &f, args, format)
		},
	}
	f.registerNetwork(cmd.Flags())
	cmd.Flags().StringVarP(&format, "output", "o", "table", "`table|json`")
	return cmd
}

// A probe is how the login to one account went.
type probe struct {
	Account  string  `json:"account"`
	OK       bool    `json:"ok"`
	Messages int     `json:"messages,omitempty"`
	Octets   int64   `json:"octets,omitempty"`
	TLS      string  `json:"tls,omitempty"`
	Login    string  `json:"login,omitempty"`
	Seconds  float64 `json:"seconds"`
	Error    string  `json:"error,omitempty"`
	Hint     string  `json:"hint,omitempty"`

	err error
}

func (sh *shell) testAccounts(ctx context.Context, f *mailFlags, names []string, format string) error {
	if err := f.check(); err != nil {
		return err
	}
	accounts, err := sh.accounts(names)
	if err != nil {
		return err
	}
	if len(accounts) == 0 {
		return sh.say("there are no accounts; popherd init sets one up")
	}
	if err := f.forOne(len(accounts)); err != nil {
		return err
	}
	accounts = givenBy(f.flags).over(accounts)
	h, err := sh.hostOver(ctx, f, accounts)
	if err != nil {
		return err
	}
	defer h.Close()
	probes := make([]probe, len(accounts))
	var writing sync.Mutex
	each(ctx, accounts, defaultParallel, func(ctx context.Context, i int) {
		probes[i] = probeAccount(ctx, h, accounts[i])
		if format == "table" {
			writing.Lock()
			defer writing.Unlock()
			sh.writeProbe(probes[i])
		}
	})
	if format == "json" {
		if err := sh.writeJSON(probes); err != nil {
			return err
		}
	}
	return probesError(probes)
}

// probeAccount logs in to an account, and out.
func probeAccount(ctx context.Context, h *host.Host, a config.Account) (p probe) {
	started := time.Now()
	p.Account = a.Name
	defer func() { p.Seconds = time.Since(started).Seconds() }()
	client, method, err := h.Open(ctx, a, nil)
	if err == nil {
		defer client.Close()
		p.Login = string(method)
		if state, secure := client.TLS(); secure {
			p.TLS = tls.VersionName(state.Version)
		}
		var listing pop3.DropListing
		listing, err = client.Stat(ctx)
		p.Messages, p.Octets = listing.Count, listing.Octets
	}
	if err == nil {
		_, err = client.Quit(ctx)
	}
	if p.OK = err == nil; !p.OK {
		p.err = lookFault(a.Name, err)
		p.Error, p.Hint = p.err.Error(), hintOf(p.err)
	}
	return p
}

// writeProbe says how one login went, as soon as that is known.
func (sh *shell) writeProbe(p probe) {
	if !p.OK {
		fmt.Fprintf(sh.Stdout, "failed  %s   %s\n", clean(p.Account), clean(p.Error))
		if p.Hint != "" {
			fmt.Fprintf(sh.Stdout, "        %s\n", clean(p.Hint))
		}
		return
	}
	secure := p.TLS
	if secure == "" {
		secure = "NO TLS"
	}
	io.WriteString(sh.Stdout, fmt.Sprintf("ok      %s   %s, %d octets; %s, %s\n", clean(p.Account), messages(p.Messages), p.Octets, secure, p.Login))
}

// probesError is that some failed, which was said of each.
func probesError(probes []probe) error {
	failed := &severalError{noun: "account", all: len(probes), status: exitSomeFailed}
	for _, p := range probes {
		if p.err != nil {
			failed.failed++
		}
	}
	switch {
	case failed.failed == 0:
		return nil
	case len(probes) == 1:
		return withStatus(exitStatus(probes[0].err), fmt.Errorf("account %q failed", probes[0].Account), "")
	case failed.failed == len(probes):
		failed.status = exitStatus(probes[0].err)
	}
	return failed
}
