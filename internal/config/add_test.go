package config_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
)

var anna = config.NewAccount{Name: "home.old", User: "anna@example.org", Host: "pop.example.org", Port: 110, TLS: config.StartTLS,
	PasswordCommand: []string{"pass", "show", `a"b\c${x}`}, Comments: []string{"Found by SRV.", "", "evil\n[targets]"}}

const annaTable = `# Found by SRV.
#
# evil [targets]
[accounts."home.old"]
user = "anna@example.org"
host = "pop.example.org"
port = 110
tls = "starttls"   # demanded
password_command = ["pass", "show", "a\"b\\c$${x}"]   # no shell; the first line is taken
`

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAddAccountToNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "config.toml")
	if err := config.AddAccount(path, anna); err != nil {
		t.Fatal(err)
	}
	if got, want := read(t, path), "# Configuration of popherd.\n\n"+annaTable; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		stat, err := os.Stat(name)
		if err != nil || stat.Mode() != want && runtime.GOOS != "windows" {
			t.Errorf("%s: got mode %v, %v, want %v", name, stat.Mode(), err, want)
		}
	}
	c, err := config.Read(path, options)
	if err != nil {
		t.Fatal(told(err))
	}
	if got := c.Accounts[0]; got.Name != "home.old" || got.Secret.Command[2] != `a"b\c${x}` {
		t.Errorf("got %+v", got)
	}
}

// What is in the file stays, octet for octet: comments, odd spaces, line ends,
// variables that are not set now.
func TestAddAccountKeepsTheFile(t *testing.T) {
	for _, before := range []string{
		head + "# the end",
		"  [ accounts . work ]\t\nuser='anna' # me\n\nhost = '${NOT_SET}'\nca_file = '~/x'\nfingerprint = '${NOT_SET}'\n\n\n",
		"[defaults]\nhost = '${NOT_SET}'\n" + "[accounts.work]\nuser = 'anna'\n",
		"\xef\xbb\xbf[accounts.work]\r\nuser = 'anna'\r\nhost = 'pop.example.org'\r\n",
		"",
	} {
		path := written(t, before, 0o640)
		if err := config.AddAccount(path, anna); err != nil {
			t.Errorf("%q: %v", before, told(err))
			continue
		}
		after := read(t, path)
		if !strings.HasPrefix(after, before) || !strings.HasSuffix(strings.ReplaceAll(after, "\r\n", "\n"), annaTable) {
			t.Errorf("got %q\nwant it to begin with %q", after, before)
		}
		if strings.Contains(before, "\r\n") && strings.Count(after, "\n") != strings.Count(after, "\r\n") {
			t.Errorf("line ends are mixed in %q", after)
		}
		if stat, err := os.Stat(path); err != nil || stat.Mode().Perm() != 0o640 && runtime.GOOS != "windows" {
			t.Errorf("got mode %v, %v, want 0640", stat.Mode(), err)
		}
		others, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(others) != 2 { // and its lock
			t.Errorf("got %v, %v beside it", others, err)
		}
	}
}

func TestAddAccountRefuses(t *testing.T) {
	with := func(change func(*config.NewAccount)) config.NewAccount {
		a := anna
		change(&a)
		return a
	}
	for _, tt := range []struct {
		before string
		a      config.NewAccount
		want   string
	}{
		{head, with(func(a *config.NewAccount) { a.Name = "work" }), "accounts.work: is there already"},
		{"", with(func(a *config.NewAccount) { a.Name = "all" }), `accounts.all: "all" means every account`},
		{"", with(func(a *config.NewAccount) { a.Name = "../x" }), "the name has other characters"},
		{"", with(func(a *config.NewAccount) { a.Name = "x]\n[y" }), "the name has other characters"},
		{"", with(func(a *config.NewAccount) { a.Host = "" }), "accounts.\"home.old\".host: is empty"},
		{"", with(func(a *config.NewAccount) { a.Port = -1 }), "-1 is not a number from 1 to 65535"},
		{"", with(func(a *config.NewAccount) { a.Fingerprint = "abc" }), "fingerprint"},
		{"accounts = { work = { user = 'a', host = 'b' } }\n", anna, "account home.old cannot be added: "},
		{"[accounts.work\n", anna, ":1:15: the ] at the end"},
	} {
		path := written(t, tt.before, 0o600)
		err := config.AddAccount(path, tt.a)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
		if got := read(t, path); got != tt.before {
			t.Errorf("%s: the file was changed to %q", tt.want, got)
		}
	}
}

// Who keeps the file elsewhere has a link to it, which stays one.
func TestAddAccountThroughLink(t *testing.T) {
	path := written(t, head, 0o600)
	link := filepath.Join(t.TempDir(), "config.toml")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if err := config.AddAccount(link, anna); err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Lstat(link); err != nil || stat.Mode()&os.ModeSymlink == 0 {
		t.Errorf("got %v, %v, want a link", stat.Mode(), err)
	}
	if got := read(t, path); got != head+"\n"+annaTable {
		t.Errorf("got %s", got)
	}
}

func TestAddAccountWithTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	for _, a := range []config.NewAccount{
		{Name: "a", User: "a", Host: "pop.gmail.com", Auth: "xoauth2", OAuthProvider: "google", OAuthClientID: "id"},
		{Name: "b", User: "b", Host: "pop.gmail.com", TokenCommand: []string{"oama", "access"}, CAFile: "ca.pem"},
		{Name: "c", User: "c", Host: "pop.example.org", PasswordFile: "~/pw", Fingerprint: strings.Repeat("ab", 32)},
	} {
		if err := config.AddAccount(path, a); err != nil {
			t.Fatal(told(err))
		}
	}
	c, err := config.Read(path, options)
	if err != nil {
		t.Fatal(told(err))
	}
	a, b, d := c.Accounts[0], c.Accounts[1], c.Accounts[2]
	if a.OAuth.Provider != "google" || a.OAuth.ClientID != "id" || len(b.OAuth.TokenCommand) != 2 || d.Secret.File != "/u/anna/pw" {
		t.Errorf("got %+v, %+v, %+v", a, b, d)
	}
}
