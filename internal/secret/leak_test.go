//go:build unix

package secret_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/popherd/popherd/internal/secret"
)

// shown is everything that may be made of a value on its way to a person, a
// log or a report.
func shown(value any) string {
	var text bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
		fmt.Fprintf(&text, verb+"\n", value)
	}
	octets, err := json.Marshal(value)
	fmt.Fprintf(&text, "%s %v\n", octets, err)
	slog.New(slog.NewJSONHandler(&text, nil)).Error("x", "value", value)
	slog.New(slog.NewTextHandler(&text, nil)).Error("x", "value", value)
	return text.String()
}

// noLeak: neither an error with all that it wraps nor its hint shows the secret.
func noLeak(t *testing.T, err error) {
	t.Helper()
	for wrapped := err; wrapped != nil; wrapped = errors.Unwrap(wrapped) {
		if text := shown(wrapped) + wrapped.Error(); leaks(text) {
			t.Errorf("the error shows it: %s", text)
		}
	}
	if hint := hintOf(err); leaks(hint) {
		t.Errorf("the hint shows it: %s", hint)
	}
}

// TestAPlantedSecretIsNowhereToBeSeen plants it in every source, in ways that
// work and in ways that fail, and searches everything that comes of it.
func TestAPlantedSecretIsNowhereToBeSeen(t *testing.T) {
	dir, always := t.TempDir(), true
	path := func(name, text string, mode os.FileMode) string { return put(t, filepath.Join(dir, name), text, mode) }
	path("credentials/popherd.work", planted+"\n", 0o400)
	path("open/popherd.work", planted+"\n", 0o444)
	path("broken/popherd.work", planted+"\x00\n", 0o400)
	path("secrets/work", planted+"\n", 0o600)
	path("loose/secrets/work", planted+"\n", 0o644)
	path("home/.netrc", "machine h login u password "+netrcQuoted+"\n", 0o600)
	path("loose/.netrc", "machine h login u password "+netrcQuoted+"\n", 0o644)
	stdin := func(s string, err error) func() (secret.Secret, error) {
		return func() (secret.Secret, error) { return secret.New(s), err }
	}
	prompt := func(s string, err error) func(context.Context, string) (secret.Secret, error) {
		return func(context.Context, string) (secret.Secret, error) { return secret.New(s), err }
	}
	script := func(script string) secret.Sources {
		return secret.Sources{Command: []string{"sh", "-c", script, "sh", planted}}
	}
	for name, test := range map[string]struct {
		f       *secret.Finder
		sources secret.Sources
		good    bool
	}{
		"stdin":                   {&secret.Finder{Stdin: stdin(planted, nil)}, secret.Sources{}, true},
		"stdin, two lines":        {&secret.Finder{Stdin: stdin(planted+"\nx", nil)}, secret.Sources{}, false},
		"stdin, error":            {&secret.Finder{Stdin: stdin(planted, os.ErrClosed)}, secret.Sources{}, false},
		"credential":              {&secret.Finder{Getenv: variables("CREDENTIALS_DIRECTORY=" + filepath.Join(dir, "credentials"))}, secret.Sources{}, true},
		"credential, open":        {&secret.Finder{Getenv: variables("CREDENTIALS_DIRECTORY=" + filepath.Join(dir, "open"))}, secret.Sources{}, false},
		"credential, NUL":         {&secret.Finder{Getenv: variables("CREDENTIALS_DIRECTORY=" + filepath.Join(dir, "broken"))}, secret.Sources{}, false},
		"environment":             {&secret.Finder{Getenv: variables("POPHERD_PASSWORD_WORK=" + planted)}, secret.Sources{}, true},
		"environment, named":      {&secret.Finder{Getenv: variables("PW=" + planted)}, secret.Sources{Env: "PW"}, true},
		"environment, two lines":  {&secret.Finder{Getenv: variables("PW=" + planted + "\nx")}, secret.Sources{Env: "PW"}, false},
		"command":                 {&secret.Finder{}, script(`echo "$1"`), true},
		"command, fails":          {&secret.Finder{}, script(`echo "$1"; exit 1`), false},
		"command, repeats it":     {&secret.Finder{}, script(`echo "$1"; echo "bad $1" >&2; exit 1`), false},
		"command, traces itself":  {&secret.Finder{}, script(`set -x; echo "$1"; false "$1"`), false},
		"command, second line":    {&secret.Finder{}, script(`echo; echo "$1"`), false},
		"command, NUL":            {&secret.Finder{}, script(`printf '%s\0\n' "$1"`), false},
		"command, endless":        {&secret.Finder{}, script(`yes "$1"`), false},
		"command, killed":         {&secret.Finder{}, script(`echo "$1"; echo "$1" >&2; kill -9 $$`), false},
		"command, not there":      {&secret.Finder{}, secret.Sources{Command: []string{"popherd-no-such-command", planted}}, false},
		"literal":                 {&secret.Finder{}, secret.Sources{Literal: secret.New(planted)}, true},
		"literal, two lines":      {&secret.Finder{}, secret.Sources{Literal: secret.New(planted + "\r" + planted)}, false},
		"keyring":                 {&secret.Finder{Keyring: ring{"popherd/work": planted}}, secret.Sources{}, true},
		"keyring, two lines":      {&secret.Finder{Keyring: ring{"popherd/work": planted + "\n\n"}}, secret.Sources{Keyring: &always}, false},
		"file":                    {&secret.Finder{Dir: dir}, secret.Sources{}, true},
		"file, loose":             {&secret.Finder{Dir: filepath.Join(dir, "loose")}, secret.Sources{}, false},
		"file, long":              {&secret.Finder{}, secret.Sources{File: path("long", strings.Repeat(planted, 500), 0o600)}, false},
		"file, NUL":               {&secret.Finder{}, secret.Sources{File: path("nul", planted+"\x00", 0o600)}, false},
		"file, empty first line":  {&secret.Finder{}, secret.Sources{File: path("second", "\n"+planted, 0o600)}, false},
		"netrc":                   {&secret.Finder{Home: filepath.Join(dir, "home")}, secret.Sources{}, true},
		"netrc, loose":            {&secret.Finder{Home: filepath.Join(dir, "loose")}, secret.Sources{}, false},
		"netrc, not quoted":       {&secret.Finder{}, secret.Sources{Netrc: path("n1", "machine h login u password x "+planted, 0o600)}, false},
		"netrc, of another":       {&secret.Finder{}, secret.Sources{Netrc: path("n2", "machine h login v password "+planted, 0o600)}, false},
		"netrc, login is secret":  {&secret.Finder{}, secret.Sources{Netrc: path("n3", "machine "+planted+" login "+planted, 0o600)}, false},
		"prompt":                  {&secret.Finder{Prompt: prompt(planted, nil)}, secret.Sources{}, true},
		"prompt, interrupted":     {&secret.Finder{Prompt: prompt(planted, context.Canceled)}, secret.Sources{}, false},
		"prompt, pasted with NUL": {&secret.Finder{Prompt: prompt(planted+"\x00", nil)}, secret.Sources{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := secret.Wanted{Name: "work", User: "u", Host: "h", Sources: test.sources}
			found, err := test.f.Find(t.Context(), w)
			switch {
			case test.good && (err != nil || found.Secret.Reveal() != planted):
				t.Fatalf("got %q, %v; want %q", found.Secret.Reveal(), err, planted)
			case !test.good && (err == nil || !found.Secret.IsZero()):
				t.Fatalf("got %q, %v; want an error", found.Secret.Reveal(), err)
			}
			noLeak(t, err)
			source, err := test.f.Has(t.Context(), w)
			noLeak(t, err)
			if text := shown(found) + found.Source + source; leaks(text) {
				t.Errorf("what was found shows it: %s", text)
			}
			// What was asked once is kept: nothing of that shows.
			w.Sources.Command = nil // whose arguments are the test's own
			for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%q"} {
				test.f.Getenv, test.f.Stdin, test.f.Prompt, test.f.Keyring = nil, nil, nil, nil
				if text := fmt.Sprintf(verb, test.f) + fmt.Sprintf(verb, w); leaks(text) {
					t.Errorf("the Finder shows it: %s", text)
				}
			}
		})
	}
}

// netrcQuoted is the planted secret as a netrc has it.
var netrcQuoted = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(planted) + `"`

// TestASecretThatCannotBeKeptIsNotShown either.
func TestASecretThatCannotBeKeptIsNotShown(t *testing.T) {
	keyring.MockInitWithError(errors.New("cannot keep " + planted))
	t.Cleanup(keyring.MockInit)
	k := secret.SystemKeyring()
	noLeak(t, k.Set(secret.Service, "work", secret.New(planted)))
	dir := t.TempDir()
	for path, text := range map[string]string{
		"work": planted, filepath.Join(dir, "a"): planted + "\n" + planted, filepath.Join(dir, "b"): strings.Repeat(planted, 1000),
		dir: planted, filepath.Join(put(t, filepath.Join(dir, "file"), "", 0o600), "c"): planted,
	} {
		err := secret.WriteFile(path, secret.New(text))
		if err == nil {
			t.Errorf("%s: it is kept", path)
		}
		noLeak(t, err)
	}
}
