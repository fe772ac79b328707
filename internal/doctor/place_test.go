package doctor

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/state"
)

// look makes one check, and returns its findings, one in a line: level, check,
// text.
func look(t *testing.T, c Check) string {
	t.Helper()
	var b strings.Builder
	for _, f := range c.run(t.Context()).Findings {
		fmt.Fprintln(&b, f.Level, f.Check, f.Text)
	}
	return b.String()
}

func write(t *testing.T, path, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTargets(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "file"), "", 0o600)
	program := write(t, filepath.Join(dir, "program"), "#!/bin/sh\n", 0o700)
	listener, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	open := filepath.Join(dir, "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	for spec, want := range map[string]string{
		"maildir:" + dir:                             "ok maildir DIR can be written to\n",
		"maildir:" + dir + "/new":                    "info maildir DIR/new is not there yet; it is made when it is needed\n",
		"eml:" + dir + "/a/b":                        "error eml DIR/a/b is not there, nor the folder that it would be in\n",
		"eml:" + file:                                "error eml DIR/file is a file, not a folder\n",
		"eml:" + open:                                "ok eml DIR/open can be written to\nwarning eml DIR/open can be written to by everybody (mode 0777)\n",
		"mbox:" + file:                               "ok mbox DIR/file can be written to\n",
		"mbox:" + dir:                                "error mbox DIR is no file\n",
		"mbox:" + dir + "/new":                       "info mbox DIR/new is not there yet; it is made when it is needed\n",
		`pipe:["` + program + `","x"]`:               "ok command DIR/program is there; it is not run\n",
		`pipe:["` + file + `"]`:                      "error command DIR/file cannot be run\n",
		`pipe:["` + dir + `/none"]`:                  "error command DIR/none: no such file or directory\n",
		"lmtp:unix:" + dir + "/socket?rcpt=anna":     "ok socket DIR/socket is there; it is not contacted\n",
		"lmtp:unix:" + file + "?rcpt=anna":           "error socket DIR/file is no socket\n",
		"lmtp://127.0.0.1:24/?rcpt=anna":             "info server LMTP at 127.0.0.1:24 is not contacted\n",
		"smtps://mail.example.org/?rcpt=a@b.example": "info server SMTPS at mail.example.org:465 is not contacted\n",
		"smtp://mail.example.org/?rcpt=a@b.example&insecure-plain-text=yes": "warning server SMTP at mail.example.org:587 is not contacted; mail goes there without TLS\n",
		"ftp://mail.example.org": "error spec",
	} {
		got := strings.ReplaceAll(look(t, OfTarget(config.Target{Name: "x", Spec: spec})), dir, "DIR")
		if got != want && !(strings.HasPrefix(spec, "ftp") && strings.HasPrefix(got, want)) {
			t.Errorf("%s: got %q, want %q", spec, got, want)
		}
	}
}

// A folder that cannot be written to is found without trying.
func TestFolderThatIsReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	got := look(t, OfFolder("of backups", dir))
	if !strings.HasPrefix(got, "error folder "+dir+" cannot be written to\n") {
		t.Errorf("got %s", got)
	}
}

func TestState(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if got := look(t, OfState(dir)); !strings.HasPrefix(got, "info folder "+dir+" is not there yet") || !strings.Contains(got, "info database there is none yet") {
		t.Errorf("without a state: got\n%s", got)
	}
	store, err := state.Open(t.Context(), dir, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := look(t, OfState(dir)); !strings.Contains(got, "sound\n") { // while it is open
		t.Errorf("a sound state: got\n%s", got)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, state.FileName)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := look(t, OfState(dir)); !strings.Contains(got, "sound\n") {
		t.Errorf("a sound state: got\n%s", got)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(before) != string(after) {
		t.Errorf("the look has changed the database: %v", err)
	}
	for i := 4096; i < len(before); i++ {
		before[i] = 'x'
	}
	write(t, file, string(before), 0o644)
	got := look(t, OfState(dir))
	if !strings.Contains(got, "error database state "+file+": damaged") || !strings.Contains(got, "warning database") {
		t.Errorf("a damaged state that others can read: got\n%s", got)
	}
}

func TestConfiguration(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "config.toml"), "", 0o622)
	c := &config.Config{Path: path, Accounts: []config.Account{{Name: "work", User: "anna", Host: "pop.example.org", Port: 995}, {Name: "home", User: "anna", Host: "pop.example.net", Port: 995}}, Targets: make([]config.Target, 1)}
	twins := &config.Config{Path: path, Accounts: append(slices.Clone(c.Accounts), config.Account{Name: "again", User: "anna", Host: "POP.example.org", Port: 995})}
	file := "ok file DIR/config.toml (from --config): "
	modes := "warning modes DIR/config.toml can be changed by others (mode 0622)\n"
	var list []*config.Error
	for range 2 {
		list = append(list, &config.Error{Path: path, Line: 1, Column: 2, Key: "accounts.a.prot", Reason: "no such key"})
	}
	for _, test := range []struct {
		path string
		c    *config.Config
		err  error
		want string
	}{
		{path, c, nil, file + "2 accounts, 1 target\n" + modes},
		{path, twins, nil, file + "3 accounts, 0 targets\n" + modes + "warning accounts work, again are the same maildrop: anna at pop.example.org:995\n"},
		{path, &config.Config{Path: path}, nil, file + "0 accounts, 0 targets\n" + modes + "info accounts there is none\n"},
		{"", c, nil, "warning file nothing says where it is\n"},
		{path, &config.Config{}, nil, "info file DIR/config.toml (from --config) is not there\n"},
		{path, nil, errors.New("permission denied"), "error file permission denied\n"},
		{path, nil, &config.Errors{List: list, More: 3}, strings.Repeat("error file config DIR/config.toml:1:2: accounts.a.prot: no such key\n", 2) + "error file 3 more faults\n"},
	} {
		got := strings.ReplaceAll(look(t, OfConfiguration(test.path, "from --config", test.c, test.err)), dir, "DIR")
		if got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestMachine(t *testing.T) {
	broken := func() error { return errors.New("no keyring can be used") }
	h := Host{Version: "popherd 1", Now: time.Date(1999, 1, 2, 3, 4, 5, 0, time.UTC), Keyring: broken, Limits: "256M"}
	want := "ok version popherd 1\nwarning scripts run in this process, not in one of their own: 256M\n" +
		"info terminal there is none: passwords cannot be asked for\nerror clock 1999-01-02 03:04 UTC (UTC+00:00): that is long ago\n" +
		"info keyring no keyring can be used\n"
	if got := look(t, OfHost(h)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	h = Host{Version: "popherd 1", Now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.FixedZone("CET", 3600)), Keyring: func() error { return nil },
		Worker: true, Limits: "256M", Terminal: "xterm", Width: 80}
	want = "ok version popherd 1\nok scripts each in a process of its own: 256M\nok terminal xterm, 80 columns\n" +
		"ok clock 2030-01-02 03:04 CET (UTC+01:00)\nok keyring can be used\n"
	if got := look(t, OfHost(h)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	h.Keyring, h.Needed = broken, []string{"work"}
	if got := look(t, OfHost(h)); !strings.Contains(got, "warning keyring no keyring can be used, and work has its password there\n") {
		t.Errorf("got\n%s", got)
	}
}
