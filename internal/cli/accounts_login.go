package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/oauth"
)

func (sh *shell) accountsLoginCommand() *cobra.Command {
	var browser, device bool
	cmd := &cobra.Command{
		Use:   "login NAME",
		Short: "Log in with OAuth2, in a browser",
		Long: `Get the tokens of an account that logs in with OAuth2. By a code that you enter
in a browser on any machine, or with --browser by a browser on this one, where
the provider has no other way, as Google for mail. The tokens are kept in files
of mode 0600 in the state folder, and renewed by themselves.`,
		Example: `  popherd accounts login work
  popherd accounts login work --browser`,
		Args: one("account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if browser && device {
				return &usageError{object: "--device", reason: "there is --browser, too", hint: "give one of them"}
			}
			a, err := sh.oneAccount(args[0])
			if err != nil {
				return err
			}
			return sh.logIn(cmd.Context(), a, browser || !device && a.OAuth != nil && a.OAuth.Provider == "google")
		},
	}
	cmd.Flags().BoolVar(&browser, "browser", false, "by a browser on this machine (the default for Google)")
	cmd.Flags().BoolVar(&device, "device", false, "by a code, in a browser anywhere")
	return cmd
}

// logIn gets the tokens of an account.
func (sh *shell) logIn(ctx context.Context, a config.Account, browser bool) error {
	if a.OAuth != nil && len(a.OAuth.TokenCommand) > 0 {
		return &usageError{object: "account " + a.Name, reason: "its tokens come from token_command", hint: "popherd accounts test " + a.Name + " tries it"}
	}
	credentials, err := sh.credentials(secretFlags{}, nil)
	if err != nil {
		return err
	}
	tokens, err := credentials.Tokens(a)
	if err != nil {
		return &usageError{object: "account " + a.Name, reason: err.Error(), hint: "its password is kept by popherd accounts set-password " + a.Name}
	}
	if browser {
		err = tokens.Browser(ctx, a.Name, func(url string) {
			fmt.Fprintf(sh.Stderr, "Open this page in a browser on this machine, and log in as %s:\n\n  %s\n\nwaiting for it ...\n", clean(a.User), clean(url))
		})
	} else {
		err = tokens.Device(ctx, a.Name, func(url, code string, expires time.Time) {
			fmt.Fprintf(sh.Stderr, "Open %s in any browser, log in as %s, and enter this code:\n\n  %s\n\nwaiting for it, until %s ...\n", clean(url), clean(a.User), clean(code), expires.Local().Format("15:04"))
		})
	}
	if err != nil {
		return withStatus(exitRefused, err, hintOf(err))
	}
	return sh.say("logged in; popherd accounts test %s tries the account", a.Name)
}

// forgetTokens removes an account's tokens, also if it has none any more.
func (sh *shell) forgetTokens(ctx context.Context, a config.Account) (places []string, err error) {
	credentials, err := sh.credentials(secretFlags{}, nil)
	if err != nil || credentials.Store == nil || host.IsURL(a.Name) {
		return nil, err
	}
	if _, err := credentials.Store.Load(a.Name); errors.Is(err, oauth.ErrNoToken) {
		return nil, nil
	}
	tokens := oauth.Tokens{Store: credentials.Store}
	return []string{"the store of tokens"}, tokens.Forget(ctx, a.Name)
}
