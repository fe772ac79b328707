package cli_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/run"
)

// Twenty accounts at once, of which one hangs and one is refused: the others
// are done as soon as they would be without those two, and the two say why.
func TestDovecotTwentyAccounts(t *testing.T) {
	s := dovecottest.Start(t, dovecottest.Options{})
	dir := t.TempDir()
	script := filepath.Join(dir, "rules.lua")
	must(t, os.WriteFile(script, []byte(`return { name = "all", rule = rule.always(), delete = true }`), 0o600))
	configs := twentyAccounts(t, s, dir)
	messages := mail()[:10]
	var users []*dovecottest.User
	for i := range 18 {
		users = append(users, s.AddUser(fmt.Sprintf("user%d", i), "secret"))
	}
	var spans []time.Duration
	for _, test := range []struct {
		config string
		status int
	}{{configs[0], 0}, {configs[1], 3}} {
		for _, u := range users {
			for _, m := range messages {
				u.Deliver(m)
			}
		}
		states := filepath.Join(dir, filepath.Base(test.config)+".state")
		r := runPopherd(t, test.status, script, "-c", test.config, "-a", "all", "--allow-delete=all", "--command-timeout=10s", "--connect-timeout=10s", "--state-dir", states, "-o", "json")
		for _, u := range users {
			if n := u.Count(); n != 0 {
				t.Errorf("%s has %d messages left", u.Name, n)
			}
		}
		committed := 0
		for _, a := range r.report().Accounts {
			if a.Outcome == "committed" && a.Delete == len(messages) && a.Error == nil {
				committed++
			}
		}
		if committed != 18 {
			t.Errorf("%s: %d accounts committed, want 18", test.config, committed)
		}
		spans = append(spans, span(t, states))
		if test.status == 3 {
			r.says("account hung: ", "no answer within 10s", "account refused: ", "Authentication failed", "2 of 20 accounts failed; the others are done")
		}
	}
	t.Logf("18 accounts alone took %v, beside one that hung for 10s and one that was refused %v: %.2f x", spans[0], spans[1], float64(spans[1])/float64(spans[0]))
	if spans[1] > 8*time.Second { // the one that hangs takes 10
		t.Errorf("the others waited for the one that hung: %v", spans[1])
	}
}

// twentyAccounts writes two configurations: of eighteen good accounts, and of
// those between one that hangs and one whose password is wrong.
func twentyAccounts(t *testing.T, s *dovecottest.Server, dir string) []string {
	t.Helper()
	host, port := at(t, s.TLSAddr())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers
	must(t, err)
	t.Cleanup(func() { silent.Close() })
	_, silentPort := at(t, silent.Addr().String())
	account := func(name, user, port, password string) string {
		return fmt.Sprintf("[accounts.%s]\nuser = %q\nhost = %q\nport = %s\npassword = %q\nca_file = %q\n\n", name, user, host, port, password, s.CAFile)
	}
	var good strings.Builder
	for i := range 18 {
		good.WriteString(account(fmt.Sprintf("account%d", i), fmt.Sprintf("user%d", i), port, "secret"))
	}
	s.AddUser("mallory", "secret")
	texts := []string{good.String(), account("hung", "user0", silentPort, "secret") + account("refused", "mallory", port, "wrong") + good.String()}
	var paths []string
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("config%d.toml", i))
		must(t, os.WriteFile(path, []byte(text), 0o600))
		paths = append(paths, path)
	}
	return paths
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// report is the report of a run with -o json.
func (r *running) report() run.Report {
	r.t.Helper()
	var report run.Report
	if err := json.Unmarshal([]byte(r.stdout.String()), &report); err != nil {
		r.t.Fatalf("%v in %q", err, r.stdout.String())
	}
	return report
}

// span is from the start of the first to the end of the last run that the state
// in dir remembers as committed.
func span(t *testing.T, dir string) time.Duration {
	t.Helper()
	out, err := exec.Command(popherd(t), "log", "--state-dir", dir, "--limit", "0", "-o", "json").Output()
	must(t, err)
	var log struct {
		Runs []struct {
			Started, Ended time.Time
			Outcome        string
		}
	}
	must(t, json.Unmarshal(out, &log))
	var first, last time.Time
	for _, r := range log.Runs {
		if r.Outcome != "committed" {
			continue
		}
		if first.IsZero() || r.Started.Before(first) {
			first = r.Started
		}
		if r.Ended.After(last) {
			last = r.Ended
		}
	}
	return last.Sub(first)
}
