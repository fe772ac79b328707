package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// A rule file over an account on a real server: delivered, deleted, told.
func TestDovecotAccount(t *testing.T) {
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	_, plainPort := at(t, s.Addr())
	host, port := at(t, s.TLSAddr())
	dir := t.TempDir()
	script := filepath.Join(dir, "rules.lua")
	source := `return { name = "small", rule = rule.size("< 1M"), deliver = "archive", delete = true }`
	if err := os.WriteFile(script, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	account := func(name, scheme, port, password string, flags ...string) *running {
		args := append([]string{script, "-a", scheme + "://" + name + "@" + host + ":" + port, "--password-stdin", "--ca-file", s.CAFile,
			"--state-dir", filepath.Join(dir, "state"), "--target", "archive=maildir:" + filepath.Join(dir, "archive"), "-o", "json"}, flags...)
		return startWith(t, password+"\n", popherd(t), args...)
	}

	account("anna", "pops", port, "wrong").ends(77)
	r := account("anna", "pops", port, "secret", "-n")
	r.ends(0)
	if a := r.account(); a.Outcome != "planned" || a.Delete != len(messages) || !strings.HasPrefix(a.Account, "anna@") {
		t.Errorf("dry run: got %d of %s %s", a.Delete, a.Account, a.Outcome)
	}
	holds(t, s, u, messages)

	r = account("anna", "pops", port, "secret", "--allow-delete")
	r.ends(77) // every message of a large maildrop
	r.says("which is seldom meant")
	holds(t, s, u, messages)

	r = account("anna", "pop3", plainPort, "secret", "--allow-delete=all") // STLS
	r.ends(0)
	if a := r.account(); a.Outcome != "committed" || a.Delete != len(messages) || a.Deliver != len(messages) {
		t.Errorf("got %d deleted, %d delivered, %s", a.Delete, a.Deliver, a.Outcome)
	}
	holds(t, s, u, nil)
	files, err := filepath.Glob(filepath.Join(dir, "archive", "new", "*"))
	if err != nil || len(files) != len(messages) {
		t.Errorf("got %d files, %v, want %d", len(files), err, len(messages))
	}
}
