//go:build unix

package secret_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/secret"
)

// put writes a file of a mode, with folders of the user alone.
func put(t testing.TB, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

// ring is a keyring of a test's own.
type ring map[string]string

func (r ring) Get(service, name string) (secret.Secret, error) {
	if text, ok := r[service+"/"+name]; ok {
		return secret.New(text), nil
	}
	return secret.Secret{}, secret.ErrNotInKeyring
}

func (r ring) Set(service, name string, s secret.Secret) error {
	r[service+"/"+name] = s.Reveal()
	return nil
}

func (r ring) Delete(service, name string) error {
	delete(r, service+"/"+name)
	return nil
}

// variables are an environment.
func variables(pairs ...string) func(string) string {
	return func(name string) string {
		for _, pair := range pairs {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// printer is a command that prints its argument.
func printer(text string) []string { return []string{"printf", "%s\\nmore\\n", text} }

// TestOrder has a different secret in every source, and takes the first one
// away, again and again.
func TestOrder(t *testing.T) {
	dir := t.TempDir()
	credentials, home := filepath.Join(dir, "credentials"), filepath.Join(dir, "home")
	credential := put(t, filepath.Join(credentials, "popherd.work"), "credential\n", 0o400)
	file := put(t, filepath.Join(dir, "secrets", "work"), "file\r\nsecond\n", 0o600)
	netrc := put(t, filepath.Join(home, ".netrc"), "machine pop.example.org login ann password netrc\n", 0o600)
	f := &secret.Finder{
		Stdin:   func() (secret.Secret, error) { return secret.New("stdin"), nil },
		Getenv:  variables("CREDENTIALS_DIRECTORY="+credentials, "POPHERD_PASSWORD_WORK=environment"),
		Dir:     dir,
		Home:    home,
		Keyring: ring{"popherd/work": "keyring"},
		Prompt:  func(context.Context, string) (secret.Secret, error) { return secret.New("prompt"), nil },
	}
	w := secret.Wanted{Name: "work", User: "ann", Host: "POP.example.org", Sources: secret.Sources{Command: printer("command"), Literal: secret.New("literal")}}
	never := false
	for _, step := range []struct {
		text, source string
		remove       func()
	}{
		{"stdin", "standard input or descriptor", func() { f.Stdin = nil }},
		{"credential", fmt.Sprintf("credential %q", credential), func() { os.Remove(credential) }},
		{"environment", "environment POPHERD_PASSWORD_WORK", func() { f.Getenv = variables("CREDENTIALS_DIRECTORY=" + credentials) }},
		{"command", `command "printf"`, func() { w.Sources.Command = nil }},
		{"literal", "configuration", func() { w.Sources.Literal = secret.Secret{} }},
		{"keyring", "keyring", func() { w.Sources.Keyring = &never }},
		{"file", fmt.Sprintf("file %q", file), func() { os.Remove(file) }},
		{"netrc", fmt.Sprintf("netrc %q", netrc), func() { os.Remove(netrc) }},
		{"prompt", "prompt", func() { f.Prompt = nil }},
	} {
		found, err := f.Find(t.Context(), w)
		if err != nil || found.Secret.Reveal() != step.text || found.Source != step.source {
			t.Errorf("got %q of %s, %v; want %q of %s", found.Secret.Reveal(), found.Source, err, step.text, step.source)
		}
		step.remove()
	}
	_, err := f.Find(t.Context(), w)
	want := fmt.Sprintf("account work: no password: looked in credential %q, environment POPHERD_PASSWORD_WORK, file %q, netrc %q", credential, file, netrc)
	if notFound := (*secret.NotFoundError)(nil); !errors.As(err, &notFound) || err.Error() != want || len(notFound.Tried) != 4 {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if hint := hintOf(err); !strings.Contains(hint, "popherd accounts set-password work") || !strings.Contains(hint, "chmod 600") {
		t.Errorf("the hint is %q", hint)
	}
}

func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

func TestHasAsksNobody(t *testing.T) {
	f := &secret.Finder{Prompt: func(context.Context, string) (secret.Secret, error) {
		t.Error("a person was asked")
		return secret.Secret{}, nil
	}}
	w := secret.Wanted{Name: "work", User: "ann", Host: "pop.example.org"}
	if source, err := f.Has(t.Context(), w); source != "" || !errors.As(err, new(*secret.NotFoundError)) {
		t.Errorf("got %q, %v", source, err)
	}
	w.Sources.Command = printer("x")
	if source, err := f.Has(t.Context(), w); source != `command "printf"` || err != nil {
		t.Errorf("got %q, %v", source, err)
	}
}

// TestANamedSourceThatFailsEndsTheSearch: though the next one has a password.
func TestANamedSourceThatFailsEndsTheSearch(t *testing.T) {
	dir, always := t.TempDir(), true
	file := put(t, filepath.Join(dir, "bare"), "", 0o600)
	netrc := put(t, filepath.Join(dir, "netrc"), "machine pop.example.org login bob password x\n", 0o600)
	for name, test := range map[string]struct {
		sources secret.Sources
		want    string
		hint    string
	}{
		"environment": {secret.Sources{Env: "UNSET"}, "account work: environment UNSET: it is not set, or empty", ""},
		"command":     {secret.Sources{Command: []string{"false"}}, `account work: command "false": exit status 1`, "run that command yourself"},
		"no command":  {secret.Sources{Command: []string{"popherd-no-such-command"}}, `account work: command "popherd-no-such-command": it is not there: executable file not found in $PATH`, "whole path"},
		"literal":     {secret.Sources{Literal: secret.New("a\nb")}, "account work: configuration: it has a line break or a NUL in it", ""},
		"keyring":     {secret.Sources{Keyring: &always}, "account work: keyring: it is not in the keyring", "set-password work"},
		"no file":     {secret.Sources{File: filepath.Join(dir, "none")}, fmt.Sprintf("account work: file %q: no such file or directory", filepath.Join(dir, "none")), ""},
		"empty file":  {secret.Sources{File: file}, fmt.Sprintf("account work: file %q: it is empty", file), ""},
		"relative":    {secret.Sources{File: "pw"}, `account work: file "pw": its path is not absolute`, ""},
		"netrc":       {secret.Sources{Netrc: netrc}, fmt.Sprintf("account work: netrc %q: it has no machine pop.example.org with login ann and a password", netrc), ""},
		"no netrc":    {secret.Sources{Netrc: filepath.Join(dir, "none")}, fmt.Sprintf("account work: netrc %q: no such file or directory", filepath.Join(dir, "none")), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := &secret.Finder{Keyring: ring{}, Prompt: func(context.Context, string) (secret.Secret, error) {
				t.Error("a person was asked")
				return secret.New("x"), nil
			}}
			_, err := f.Find(t.Context(), secret.Wanted{Name: "work", User: "ann", Host: "pop.example.org", Sources: test.sources})
			if err == nil || err.Error() != test.want || !errors.As(err, new(*secret.Error)) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if hint := hintOf(err); !strings.Contains(hint, test.hint) || test.hint == "" && hint != "" {
				t.Errorf("the hint is %q, want %q in it", hint, test.hint)
			}
		})
	}
}

func TestAKeyringThatIsWantedMustBeThere(t *testing.T) {
	always := true
	w := secret.Wanted{Name: "work", Sources: secret.Sources{Keyring: &always}}
	if _, err := new(secret.Finder).Find(t.Context(), w); !errors.Is(err, secret.ErrNoKeyring) || hintOf(err) == "" {
		t.Errorf("got %v, want %v and a hint", err, secret.ErrNoKeyring)
	}
}

func TestTheZeroFinderTakesWhatIsNamed(t *testing.T) {
	w := secret.Wanted{Name: "work", Sources: secret.Sources{Literal: secret.New("x")}}
	if found, err := new(secret.Finder).Find(t.Context(), w); err != nil || found.Secret.Reveal() != "x" {
		t.Errorf("got %v, %v", found, err)
	}
	w.Sources = secret.Sources{}
	_, err := new(secret.Finder).Find(t.Context(), w)
	if want := "account work: no password: looked in environment POPHERD_PASSWORD_WORK"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	w = secret.Wanted{User: "ann", Host: "pop.example.org"}
	_, err = new(secret.Finder).Find(t.Context(), w)
	if want := "account ann@pop.example.org: there is nowhere to look for its password"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestNoNameLeavesItsFolder: not of the secrets, the credentials or the keyring.
func TestNoNameLeavesItsFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "config.toml"), "stolen\n", 0o600)
	put(t, filepath.Join(dir, "secrets", "sub", "x"), "stolen\n", 0o600)
	put(t, filepath.Join(dir, "popherd.", "x"), "stolen\n", 0o600)
	put(t, filepath.Join(dir, "secrets", "ann@example.org"), "stolen\n", 0o600)
	names := []string{
		"../config.toml", "..", ".", "...", "sub/x", "/x", "./sub/x", `..\config.toml`, "a b", "a\x00b", "a\n", "Work", "ü", "C:x",
		strings.Repeat("a", 65), "/../config.toml", "%2e%2e", "ann@example.org", "",
	}
	for _, name := range names {
		f := &secret.Finder{
			Dir: dir, Keyring: ring{"popherd/" + name: "stolen"},
			Getenv: func(variable string) string {
				if variable == "CREDENTIALS_DIRECTORY" {
					return dir
				}
				return "stolen"
			},
		}
		found, err := f.Find(t.Context(), secret.Wanted{Name: name})
		notFound := (*secret.NotFoundError)(nil)
		if !errors.As(err, &notFound) || len(notFound.Tried) > 0 {
			t.Errorf("account %q: got %q of %s, %v", name, found.Secret.Reveal(), found.Source, err)
		} else if strings.ContainsAny(err.Error(), "\x00\n") {
			t.Errorf("account %q: the error is %q", name, err)
		}
		if path, err := secret.File(dir, name); err == nil {
			t.Errorf("account %q has the file %q", name, path)
		}
	}
	if path, err := secret.File(dir, "a..b.-_9"); err != nil || path != filepath.Join(dir, "secrets", "a..b.-_9") {
		t.Errorf("got %q, %v", path, err)
	}
}

func TestAnAccountWithoutAName(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "secrets", "x"), "wrong\n", 0o600)
	var question string
	f := &secret.Finder{
		Getenv: variables("POPHERD_PASSWORD_=wrong", "CREDENTIALS_DIRECTORY="+dir), Dir: dir, Keyring: ring{"popherd/": "wrong"},
		Prompt: func(_ context.Context, prompt string) (secret.Secret, error) {
			question = prompt
			return secret.New("typed"), nil
		},
	}
	found, err := f.Find(t.Context(), secret.Wanted{User: "an\x1b[31mn", Host: "pop.example.org"})
	if err != nil || found.Secret.Reveal() != "typed" {
		t.Errorf("got %v, %v", found, err)
	}
	if want := "Password of an?[31mn at pop.example.org: "; question != want {
		t.Errorf("asked %q, want %q", question, want)
	}
}

func TestVariable(t *testing.T) {
	if got, want := secret.Variable("work-2.a_b"), "POPHERD_PASSWORD_WORK_2_A_B"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatNoPasswordIs(t *testing.T) {
	for text, want := range map[string]string{
		"pass word \n": "pass word ", " x\r\n": " x", "\u00fc": "\u00fc", "\n": "", "\r\n": "", "a\nb": "", "a\rb": "", "a\x00b": "",
		strings.Repeat("x", 1<<16+1): "",
	} {
		f := &secret.Finder{Getenv: variables("POPHERD_PASSWORD_WORK=" + text)}
		found, err := f.Find(t.Context(), secret.Wanted{Name: "work"})
		if got := found.Secret.Reveal(); got != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestAnEndedContextAsksNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := &secret.Finder{Getenv: func(string) string { t.Error("the environment was asked"); return "" }}
	if _, err := f.Find(ctx, secret.Wanted{Name: "work"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// Where nobody can be asked, the error is what it is without a Prompt: it says
// where was looked.
func TestNobodyToAsk(t *testing.T) {
	f := &secret.Finder{Prompt: func(context.Context, string) (secret.Secret, error) {
		return secret.Secret{}, fmt.Errorf("no terminal: %w", secret.ErrNobody)
	}}
	_, err := f.Find(t.Context(), secret.Wanted{Name: "work", User: "ann", Host: "pop.example.org"})
	want := "account work: no password: looked in environment POPHERD_PASSWORD_WORK"
	if notFound := (*secret.NotFoundError)(nil); !errors.As(err, &notFound) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if hint := hintOf(err); !strings.Contains(hint, "popherd accounts set-password work") {
		t.Errorf("the hint is %q", hint)
	}
}
