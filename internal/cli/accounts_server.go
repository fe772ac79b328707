package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/serverinfo"
	"github.com/popherd/popherd/pop3"
)

func (sh *shell) accountsServerinfoCommand() *cobra.Command {
	var f mailFlags
	var noLogin bool
	var format string
	cmd := &cobra.Command{
		Use:   "serverinfo ACCOUNT",
		Short: "Show what an account's server is like",
		Long: `Show the capabilities of a server before and after TLS and login, its
mechanisms, certificate and fingerprint; whether its unique-ids and TOP can be
relied on; and advice, for servers that are known. Nothing is retrieved whole and
nothing changes. With --no-login it is looked at from outside.`,
		Example: `  popherd accounts serverinfo work
  popherd accounts serverinfo pops://anna@pop.example.org --no-login -o json`,
		Args: one("account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := tableOrJSON(format); err != nil {
				return err
			}
			f.Accounts = args
			return sh.serverinfo(cmd.Context(), &f, noLogin, format)
		},
	}
	f.registerNetwork(cmd.Flags())
	cmd.Flags().BoolVar(&noLogin, "no-login", false, "look from outside, without a password")
	cmd.Flags().StringVarP(&format, "output", "o", "table", "`table|json`")
	return cmd
}

func (sh *shell) serverinfo(ctx context.Context, f *mailFlags, noLogin bool, format string) error {
	h, a, err := sh.hostFor(f)
	if err != nil {
		return err
	}
	defer h.Close()
	ctx, stop := f.within(ctx)
	defer stop()
	r, failed := serverinfo.Examine(ctx, examination(h, a, noLogin, sh))
	if format == "json" {
		err = sh.writeJSON(r)
	} else {
		_, err = io.WriteString(output{sh.Stdout}, serverText(r, listedAddress(a)))
	}
	if err != nil {
		return err
	}
	if opened := (*host.OpenError)(nil); errors.As(failed, &opened) {
		failed = opened // without what it was for
	}
	return f.late(ctx, lookFault(a.Name, failed))
}

// examination is how an account's server is looked at.
func examination(h *host.Host, a config.Account, noLogin bool, sh *shell) serverinfo.Options {
	o := serverinfo.Options{
		Host: a.Host,
		TLS:  a.TLS,
		Now:  sh.clock,
		Connect: func(ctx context.Context, mode string) (*pop3.Client, error) {
			if mode != a.TLS { // to see what is offered before STLS
				return h.Peek(ctx, a, nil)
			}
			return h.Connect(ctx, a, nil)
		},
	}
	if !noLogin {
		o.Login = func(ctx context.Context, c *pop3.Client) (string, error) {
			method, err := h.Login(ctx, c, a)
			return string(method), err
		}
	}
	return o
}

// listedAddress is where an account's server is, for people.
func listedAddress(a config.Account) string {
	if strings.Contains(a.Host, ":") {
		return fmt.Sprintf("[%s]:%d", a.Host, a.Port)
	}
	return fmt.Sprintf("%s:%d", a.Host, a.Port)
}

// serverText is what is known of a server, for people.
func serverText(r *serverinfo.Result, address string) string {
	var b strings.Builder
	pairs := []pair{{"server", address}, {"greeting", r.Greeting}, {"APOP timestamp", r.Timestamp}}
	if r.TLS != nil {
		pairs = append(pairs, pair{"TLS", r.TLS.Version + ", " + r.TLS.Cipher})
		if c := r.TLS.Certificate; c != nil {
			pairs = append(pairs, pair{"certificate", c.Subject}, pair{"for", strings.Join(c.Names, ", ")}, pair{"issued by", c.Issuer},
				pair{"until", fmt.Sprintf("%s (%d days)", c.NotAfter.Format("2006-01-02"), c.DaysLeft)}, pair{"fingerprint", c.Fingerprint})
		}
	}
	pairs = append(pairs, pair{"mechanisms", strings.Join(r.Mechanisms, " ")}, pair{"login", r.Method})
	if m := r.Maildrop; m != nil {
		pairs = append(pairs, pair{"maildrop", fmt.Sprintf("%s, %d octets", messages(m.Count), m.Octets)})
	}
	b.WriteString(linesOf(onlySet(pairs), ""))
	for _, c := range []struct {
		when string
		caps pop3.Capabilities
	}{{"before TLS", r.Capabilities.BeforeTLS}, {"before login", r.Capabilities.BeforeLogin}, {"after login", r.Capabilities.AfterLogin}} {
		if c.caps == nil {
			continue
		}
		fmt.Fprintf(&b, "\ncapabilities %s\n", c.when)
		for _, name := range slices.Sorted(maps.Keys(c.caps)) {
			fmt.Fprintf(&b, "  %s\n", clean(strings.Join(append([]string{name}, c.caps[name]...), " ")))
		}
	}
	if len(r.Findings) > 0 {
		b.WriteString("\n")
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%-8s %s: %s\n", f.Level, clean(f.Subject), clean(f.Text))
		if f.Advice != "" {
			fmt.Fprintf(&b, "         %s\n", clean(f.Advice))
		}
	}
	return b.String()
}
