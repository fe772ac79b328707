package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
)

// Without [daemon] there is a page on this machine alone.
func TestDaemonDefaults(t *testing.T) {
	got := parse(t, "").Daemon
	if got.DB != "" || got.Listen != "127.0.0.1:8025" || got.Workers != 8 || got.HistoryDays != 90 {
		t.Errorf("got %+v", got)
	}
}

func TestDaemonListen(t *testing.T) {
	const token = "\ntoken_env = 'POPHERD_TOKEN'"
	for _, text := range []string{
		"", "127.0.0.1:0", "127.9.9.9:80", "[::1]:8025", "localhost:8025", "[::ffff:127.0.0.1]:8025",
		"0.0.0.0:8025" + token, "[::]:8025" + token, "192.0.2.7:8025" + token, "mail.example.org:8025" + token, "[fe80::1%eth0]:8025" + token,
	} {
		listen, rest, _ := strings.Cut(text, "\n")
		if got := parse(t, "[daemon]\nlisten = '"+listen+"'\n"+rest).Daemon.Listen; got != listen {
			t.Errorf("got %q, want %q", got, listen)
		}
		_, err := config.Parse("config.toml", []byte("[daemon]\nlisten = '"+listen+"'\n"), options)
		if open := err != nil; open != (rest != "") {
			t.Errorf("%q without token: got %v", listen, err)
		}
	}
}

// A password is taken out of the URL, which people see, and put in where the
// database is opened.
func TestDaemonDatabase(t *testing.T) {
	for _, tt := range []struct{ db, shown, opened string }{
		{"", "", ""},
		{"jobs.db", "/etc/popherd/jobs.db", "/etc/popherd/jobs.db"},
		{"~/a=b.db", "/u/anna/a=b.db", "/u/anna/a=b.db"},
		{"postgres:///jobs", "postgres:///jobs", "postgres:///jobs"},
		{"postgres://localhost", "postgres://localhost", "postgres://localhost"},
		{"postgresql://anna@localhost/jobs", "postgresql://anna@localhost/jobs", "postgresql://anna@localhost/jobs"},
		{"postgres://anna@/jobs?host=/run/postgresql&port=5433", "postgres://anna@/jobs?host=/run/postgresql&port=5433", "postgres://anna@/jobs?host=/run/postgresql&port=5433"},
		{"postgres://anna:${MAIL_PASSWORD}@[::1]:5433/jobs", "postgres://anna@[::1]:5433/jobs", "postgres://anna:hunter2@[::1]:5433/jobs"},
		{"postgres://anna:p%40%2F@127.0.0.1/jobs", "postgres://anna@127.0.0.1/jobs", "postgres://anna:p%40%2F@127.0.0.1/jobs"},
		{"postgres://db.${DOMAIN}/jobs?sslmode=disable", "postgres://db.example.org/jobs?sslmode=disable", "postgres://db.example.org/jobs?sslmode=disable"},
		{"postgres://a.example.org:1,b.example.org:2/jobs?sslmode=require", "postgres://a.example.org:1,b.example.org:2/jobs?sslmode=require", "postgres://a.example.org:1,b.example.org:2/jobs?sslmode=require"},
	} {
		text := "[daemon]\n"
		if tt.db != "" {
			text += "db = '" + tt.db + "'\n"
		}
		d := parse(t, text).Daemon
		if got := d.Database().Reveal(); d.DB != tt.shown || got != tt.opened {
			t.Errorf("%s: got %q and %q, want %q and %q", tt.db, d.DB, got, tt.shown, tt.opened)
		}
	}
}

// A password and a token that stand in a file are refused if others can read it.
func TestDaemonSecretsInOpenFile(t *testing.T) {
	for _, tt := range []struct {
		line  string
		taken bool
	}{
		{"db = 'postgres://anna:hunter2@localhost/jobs'", false},
		{"db = 'postgres://anna:x${MAIL_PASSWORD}@localhost/jobs'", false},
		{"db = 'postgres://anna:${MAIL_PASSWORD}@localhost/jobs'", true},
		{"db = 'postgres://anna@localhost/jobs'", true},
		{"token = 'hunter2hunter2hunter2'", false},
		{"token = '${MAIL_PASSWORD}${MAIL_PASSWORD}${MAIL_PASSWORD}'", true},
		{"token_file = 'secrets/token'", true},
	} {
		for mode, want := range map[os.FileMode]bool{0o644: tt.taken, 0o600: true} {
			_, err := config.Read(written(t, "[daemon]\n"+tt.line+"\n", mode), options)
			if (err == nil) != want {
				t.Errorf("%s, mode %o: got %v", tt.line, mode, err)
			}
			if err != nil && (strings.Contains(told(err), "hunter2") || !strings.Contains(told(err), "chmod 600")) {
				t.Errorf("%s: got %s", tt.line, told(err))
			}
		}
	}
}

// A token is found when a daemon begins, and only there.
func TestDaemonToken(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	getenv := func(name string) string {
		return map[string]string{"TOKEN": "0123456789abcdef", "SHORT": "hunter2", "HOME": dir, "CREDENTIALS_DIRECTORY": dir}[name]
	}
	for _, tt := range []struct{ line, want, wrong string }{
		{"", "", ""},
		{"token = '0123456789abcdef-'", "0123456789abcdef-", ""},
		{"token_env = 'TOKEN'", "0123456789abcdef", ""},
		{"token_env = 'UNSET'", "", "daemon: token: environment UNSET: it is not set, or empty"},
		{"token_env = 'SHORT'", "", "config: daemon.token: is so short that it can be guessed"},
		{"token_file = '" + file("good", "fedcba9876543210\r\nx\n", 0o600) + "'", "fedcba9876543210", ""},
		{"token_file = '" + file("open", "fedcba9876543210\n", 0o644) + "'", "", "daemon: token: file "},
		{"token_file = '" + file("none", "\n", 0o600) + "'", "", "daemon: token: file "},
		{"token_file = '" + filepath.Join(dir, "missing") + "'", "", "daemon: token: file "},
	} {
		got, err := parse(t, "[daemon]\n"+tt.line+"\n").Daemon.FindToken(context.Background(), getenv)
		if got.Reveal() != tt.want || (err == nil) != (tt.wrong == "") || err != nil && !strings.HasPrefix(err.Error(), tt.wrong) {
			t.Errorf("%s: got %q, %v, want %q, %s", tt.line, got.Reveal(), err, tt.want, tt.wrong)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the token is in %v", err)
		}
	}
}
