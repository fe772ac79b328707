package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/secret"
)

func (sh *shell) accountsSetPasswordCommand() *cobra.Command {
	var f secretFlags
	var inFile bool
	cmd := &cobra.Command{
		Use:   "set-password NAME",
		Short: "Keep an account's password in the keyring, or in a file",
		Long: `Ask for the password of an account and keep it in the system's keyring; where
there is none, or with --file, in a file of mode 0600 beside the configuration.

popherd looks for a password, in this order: --password-stdin or --password-fd;
$CREDENTIALS_DIRECTORY/popherd.NAME; $POPHERD_PASSWORD_NAME, in capitals, with _
for other characters than letters and digits (or password_env);
password_command; password; the keyring; secrets/NAME beside the configuration
(or password_file); netrc; and at last a person.`,
		Example: `  popherd accounts set-password work
  pass show mail/work | popherd accounts set-password work --file --password-stdin`,
		Args: one("account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return sh.setPassword(cmd.Context(), args[0], f, inFile)
		},
	}
	f.register(cmd.Flags())
	cmd.Flags().BoolVar(&inFile, "file", false, "keep it in a file of mode 0600, not in the keyring")
	return cmd
}

func (sh *shell) setPassword(ctx context.Context, name string, f secretFlags, inFile bool) error {
	a, err := sh.oneAccount(name)
	if err != nil {
		return err
	}
	if a.OAuth != nil {
		return &usageError{object: "account " + a.Name, reason: "it logs in with OAuth2, and has no password", hint: "popherd accounts login " + a.Name}
	}
	inKeyring, err := sh.keeps(a, inFile)
	if err != nil {
		return err
	}
	password, err := sh.newPassword(ctx, a, f)
	if err != nil {
		return err
	}
	if inKeyring {
		if err := sh.keyring().Set(secret.Service, a.Name, password); err != nil {
			return withStatus(exitUnavailable, fmt.Errorf("keyring: %w", err), "keep it in a file with --file")
		}
		return sh.say("the password of %s is in the keyring; popherd accounts test %s tries it", a.Name, a.Name)
	}
	path, err := sh.passwordFile(a)
	if err != nil {
		return err
	}
	if err := secret.WriteFile(path, password); err != nil {
		return withStatus(exitNoInput, err, "")
	}
	if err := sh.clearKeyring(a); err != nil {
		return err
	}
	return sh.say("the password of %s is in %s, which you alone can read; popherd accounts test %s tries it", a.Name, path, a.Name)
}

// keeps decides where an account's password is to be kept, so that it is found
// there: what the configuration says is the only place that is looked at, and
// the keyring comes before the file.
func (sh *shell) keeps(a config.Account, inFile bool) (inKeyring bool, err error) {
	s, object := a.Secret, "account "+a.Name
	refuse := func(reason, hint string) (bool, error) {
		return false, &usageError{object: object, reason: reason, hint: hint}
	}
	asked := s.Keyring != nil && *s.Keyring
	usable := (s.Keyring == nil || *s.Keyring) && sh.keyringFault() == nil
	switch {
	case s.Env != "" || len(s.Command) > 0 || s.Netrc != "" || !s.Literal.IsZero():
		return refuse("the configuration says where its password is", "change it there, or remove that key with popherd config edit")
	case s.File != "" && exists(s.File):
		return refuse(fmt.Sprintf("its password is in %s, which the configuration names and which is yours", s.File), "change it there, or remove it first")
	case s.File != "":
		return false, nil
	case asked && inFile:
		return refuse("the configuration has keyring = true, so that no file would be looked at", "leave --file out, or that key")
	case asked && !usable:
		return refuse("the configuration has keyring = true, and "+sh.keyringFault().Error(), "remove that key to keep it in a file")
	}
	return usable && !inFile, nil
}

// clearKeyring forgets what the keyring has of an account whose password is in a
// file now: it would be taken first.
func (sh *shell) clearKeyring(a config.Account) error {
	if a.Secret.Keyring != nil && !*a.Secret.Keyring || sh.keyringFault() != nil {
		return nil
	}
	if err := sh.keyring().Delete(secret.Service, a.Name); err != nil && !errors.Is(err, secret.ErrNotInKeyring) {
		return withStatus(exitUnavailable, fmt.Errorf("keyring: %w", err), "an older password may be there, which is taken first")
	}
	return nil
}

// exists reports whether there is something at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// newPassword reads a password that is to be kept: given, or typed.
func (sh *shell) newPassword(ctx context.Context, a config.Account, f secretFlags) (secret.Secret, error) {
	if given := sh.given(f); given != nil {
		return until(ctx, given)
	}
	password, err := sh.passwordPrompt(false, noInterrupt)(ctx, fmt.Sprintf("Password of %s at %s: ", a.User, a.Host))
	switch {
	case err != nil:
		return secret.Secret{}, err
	case password == "":
		return secret.Secret{}, &usageError{object: "account " + a.Name, reason: "nothing was typed, and nothing is kept", hint: "popherd accounts forget " + a.Name + " forgets a password"}
	}
	return secret.New(password), nil
}

// passwordFile is where an account's password is kept without a keyring.
func (sh *shell) passwordFile(a config.Account) (string, error) {
	if a.Secret.File != "" {
		return a.Secret.File, nil
	}
	return sh.defaultPasswordFile(a)
}

// defaultPasswordFile is where popherd keeps an account's password if the
// configuration names no file.
func (sh *shell) defaultPasswordFile(a config.Account) (string, error) {
	path, err := sh.knownConfigPath()
	if err != nil {
		return "", err
	}
	return secret.File(filepath.Dir(path), a.Name)
}

func (sh *shell) accountsForgetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "forget NAME",
		Short: "Forget an account's password and tokens, wherever popherd keeps them",
		Long: `Remove an account's password from the keyring and from the file of popherd
accounts set-password, and its tokens. The account stays in the configuration,
and what popherd remembers of its mail in the state (popherd state forget).`,
		Args: one("account"),
		RunE: func(cmd *cobra.Command, args []string) error { return sh.forgetSecrets(cmd.Context(), args[0]) },
	}
}

func (sh *shell) forgetSecrets(ctx context.Context, name string) error {
	a, err := sh.oneAccount(name)
	if err != nil {
		return err
	}
	var places []string
	if sh.keyringFault() == nil {
		err := sh.keyring().Delete(secret.Service, a.Name)
		switch {
		case err == nil:
			places = append(places, "the keyring")
		case !errors.Is(err, secret.ErrNotInKeyring):
			return withStatus(exitUnavailable, fmt.Errorf("keyring: %w", err), "")
		}
	}
	path, err := sh.defaultPasswordFile(a)
	if err != nil {
		return err
	}
	switch err := removeOwn(path, a.Secret.File); {
	case err == nil:
		places = append(places, path)
	case !errors.Is(err, fs.ErrNotExist):
		return withStatus(exitNoInput, err, "")
	}
	gone, err := sh.forgetTokens(ctx, a)
	if err != nil {
		return err
	}
	if a.Secret.File != "" {
		if err := sh.say("%s stays: the configuration names it, and it is yours", a.Secret.File); err != nil {
			return err
		}
	}
	return sh.sayForgotten(a, append(places, gone...))
}

// removeOwn removes a file of popherd's, unless the configuration names it.
func removeOwn(path, named string) error {
	if path == named {
		return fs.ErrNotExist
	}
	return os.Remove(path)
}

// sayForgotten says where something was forgotten.
func (sh *shell) sayForgotten(a config.Account, places []string) error {
	if len(places) == 0 {
		return sh.say("nothing was kept of %s", a.Name)
	}
	for _, place := range places {
		if err := sh.say("forgotten: what %s had of %s", place, a.Name); err != nil {
			return err
		}
	}
	return nil
}
