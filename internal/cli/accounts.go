package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
)

func (sh *shell) accountsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "accounts",
		Short: "The accounts of the configuration: show, test, log in, keep passwords",
		Long: `The accounts of the configuration. popherd init sets one up, and popherd config
edit changes them. Passwords and tokens are never shown.`,
		Example: `  popherd accounts list
  popherd accounts test work home
  popherd accounts serverinfo pops://anna@pop.example.org
  popherd accounts set-password work`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(sh.accountsListCommand(), sh.accountsShowCommand(), sh.accountsTestCommand(), sh.accountsServerinfoCommand())
	cmd.AddCommand(sh.accountsLoginCommand(), sh.accountsSetPasswordCommand(), sh.accountsForgetCommand())
	return cmd
}

func (sh *shell) accountsListCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the accounts",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := tableOrJSON(format); err != nil {
				return err
			}
			accounts, err := sh.accounts(nil)
			if err != nil {
				return err
			}
			return sh.listAccounts(accounts, format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "table", "`table|json`")
	return cmd
}

// tableOrJSON refuses other formats.
func tableOrJSON(format string) error {
	if format == "table" || format == "json" {
		return nil
	}
	return &usageError{object: "--output", reason: fmt.Sprintf("there is no format %q", format), hint: "give table or json"}
}

// A listedAccount is an account as lists have it.
type listedAccount struct {
	Name string `json:"name"`
	User string `json:"user"`
	Host string `json:"host"`
	Port int    `json:"port"`
	TLS  string `json:"tls"`
	Auth string `json:"auth"`
}

func (sh *shell) listAccounts(accounts []config.Account, format string) error {
	listed := []listedAccount{}
	for _, a := range accounts {
		listed = append(listed, listedAccount{a.Name, a.User, a.Host, a.Port, a.TLS, a.Auth})
	}
	if format == "json" {
		return sh.writeJSON(listed)
	}
	if len(listed) == 0 {
		return sh.say("there are no accounts; popherd init sets one up")
	}
	rows := [][]string{{"NAME", "USER", "SERVER", "TLS", "LOGIN"}}
	for _, a := range listed {
		rows = append(rows, []string{a.Name, a.User, fmt.Sprintf("%s:%d", a.Host, a.Port), a.TLS, a.Auth})
	}
	return sh.writeColumns(rows)
}

// writeJSON writes a value for programs.
func (sh *shell) writeJSON(value any) error {
	encoder := newEncoder(output{sh.Stdout})
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// writeColumns writes rows, of which the first is a heading, one under the other.
func (sh *shell) writeColumns(rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = clean(row[i])
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], text.RuneWidthWithoutEscSequences(row[i]))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(text.Pad(cell, widths[i]+2, ' '))
		}
		shown := strings.TrimRight(line.String(), " ")
		if n == 0 && sh.colored(sh.Stdout) {
			shown = text.Bold.Sprint(shown)
		}
		b.WriteString(shown + "\n")
	}
	_, err := io.WriteString(output{sh.Stdout}, b.String())
	return err
}

func (sh *shell) accountsShowCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show all that is set for an account, defaults and all",
		Args:  one("account"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := tableOrJSON(format); err != nil {
				return err
			}
			a, err := sh.oneAccount(args[0])
			if err != nil {
				return err
			}
			return sh.writePairs(accountPairs(a), format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "table", "`table|json`")
	return cmd
}

// one demands one argument.
func one(noun string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return &usageError{object: cmd.CommandPath(), reason: "no " + noun + " is named", hint: "as in " + cmd.CommandPath() + " work"}
		}
		return &usageError{object: fmt.Sprintf("argument %q", args[1]), reason: "one " + noun + " at a time", hint: "see " + cmd.CommandPath() + " --help"}
	}
}

// accountNames are the names of accounts, in one line.
func accountNames(accounts []config.Account) string {
	names := make([]string, len(accounts))
	for i, a := range accounts {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}

// each runs f over accounts, as many at once as the limit, and returns when all
// have ended.
func each(ctx context.Context, accounts []config.Account, limit int, f func(ctx context.Context, i int)) {
	free, done := make(chan struct{}, limit), make(chan struct{})
	for i := range accounts {
		go func() {
			free <- struct{}{}
			f(ctx, i)
			<-free
			done <- struct{}{}
		}()
	}
	for range accounts {
		<-done
	}
}
