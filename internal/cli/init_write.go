package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/secret"
)

// write keeps the password, and adds the account to the configuration: both, or
// neither.
func (s *setup) write() error {
	undo, err := s.store()
	if err != nil {
		return err
	}
	s.account.Comments = append(s.account.Comments, s.whereabouts())
	s.account.Comments = slices.DeleteFunc(s.account.Comments, func(line string) bool { return line == "" })
	if err := config.AddAccount(s.path, s.account); err != nil {
		return s.fileFault(errors.Join(err, undo()))
	}
	return nil
}

// fileFault is a configuration that cannot be read or written; faults of what it
// says stay as they are.
func (s *setup) fileFault(err error) error {
	if err == nil || exitStatus(err) != exitInternal {
		return err
	}
	return withStatus(exitNoInput, err, "check the path; -c names another configuration")
}

// store keeps the password.
func (s *setup) store() (undo func() error, err error) {
	undo = func() error { return nil }
	if s.password.IsZero() || s.keep == nowhere {
		return undo, nil
	}
	if err := s.free(s.keep); err != nil {
		return nil, err
	}
	switch s.keep {
	case inKeyring:
		undo = func() error { return s.sh.keyring().Delete(secret.Service, s.account.Name) }
		err = s.sh.keyring().Set(secret.Service, s.account.Name, s.password)
	case inFile:
		undo = func() error { return os.Remove(s.file()) }
		if err := secret.WriteFile(s.file(), s.password); err != nil {
			return nil, withStatus(exitNoInput, fmt.Errorf("the password cannot be kept: %w", err), "choose another place, as in --keep=nowhere; -c names another configuration")
		}
	}
	if err != nil {
		return nil, withStatus(exitOutput, fmt.Errorf("the password cannot be kept: %w", err), "choose another place, as in --keep=file")
	}
	return undo, nil
}

// whereabouts says in the configuration where the password is.
func (s *setup) whereabouts() string {
	switch s.keep {
	case inKeyring:
		return "The password is in the keyring."
	case inFile:
		return "The password is in " + strings.TrimPrefix(s.file(), filepath.Dir(s.path)+"/") + " beside this file."
	case nowhere:
		if s.account.OAuthProvider != "" {
			return "Its tokens come from: popherd accounts login " + s.account.Name
		}
		if !s.password.IsZero() || s.dialog == nil {
			return "The password is kept nowhere; popherd asks for it."
		}
	}
	return ""
}
