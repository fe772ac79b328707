package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/login/logintest"
)

// At every prompt for a password Ctrl-C and Ctrl-D are an interruption, and what
// is typed is never shown.
func TestPasswordPrompts(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	u := logintest.DefaultUser()
	account := "pops://" + u.Name + "@" + s.TLSAddr()
	script := filepath.Join(t.TempDir(), "script.lua")
	if err := os.WriteFile(script, []byte(`print(pop3.account():stat())`), 0o600); err != nil {
		t.Fatal(err)
	}
	asks := filepath.Join(t.TempDir(), "asks.lua")
	if err := os.WriteFile(asks, []byte(`print(#getpass.getpass("Password of yours: "))`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"stat", "-a", account, "--ca-file", s.CAFile, "--trace"}, "1"},
		{[]string{"run", script, "-a", account, "--ca-file", s.CAFile, "--trace"}, "25"},
		{[]string{"run", asks}, fmt.Sprint(len(u.Password))},
	} {
		for _, key := range []string{"\x03", "\x04", u.Password + "\r"} {
			p := sit(t)
			p.launches(test.args...)
			p.reads("Password of ")
			p.types(key)
			want := 130
			if len(key) > 1 {
				want = 0
			}
			p.ends(want)
			seen := p.transcript()
			if strings.Contains(seen, u.Password) || len(key) > 1 && !strings.Contains(seen, test.says) {
				t.Errorf("%v: the terminal shows %q", test.args, seen)
			}
		}
	}
}
