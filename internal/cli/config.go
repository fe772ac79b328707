package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
)

func (sh *shell) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "The configuration: where it is, what it says, changing it",
		Long: `The configuration is a TOML file of accounts, targets and policy: what flags of
run would say. popherd init begins one. It is $POPHERD_CONFIG, else
$XDG_CONFIG_HOME/popherd/config.toml, else ~/.config/popherd/config.toml, unless
--config names another. Flags win over it; popherd config example has every key.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(sh.configPathCommand(), sh.configShowCommand(), sh.configEditCommand(), sh.configExampleCommand(), sh.configSchemaCommand())
	return cmd
}

func (sh *shell) configPathCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "path",
		Short: "Print where the configuration is, or would be",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			path, err := sh.knownConfigPath()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(output{sh.Stdout}, path)
			return err
		},
	}
}

// knownConfigPath is configPath, which must not be "".
func (sh *shell) knownConfigPath() (string, error) {
	path, err := sh.configPath()
	if err == nil && path == "" {
		err = &usageError{object: "--config", reason: "neither it nor XDG_CONFIG_HOME nor HOME says where the configuration is", hint: "as in --config /etc/popherd/config.toml"}
	}
	return path, err
}

func (sh *shell) configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of the configuration, for editors",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := output{sh.Stdout}.Write(config.Schema())
			return err
		},
	}
}

func (sh *shell) configExampleCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "example",
		Short: "Print a commented example, with every key",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := output{sh.Stdout}.Write(config.Template())
			return err
		},
	}
}

func (sh *shell) configShowCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show what the configuration says, defaults and all, without secrets",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			if err := tableOrJSON(format); err != nil {
				return err
			}
			c, err := sh.configuration()
			if err != nil {
				return err
			}
			return sh.showConfig(c, format)
		},
	}
	cmd.Flags().StringVarP(&format, "output", "o", "table", "`table|json`")
	return cmd
}

func (sh *shell) showConfig(c *config.Config, format string) error {
	var policy, targets []pair
	for _, s := range settings(c.Policy) {
		if len(s.values) > 0 {
			policy = append(policy, pair{strings.ReplaceAll(s.flag, "-", "_"), strings.Join(s.values, ", ")})
		}
	}
	for _, t := range c.Targets {
		targets = append(targets, pair{t.Name, t.Spec})
	}
	if format == "json" {
		accounts := map[string]map[string]any{}
		for _, a := range c.Accounts {
			accounts[a.Name] = mapOf(accountPairs(a)[1:]) // without the name
		}
		return sh.writeJSON(map[string]any{"path": c.Path, "accounts": accounts, "targets": mapOf(targets), "policy": mapOf(policy)})
	}
	if c.Path == "" {
		return sh.say("there is no configuration; popherd init begins one")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", clean(c.Path))
	for _, a := range c.Accounts {
		fmt.Fprintf(&b, "\naccount %s\n%s", clean(a.Name), linesOf(accountPairs(a)[1:], "  "))
	}
	if len(targets) > 0 {
		fmt.Fprintf(&b, "\ntargets\n%s", linesOf(targets, "  "))
	}
	if len(policy) > 0 {
		fmt.Fprintf(&b, "\npolicy\n%s", linesOf(policy, "  "))
	}
	_, err := io.WriteString(output{sh.Stdout}, b.String())
	return err
}
