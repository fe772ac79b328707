package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/secret"
)

const (
	accountUsage    = "`ACCOUNT` of the configuration, all, a pattern such as \"work-*\", or pops://USER@HOST (pop3:// where TLS comes by STLS)"
	defaultParallel = 16
)

// secretFlags say where a secret was put on the command line.
type secretFlags struct {
	Stdin bool // its first line
	Fd    int  // of this descriptor, if it is not 0
}

func (f *secretFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.Stdin, "password-stdin", false, "read the account's password, or access token, from the first line of standard input")
	flags.IntVar(&f.Fd, "password-fd", 0, "likewise from file descriptor `N`, as in --password-fd 3 3<password.txt")
}

// check refuses what makes no sense together.
func (f *secretFlags) check() error {
	switch {
	case f.Stdin && f.Fd != 0:
		return &usageError{object: "--password-fd", reason: "there is --password-stdin, too", hint: "name one of them"}
	case f.Fd != 0 && f.Fd < 3:
		return &usageError{object: "--password-fd", reason: fmt.Sprintf("%d is no descriptor for a password", f.Fd), hint: "as in --password-fd 3 3<password.txt"}
	}
	return nil
}

// given reads the secret that was put on the command line, once; nil if none was.
func (sh *shell) given(f secretFlags) func() (secret.Secret, error) {
	if !f.Stdin && f.Fd == 0 {
		return nil
	}
	return sync.OnceValues(func() (secret.Secret, error) {
		if f.Stdin {
			return firstLine(sh.Stdin, "standard input", "popherd run ... --password-stdin <password.txt")
		}
		file := os.NewFile(uintptr(f.Fd), "")
		if file == nil {
			return secret.Secret{}, &usageError{object: "--password-fd", reason: fmt.Sprintf("there is no descriptor %d", f.Fd), hint: "as in --password-fd 3 3<password.txt"}
		}
		defer file.Close()
		return firstLine(file, fmt.Sprintf("descriptor %d", f.Fd), "popherd run ... --password-fd 3 3<password.txt")
	})
}

// until reads a secret, but no longer than ctx lasts: a stream on which nothing
// comes is left behind.
func until(ctx context.Context, given func() (secret.Secret, error)) (secret.Secret, error) {
	type answer struct {
		password secret.Secret
		err      error
	}
	came := make(chan answer, 1)
	go func() {
		password, err := given()
		came <- answer{password, err}
	}()
	select {
	case <-ctx.Done():
		return secret.Secret{}, context.Cause(ctx)
	case a := <-came:
		return a.password, a.err
	}
}

// maxPassword bounds the line of a password. POP3 has 255 octets for it, but
// access tokens are longer.
const maxPassword = 16 << 10

// firstLine reads a secret from the first line of a stream.
func firstLine(from io.Reader, name, example string) (secret.Secret, error) {
	line, err := bufio.NewReaderSize(from, maxPassword).ReadSlice('\n')
	line = bytes.TrimRight(line, "\r\n")
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return secret.Secret{}, withStatus(exitInput, fmt.Errorf("%s: its first line is longer than a password can be", name), "as in "+example)
	case err != nil && err != io.EOF:
		return secret.Secret{}, withStatus(exitNoInput, fmt.Errorf("%s: %s", name, pathReason(err)), "as in "+example)
	case len(line) == 0:
		return secret.Secret{}, withStatus(exitNoInput, fmt.Errorf("%s: it has no password", name), "as in "+example)
	}
	return secret.New(string(line)), nil
}

// credentials find what accounts log in with. ask asks a person; nil if there is
// none to ask.
func (sh *shell) credentials(f secretFlags, ask func(ctx context.Context, prompt string) (string, error)) (*host.Credentials, error) {
	c := &host.Credentials{
		Finder: &secret.Finder{
			Stdin:   sh.given(f),
			Getenv:  sh.Getenv,
			Home:    sh.Getenv("HOME"),
			Keyring: sh.keyring(),
			Now:     time.Now,
		},
	}
	path, err := sh.configPath()
	if err != nil {
		return nil, err
	}
	if path != "" {
		c.Finder.Dir = filepath.Dir(path)
	}
	if ask != nil {
		c.Finder.Prompt = func(ctx context.Context, prompt string) (secret.Secret, error) {
			password, err := ask(ctx, prompt)
			return secret.New(password), err
		}
	}
	if dir, err := sh.stateDir(""); err == nil {
		c.Store = oauth.Files(filepath.Join(dir, "tokens"))
	}
	return c, nil
}

// keyring is the system's, unless the environment says that there is none:
// tests and servers must not wait for one.
func (sh *shell) keyring() secret.Keyring {
	if sh.Keyring != nil {
		return sh.Keyring
	}
	return secret.SystemKeyring()
}

// forOne refuses one secret for several accounts.
func (f *secretFlags) forOne(accounts int) error {
	if accounts <= 1 || !f.Stdin && f.Fd == 0 {
		return nil
	}
	return &usageError{object: "--password-stdin", reason: fmt.Sprintf("one password is not for %d accounts", accounts), hint: "name one account, or keep their passwords where popherd finds them: popherd accounts set-password --help"}
}

// keyringFault is nil if the keyring can be used, else why not.
func (sh *shell) keyringFault() error { return secret.Usable(sh.keyring(), sh.Getenv) }
