package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/tally"
	"github.com/popherd/popherd/pop3"
)

func (sh *shell) statCommand() *cobra.Command {
	var f mailFlags
	var format string
	cmd := &cobra.Command{
		Use:   "stat",
		Short: "Show how many messages there are, and what the server can do",
		Long: `Show how many messages a maildrop has and how large they are together; the
oldest, the newest and the largest; and the capabilities that the server lists.
It reads listings and three headers at most, and changes nothing.

Oldest and newest are the first and the last message of the listing: servers
number messages as they arrive.`,
		Example: `  popherd stat -a work
  popherd stat --maildrop inbox.mbox -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := noWords(cmd, args); err != nil {
				return err
			}
			if err := oneOf("--output", format, "table", "json"); err != nil {
				return err
			}
			return sh.look(cmd.Context(), &f, true, func(ctx context.Context, m *mail) error {
				s, err := m.stat(ctx)
				if err != nil {
					return err
				}
				return sh.writeStat(s, format)
			})
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().StringVarP(&format, "output", "o", "table", "as `table|json`")
	return cmd
}

// A maildropStat is a maildrop at a glance.
type maildropStat struct {
	Account      string            `json:"account"`
	Messages     int               `json:"messages"`
	Octets       int64             `json:"octets"`
	Oldest       *listed           `json:"oldest,omitempty"`
	Newest       *listed           `json:"newest,omitempty"`
	Largest      *listed           `json:"largest,omitempty"`
	Capabilities pop3.Capabilities `json:"capabilities"` // null if the server lists none
}

func (m *mail) stat(ctx context.Context) (*maildropStat, error) {
	drop, err := m.Client.Stat(ctx)
	if err != nil {
		return nil, err
	}
	l, err := m.listing(ctx)
	if err != nil {
		return nil, err
	}
	s := &maildropStat{Account: m.Name, Messages: drop.Count, Octets: drop.Octets, Capabilities: l.capabilities}
	if len(l.messages) == 0 {
		return s, nil
	}
	oldest, newest := l.messages[0], l.messages[len(l.messages)-1]
	largest := slices.MaxFunc(l.messages, func(a, b pop3.ScanListing) int { return cmp.Compare(a.Octets, b.Octets) })
	wanted := []pop3.ScanListing{oldest, newest, largest} // often not three
	slices.SortFunc(wanted, func(a, b pop3.ScanListing) int { return cmp.Compare(a.Number, b.Number) })
	for message, err := range tally.Headers(ctx, m.Client, slices.Compact(wanted)) {
		if err != nil {
			return nil, err
		}
		described := l.describe(message)
		for _, place := range []struct {
			of    pop3.ScanListing
			shown **listed
		}{{oldest, &s.Oldest}, {newest, &s.Newest}, {largest, &s.Largest}} {
			if place.of == message.ScanListing {
				*place.shown = &described
			}
		}
	}
	return s, nil
}

func (sh *shell) writeStat(s *maildropStat, format string) error {
	out := output{sh.Stdout}
	if format == "json" {
		return sh.writeJSON(s)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "account %s   %s, %d octets\n", clean(s.Account), messages(s.Messages), s.Octets)
	t := listedTable{width: sh.columns()}
	if t.width > 0 {
		t.width = max(t.width-len("oldest   "), 1)
	}
	rows := []*listed{s.Oldest, s.Newest, s.Largest}
	for _, m := range rows {
		if m != nil {
			t.number = max(t.number, len(fmt.Sprint(m.Number)))
			t.size = max(t.size, len(fmt.Sprint(m.Octets)))
		}
	}
	for i, name := range []string{"oldest", "newest", "largest"} {
		if rows[i] != nil {
			fmt.Fprintf(&b, "%-7s  %s", name, t.line(*rows[i]))
		}
	}
	b.WriteString(capabilityLine(s.Capabilities) + "\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// capabilityLine is what a server can do, in alphabetical order.
func capabilityLine(capabilities pop3.Capabilities) string {
	if len(capabilities) == 0 {
		return "the server lists no capabilities"
	}
	var all []string
	for name, arguments := range capabilities {
		all = append(all, clean(strings.Join(append([]string{name}, arguments...), " ")))
	}
	slices.Sort(all)
	return "capabilities: " + strings.Join(all, ", ")
}
