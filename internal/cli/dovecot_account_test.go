package cli_test

import (
	"crypto/sha256"
	"os"
	"os/exec"
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

	r = account("anna", "pop3", plainPort, "secret", "--allow-delete=all", "--backup", filepath.Join(dir, "backup")) // STLS
	r.ends(0)
	if a := r.account(); a.Outcome != "committed" || a.Delete != len(messages) || a.Deliver != len(messages) {
		t.Errorf("got %d deleted, %d delivered, %s", a.Delete, a.Deliver, a.Outcome)
	}
	holds(t, s, u, nil)
	sameMail(t, "the archive", filepath.Join(dir, "archive", "new"), messages)

	// Everything can be brought back from the backup.
	restored := filepath.Join(dir, "restored")
	restore := exec.Command(popherd(t), "restore", "3", "--state-dir", filepath.Join(dir, "state"), "--to", "maildir:"+restored)
	if out, err := restore.CombinedOutput(); err != nil {
		t.Errorf("restore: %v\n%s", err, out)
	}
	sameMail(t, "what was restored", filepath.Join(restored, "new"), messages)
}

// sameMail checks that a folder has the messages, octet for octet, and no more.
func sameMail(t *testing.T, what, dir string, messages [][]byte) {
	t.Helper()
	want := map[[sha256.Size]byte]int{}
	for _, octets := range messages {
		want[sha256.Sum256(sent(octets))]++
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	strange := 0
	for _, f := range files {
		octets, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(octets)
		if want[sum]--; want[sum] < 0 {
			strange++
		}
	}
	if len(files) != len(messages) || strange > 0 {
		t.Errorf("%s: got %d messages, %d of them others, want %d", what, len(files), strange, len(messages))
	}
}
