package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/oauth"
)

// parse parses text that is right, as a file in /etc.
func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("/etc/popherd/config.toml", []byte(text), options)
	if err != nil {
		t.Fatal(told(err))
	}
	return c
}

func TestGood(t *testing.T) {
	files, err := filepath.Glob("testdata/good/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c := parse(t, string(text))
		for _, target := range c.Targets {
			if _, err := deliver.Parse(target.Spec); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		shown, err := json.MarshalIndent(c, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(shown), "hunter2") {
			t.Errorf("%s: the password is in %s", file, shown)
		}
		golden(t, strings.TrimSuffix(file, ".toml")+".golden", string(shown)+"\n")
	}
}

// What a file says of secrets, which JSON leaves out.
func TestSecrets(t *testing.T) {
	text, err := os.ReadFile("testdata/good/full.toml")
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, string(text))
	work, old, gmail, lan := c.Accounts[0], c.Accounts[1], c.Accounts[2], c.Accounts[3]
	if got, want := strings.Join(work.Secret.Command, "|"), "/u/anna/bin/pw|--for|work ${x}|"; got != want {
		t.Errorf("got command %q, want %q", got, want)
	}
	if old.Secret.Keyring == nil || *old.Secret.Keyring || work.Secret.Keyring != nil {
		t.Errorf("got keyrings %v, %v, want false, nil", old.Secret.Keyring, work.Secret.Keyring)
	}
	if got := gmail.OAuth.ClientSecret.Reveal(); got != "hunter2" {
		t.Errorf("got client secret %q", got)
	}
	if got := lan.Secret.Literal.Reveal(); got != "pa$$word" {
		t.Errorf("got password %q", got)
	}
	c = parse(t, "[accounts.x]\nuser = 'x'\nhost = 'x'\npassword_file = 'secrets/x'\n[accounts.y]\nuser = 'y'\nhost = 'y'\npassword_env = 'PW'\n[accounts.z]\nuser = 'z'\nhost = 'z'\nnetrc = '~/.netrc'")
	x, y, z := c.Accounts[0].Secret, c.Accounts[1].Secret, c.Accounts[2].Secret
	if x.File != "/etc/popherd/secrets/x" || y.Env != "PW" || z.Netrc != "/u/anna/.netrc" {
		t.Errorf("got %q, %q, %q", x.File, y.Env, z.Netrc)
	}
}

func TestDefaultsAreFilledIn(t *testing.T) {
	c := parse(t, "[accounts.work]\nuser = 'anna'\nhost = 'pop.example.org'\n")
	got := c.Accounts[0]
	if got.Port != 995 || got.TLS != config.Implicit || got.Auth != "auto" || got.AddressFamily != "any" || got.MinTLS != "1.2" || got.NoPipelining || got.ReadAhead || got.OAuth != nil {
		t.Errorf("got %+v", got)
	}
	c = parse(t, "[defaults]\ntls = 'starttls'\ncommand_timeout = '9s'\n[accounts.work]\nuser = 'anna'\nhost = 'pop.example.org'\n")
	if got := c.Accounts[0]; got.Port != 110 || got.TLS != config.StartTLS || got.Timeouts.Command != 9*time.Second {
		t.Errorf("got %+v", got)
	}
}

// All methods and presets that there are can be written.
func TestMethodsAndProviders(t *testing.T) {
	for _, m := range login.Methods() {
		text := "[accounts.x]\nuser = 'x'\nhost = 'x'\nclient_cert = 'x'\nauth = '" + string(m) + "'\n"
		if m.Needs() == login.NeedToken {
			text += "oauth = { token_command = ['x'] }\n"
		}
		if got := parse(t, text).Accounts[0].Auth; got != string(m) {
			t.Errorf("got %q, want %q", got, m)
		}
	}
	for _, name := range []string{"google", "microsoft"} {
		o := parse(t, "[accounts.x]\nuser = 'x'\nhost = 'x'\noauth = { provider = '"+name+"', client_id = 'x' }\n").Accounts[0].OAuth
		if _, known := oauth.Preset(o.Provider); !known {
			t.Errorf("%s is no preset", name)
		}
	}
}

func TestFind(t *testing.T) {
	for _, tt := range []struct {
		env        map[string]string
		goos, want string
	}{
		{map[string]string{"POPHERD_CONFIG": "x.toml", "XDG_CONFIG_HOME": "/x", "HOME": "/u/anna"}, "linux", "x.toml"},
		{map[string]string{"XDG_CONFIG_HOME": "/x", "HOME": "/u/anna"}, "linux", "/x/popherd/config.toml"},
		{map[string]string{"XDG_CONFIG_HOME": "x", "HOME": "/u/anna"}, "linux", "/u/anna/.config/popherd/config.toml"},
		{map[string]string{"AppData": "/roaming", "HOME": "/u/anna"}, "windows", "/roaming/popherd/config.toml"},
		{map[string]string{"AppData": "/roaming", "HOME": "/u/anna"}, "linux", "/u/anna/.config/popherd/config.toml"},
		{nil, "linux", ""},
	} {
		if got := config.Find(func(name string) string { return tt.env[name] }, tt.goos); got != tt.want {
			t.Errorf("%v on %s: got %q, want %q", tt.env, tt.goos, got, tt.want)
		}
	}
}
