package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
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
	accounts = overridesOf(f.flags).over(accounts)
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	h, err := sh.hostOver(f, accounts, interrupt)
	if err != nil {
		return err
	}
	defer h.Close()
	ctx, stop := f.within(ctx)
	defer stop()
	probes := make([]probe, len(accounts))
	shown := sh.probeTable(accounts)
	each(ctx, accounts, defaultParallel, func(ctx context.Context, first int) {
		if twin(accounts, first) >= 0 {
			return
		}
		for i := range accounts { // one after the other, if they are the same maildrop: servers lock it
			if !sameMaildrop(accounts[i], accounts[first]) {
				continue
			}
			probes[i] = probeAccount(ctx, h, accounts[i])
			if format == "table" {
				shown.add(i, probes[i])
			}
		}
	})
	if format == "json" {
		if err := sh.writeJSON(probes); err != nil {
			return err
		}
	}
	return probesError(ctx, probes)
}

// A probeTable shows how logins went, in the order of the accounts: each as soon
// as it and those before it are known.
type probeTable struct {
	sh    *shell
	width int // of the names

	mu    sync.Mutex
	known map[int]probe
	next  int // to be shown
}

func (sh *shell) probeTable(accounts []config.Account) *probeTable {
	t := &probeTable{sh: sh, known: map[int]probe{}}
	for _, a := range accounts {
		t.width = max(t.width, text.StringWidth(clean(a.Name)))
	}
	return t
}

func (t *probeTable) add(i int, p probe) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[i] = p
	for {
		p, ok := t.known[t.next]
		if !ok {
			return
		}
		t.write(p)
		t.next++
	}
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
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			p.Hint = longerHint
		}
	}
	return p
}

// write says how one login went.
func (t *probeTable) write(p probe) {
	name := text.Pad(clean(p.Account), t.width, ' ')
	if p.OK {
		fmt.Fprintf(t.sh.Stdout, "ok      %s  %14s  %17s  %-7s  %s\n", name, messages(p.Messages), plural(int(p.Octets), "octet"), cmp.Or(p.TLS, "NO TLS"), p.Login)
		return
	}
	fmt.Fprintf(t.sh.Stdout, "failed  %s  %s\n", name, clean(strings.TrimPrefix(p.Error, "account "+p.Account+": ")))
	if p.Hint != "" {
		fmt.Fprintf(t.sh.Stdout, "        %s  %s\n", strings.Repeat(" ", t.width), clean(p.Hint))
	}
}

// probesError is that some failed, which was said of each.
func probesError(ctx context.Context, probes []probe) error {
	failed := &severalError{noun: "account", all: len(probes), status: exitSomeFailed}
	for _, p := range probes {
		if p.err != nil {
			failed.failed++
		}
	}
	switch {
	case failed.failed == 0:
		return nil
	case errors.Is(ctx.Err(), context.Canceled) && len(probes) == 1:
		return withStatus(exitInterrupted, errors.New("interrupted"), "")
	case errors.Is(ctx.Err(), context.Canceled):
		failed.status, failed.interrupted = exitInterrupted, true
	case len(probes) == 1:
		return withStatus(exitStatus(probes[0].err), fmt.Errorf("account %s: the login failed", probes[0].Account), "")
	case failed.failed == len(probes):
		failed.status = exitStatus(probes[0].err)
	}
	return failed
}
