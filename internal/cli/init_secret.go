package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/secret"
)

// A keeping is where a password is kept.
type keeping string

const (
	inKeyring keeping = "keyring"
	inFile    keeping = "file"
	byCommand keeping = "command"
	nowhere   keeping = "nowhere"
)

// tokenMethod reports whether a method logs in with an access token.
func tokenMethod(auth string) bool { return login.Method(auth).Needs() == login.NeedToken }

// secret settles what to log in with, and where that is kept.
func (s *setup) secret(ctx context.Context) error {
	if err := s.chooseOAuth(); err != nil {
		return err
	}
	switch {
	case s.account.OAuthProvider != "":
		return s.client()
	case login.Method(s.account.Auth).Needs() == login.NeedNothing:
		s.keep = nowhere
		return nil
	case s.dialog == nil:
		return s.keepUnasked(ctx)
	}
	return s.keepAsked(ctx)
}

// chooseOAuth settles whether the login is by OAuth2, where that is possible.
func (s *setup) chooseOAuth() error {
	a := &s.account
	switch {
	case tokenMethod(a.Auth) && a.OAuthProvider == "":
		return &usageError{object: "--auth", reason: a.Auth + " needs OAuth2, and nobody knows where the tokens of this server come from", hint: "add the account with popherd config edit: its oauth table says where, see popherd config schema"}
	case tokenMethod(a.Auth) || a.OAuthProvider == "":
		return nil
	case s.flags.ClientID != "":
		a.Auth = string(login.XOAUTH2)
		return nil
	case s.dialog == nil || s.flags.Auth != "":
		a.OAuthProvider = ""
		return nil
	}
	chosen, err := s.dialog.choose("How do you log in", []string{"with an app password", "with OAuth2, for which you need a client id of your own"}, 0)
	if chosen == 1 {
		a.Auth = string(login.XOAUTH2)
	} else {
		a.OAuthProvider = ""
	}
	return err
}

// client settles the application that tokens are asked for by. popherd has none
// of its own.
func (s *setup) client() (err error) {
	s.account.OAuthClientID = s.flags.ClientID
	s.keep = nowhere
	if s.flags.ClientID != "" {
		return nil
	}
	if s.dialog == nil {
		return &usageError{object: "--client-id", reason: "it is missing, and the login to this server is by OAuth2", hint: "register an application with " + s.account.OAuthProvider + ", and give its id"}
	}
	s.dialog.say("The login is by OAuth2. Register an application with %s, which gives you a client id;", clean(s.account.OAuthProvider))
	s.dialog.say("popherd accounts login then gets the tokens, in a browser.")
	s.account.OAuthClientID, err = s.dialog.ask("Client id", "", func(answer string) error {
		if answer == "" {
			return errors.New("without it there are no tokens; Ctrl-D stops here")
		}
		return nil
	})
	return err
}

// keepUnasked follows the flags.
func (s *setup) keepUnasked(ctx context.Context) (err error) {
	given := s.sh.given(s.flags.secretFlags)
	if given == nil { // it is where popherd finds it, or it is asked for each time
		s.keep = nowhere
		return nil
	}
	if s.password, err = until(ctx, given); err != nil {
		return err
	}
	if s.keep = keeping(s.flags.Keep); s.keep == "" {
		s.keep = inFile
	}
	return s.free(s.keep)
}

// keepAsked asks where the password is to be kept, and for the password.
func (s *setup) keepAsked(ctx context.Context) error {
	var ways []keeping
	var choices []string
	offer := func(way keeping, text string) {
		if s.free(way) == nil && (s.flags.Keep == "" || keeping(s.flags.Keep) == way) {
			ways, choices = append(ways, way), append(choices, text)
		}
	}
	if s.sh.keyringFault() == nil {
		offer(inKeyring, "in the keyring")
	}
	offer(inFile, "in a file that only you can read: "+s.file())
	switch {
	case s.flags.Stdin || s.flags.Fd != 0:
		offer(nowhere, "nowhere: popherd asks for it each time")
	case len(ways) == 0 && s.flags.Keep == "":
		s.dialog.say("%s is there already: a password of that name is kept, and nothing is overwritten.", clean(s.file()))
		offer(nowhere, "it is the right one, or popherd asks for it each time")
		offer(byCommand, "a command prints it, such as pass or secret-tool")
	default:
		offer(byCommand, "a command prints it, such as pass or secret-tool")
		offer(nowhere, "nowhere: popherd asks for it each time")
	}
	if len(ways) == 0 {
		return s.free(keeping(s.flags.Keep))
	}
	if len(ways) == 1 {
		s.keep = ways[0]
		return s.askPassword(ctx)
	}
	chosen, err := s.dialog.choose("Where is the password kept", choices, 0)
	if err != nil {
		return err
	}
	s.keep = ways[chosen]
	return s.askPassword(ctx)
}

// askPassword asks for the password, or the command that prints it.
func (s *setup) askPassword(ctx context.Context) (err error) {
	if s.keep == byCommand {
		_, err = s.dialog.ask("Command, such as pass show mail/work", "", func(answer string) error {
			argv, err := words(answer)
			if err == nil && len(argv) == 0 {
				err = errors.New("name the program and its arguments; there is no shell")
			}
			s.account.PasswordCommand = argv
			return err
		})
		return err
	}
	if given := s.sh.given(s.flags.secretFlags); given != nil && s.password.IsZero() {
		s.password, err = until(ctx, given)
		return err
	}
	s.password, err = s.dialog.password(fmt.Sprintf("Password of %s at %s (it is not shown): ", s.account.User, s.account.Host))
	return err
}

// file is where the account's password is looked for in a file.
func (s *setup) file() string {
	return filepath.Join(filepath.Dir(s.path), "secrets", s.account.Name)
}

// free refuses a place that has a password for that name already, or cannot
// have one.
func (s *setup) free(way keeping) error {
	taken := &usageError{object: "account " + s.account.Name, reason: "a password of that name is kept already, and nothing is overwritten", hint: "take another name; or remove it first"}
	switch way {
	case inFile:
		if _, err := os.Lstat(s.file()); err == nil {
			taken.reason = s.file() + " is there already, and nothing is overwritten"
			return taken
		}
	case inKeyring:
		if err := s.sh.keyringFault(); err != nil {
			return withStatus(exitUnavailable, fmt.Errorf("keyring: %w", err), "keep the password in a file, with --keep=file")
		}
		if _, err := s.sh.keyring().Get(secret.Service, s.account.Name); err == nil {
			taken.reason = "the keyring has a password of that name already, and nothing is overwritten"
			return taken
		}
	}
	return nil
}
