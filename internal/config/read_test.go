package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
)

// written returns the path of a new file.
func written(t *testing.T, text string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

const head = "[accounts.work]\nuser = 'anna'\nhost = 'pop.example.org'\n"

// A secret in a file that others can read is refused; one that a variable holds
// is not in the file.
func TestReadRefusesOpenSecrets(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	for _, tt := range []struct {
		text string
		mode fs.FileMode
		want string
	}{
		{head + "password = 'hunter2'\n", 0o600, ""},
		{head + "password = 'hunter2'\n", 0o400, ""},
		{head + "password = 'hunter2'\n", 0o640, ":4:1: accounts.work.password: is a secret in a file that others can read (mode 0640)"},
		{head + "password = 'hunter2'\n", 0o604, "(mode 0604)"},
		{head + "password = 'x${MAIL_PASSWORD}'\n", 0o644, "password: is a secret"},
		{head + "password = '${MAIL_PASSWORD}'\n", 0o644, ""},
		{head + "oauth = { provider = 'google', client_id = 'x', client_secret = 'hunter2' }\n", 0o644, "client_secret: is a secret"},
		{head, 0o644, ""},
		{head, 0o664, ""},
	} {
		path := written(t, tt.text, tt.mode)
		_, err := config.Read(path, options)
		if tt.want == "" {
			if err != nil {
				t.Errorf("mode %o: %v", tt.mode, err)
			}
			continue
		}
		var fault *config.Error
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(fault.Hint(), "chmod 600 "+path) || !strings.Contains(fault.Hint(), "password_command") {
			t.Errorf("mode %o: got %v, hint %v, want %s", tt.mode, err, fault.Hint(), tt.want)
		}
		if strings.Contains(told(err), "hunter2") {
			t.Errorf("the password is in %s", told(err))
		}
	}
}

// Whoever can change the file chooses commands, and where passwords go.
func TestReadRefusesWhatEverybodyCanChange(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	path := written(t, head, 0o646)
	_, err := config.Read(path, options)
	var fault *config.Error
	if !errors.As(err, &fault) || !strings.Contains(err.Error(), "can be changed by everybody") || fault.Hint() != "chmod 600 "+path {
		t.Errorf("got %v, hint %v", err, fault.Hint())
	}
}

func TestReadTellsWhyNot(t *testing.T) {
	if _, err := config.Read(filepath.Join(t.TempDir(), "none.toml"), options); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	dir := t.TempDir()
	if _, err := config.Read(dir, options); err == nil || !strings.Contains(err.Error(), dir+": is a folder") {
		t.Errorf("got %v", err)
	}
	large := written(t, strings.Repeat("# long\n", 700_000), 0o600)
	if _, err := config.Read(large, options); err == nil || !strings.Contains(err.Error(), "larger than 4 MiB") {
		t.Errorf("got %v", err)
	}
}

// Paths begin at the folder of the file, wherever popherd is run.
func TestReadRelativePaths(t *testing.T) {
	path := written(t, head+"ca_file = 'x/../ca.pem'\n", 0o600)
	c, err := config.Read(path, options)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Accounts[0].CAFile, filepath.Join(filepath.Dir(path), "ca.pem"); got != want || c.Path != path {
		t.Errorf("got %q of %q, want %q of %q", got, c.Path, want, path)
	}
}

// manyAccounts are as many as a file can have, nearly.
var manyAccounts = "[defaults]\nhost = 'h'\n[accounts]\n" + distinct("%s.user='u'\n", 4_900)

// What costs much must be refused soon: nothing here takes a second.
func TestHostileFiles(t *testing.T) {
	for name, text := range map[string]string{
		"nested lists":    "a = " + strings.Repeat("[", 500_000),
		"closed lists":    "a = " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000),
		"nested tables":   strings.Repeat("a = {", 100_000),
		"long key":        strings.Repeat("a.", 500_000) + "a = 1",
		"long header":     "[" + strings.Repeat("a.", 500_000) + "a]",
		"many keys":       "[defaults]\n" + distinct("%s = 1\n", 60_000),
		"many accounts":   distinct("[accounts.%s]\n", 40_000),
		"many lists":      strings.Repeat("[[a]]\n", 150_000),
		"many comments":   "[defaults]\n" + distinct("%s = 1 # x\n", 60_000),
		"long name":       "[accounts." + strings.Repeat("a", 1_000_000) + "]",
		"one long line":   "[accounts]\na = { " + distinct("%s = 1, ", 60_000) + "}",
		"many variables":  "[targets]\na = '" + strings.Repeat("${DOMAIN}", 100_000) + "'",
		"open variables":  "[targets]\na = '" + strings.Repeat("${", 500_000) + "'",
		"many job lists":  manyAccounts + "[jobs.a]\nscript = '@x'\nschedule = '@daily'\naccounts = [" + strings.Repeat("'*',", 200_000) + "]",
		"many job names":  manyAccounts + "[jobs.a]\nscript = '@x'\nschedule = '@daily'\naccounts = [" + strings.Repeat("'kzzz',", 100_000) + "]",
		"many jobs":       distinct("[jobs.%s]\n", 40_000),
		"long schedule":   "[jobs.a]\nschedule = '" + strings.Repeat("1,", 400_000) + "1 * * * *'",
		"long zone":       "[jobs.a]\nzone = '" + strings.Repeat("a/", 400_000) + "a'",
		"many long lists": "[policy]\nlib = [" + strings.Repeat("1,", 500_000) + "]",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := config.Parse("config.toml", []byte(text), options); err == nil {
				t.Error("it was taken")
			} else if len(told(err)) > 50_000 {
				t.Errorf("the error has %d octets", len(told(err)))
			}
		})
	}
}

// distinct is a format with n different words, one behind the other.
func distinct(format string, n int) string {
	var b strings.Builder
	for i := range n {
		word := []byte("k")
		for ; i > 0; i /= 26 {
			word = append(word, byte('a'+i%26))
		}
		b.WriteString(strings.Replace(format, "%s", string(word), 1))
	}
	return b.String()
}
