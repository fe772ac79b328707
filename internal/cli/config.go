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
	var targets []pair
	for _, t := range c.Targets {
		targets = append(targets, pair{t.Name, t.Spec})
	}
	if format == "json" {
		accounts, jobs := map[string]any{}, map[string]any{}
		for _, a := range c.Accounts {
			accounts[a.Name] = mapOf(accountPairs(a)[1:]) // without the name
		}
		for _, j := range c.Jobs {
			jobs[j.Name] = mapOf(jobPairs(j))
		}
		return sh.writeJSON(map[string]any{
			"path": c.Path, "accounts": accounts, "targets": mapOf(targets), "policy": mapOf(policyPairs(c.Policy)),
			"jobs": jobs, "daemon": mapOf(daemonPairs(c.Daemon)),
		})
	}
	if c.Path == "" {
		return sh.say("there is no configuration; popherd init begins one")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", clean(c.Path))
	table := func(title string, pairs []pair) {
		if len(pairs) > 0 {
			fmt.Fprintf(&b, "\n%s\n%s", clean(title), linesOf(pairs, "  "))
		}
	}
	for _, a := range c.Accounts {
		table("account "+a.Name, accountPairs(a)[1:])
	}
	table("targets", targets)
	table("policy", policyPairs(c.Policy))
	for _, j := range c.Jobs {
		table("job "+j.Name, jobPairs(j))
	}
	if len(c.Jobs) > 0 {
		table("daemon", daemonPairs(c.Daemon))
	}
	_, err := io.WriteString(output{sh.Stdout}, b.String())
	return err
}
