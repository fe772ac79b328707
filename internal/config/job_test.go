package config_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/schedule"
	"github.com/popherd/popherd/scripts"
)

// least is a job that says as little as it can, and the account that it is for.
const least = head + "[jobs.nightly]\nscript = '@older-than'\naccounts = ['all']\nschedule = '30 2 * * *'\n"

// What a job does not say is careful: it runs dry first, and deletes nothing.
func TestJobDefaults(t *testing.T) {
	got := parse(t, least).Jobs[0]
	if got.Name != "nightly" || got.Deadline != 10*time.Minute || got.Jitter != 0 || got.CatchUp != "once" || got.FirstRun != config.Dry ||
		got.Retries != 5 || got.PauseAfter != 3 || !got.Enabled || got.Policy.AllowDelete != "" || got.Notify != nil {
		t.Errorf("got %+v", got)
	}
	if _, err := schedule.ParseCatchUp(got.CatchUp); err != nil {
		t.Error(err)
	}
}

// A job's own permissions go before [policy]'s, wherever that stands, also where
// they are less; one job's are not another's.
func TestJobPolicy(t *testing.T) {
	c := parse(t, least+"allow_delete = 0\nbackup_days = 0\nquarantine = 7\n"+
		"[jobs.other]\nscript = 'x.lua'\naccounts = ['all']\nschedule = '@daily'\n"+
		"[policy]\nallow_delete = 'all'\nbackup = '/b'\nbackup_days = 90\nquarantine = 1\nparallel = 9\nstate_dir = '/s'\n")
	own, other := c.Jobs[0].Policy, c.Jobs[1].Policy
	if own.AllowDelete != "0" || own.BackupDays != 0 || *own.Quarantine != 7 || own.Backup != "/b" || own.StateDir != "/s" || own.Parallel != 0 {
		t.Errorf("got %+v", own)
	}
	if other.AllowDelete != "all" || other.BackupDays != 90 || *other.Quarantine != 1 || other.Parallel != 0 || *c.Policy.Quarantine != 1 || c.Policy.Parallel != 9 {
		t.Errorf("got %+v beside %+v", other, c.Policy)
	}
}

// The zone is the job's, else the schedule's, else the machine's.
func TestJobWhen(t *testing.T) {
	local, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	after := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct{ job, want string }{
		{"schedule = '30 2 * * *'", "2026-01-10T07:30:00Z"},
		{"schedule = '30 2 * * *'\nzone = 'Europe/Berlin'", "2026-01-10T01:30:00Z"},
		{"schedule = 'TZ=Asia/Tokyo 30 2 * * *'", "2026-01-10T17:30:00Z"},
		{"schedule = '@every 90m'", "2026-01-10T01:30:00Z"},
	} {
		c := parse(t, head+"[jobs.x]\nscript = 'x.lua'\naccounts = ['all']\n"+tt.job)
		when, err := c.Jobs[0].When(local)
		if err != nil {
			t.Fatal(err)
		}
		if got := when.Next(after).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.job, got, tt.want)
		}
	}
}

// Every script that is shipped can be a job's.
func TestJobScripts(t *testing.T) {
	for _, s := range scripts.All() {
		text := strings.Replace(least, "@older-than", "@"+s.Name, 1)
		if got := parse(t, text).Jobs[0].Script; got != "@"+s.Name {
			t.Errorf("got %q, want %q", got, "@"+s.Name)
		}
	}
}

// A job is for accounts that stand below it as well, and for as many as there are.
func TestJobAccounts(t *testing.T) {
	text := "[jobs.x]\nscript = 'x.lua'\naccounts = ['home-*', 'work']\nschedule = '@daily'\n" + head +
		"[accounts.home-a]\nuser = 'a'\nhost = 'h'\n[accounts.home-b]\nuser = 'b'\nhost = 'h'\n"
	c := parse(t, text)
	some, err := c.Select(c.Jobs[0].Accounts)
	if err != nil || len(some) != 3 {
		t.Errorf("got %d accounts, %v, want 3", len(some), err)
	}
	text = manyAccounts + "[jobs.x]\nscript = 'x.lua'\nschedule = '@daily'\naccounts = [" + distinct("'%s',", 4_900) + "]\n"
	if got := len(parse(t, text).Jobs[0].Accounts); got != 4_900 {
		t.Errorf("got %d accounts, want 4900", got)
	}
}

// What an account says wrongly is told once, not again for each job.
func TestJobOfBrokenAccount(t *testing.T) {
	_, err := config.Parse("config.toml", []byte(least+"[accounts.home]\nuser = 'a'\nhost = 'h'\nprot = 1\n[jobs.y]\nscript = 'x'\naccounts = ['home']\nschedule = '@daily'\n"), options)
	if err == nil || strings.Count(err.Error(), "\n") != 0 || !strings.Contains(err.Error(), "accounts.home.prot: no such key") {
		t.Errorf("got %v", err)
	}
}

// What a notice's command is called with stays out of JSON, and is there.
func TestNotify(t *testing.T) {
	text, err := os.ReadFile("testdata/good/jobs.toml")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"nightly.2": "failure over 0 /u/anna/bin/tell,hunter2, archive",
		"every":     "over 100 archive",
		"zoned":     "failure tell",
		"most":      "failure over 5 tell",
	} {
		j, err := parse(t, string(text)).Job(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := noticed(j.Notify); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

// noticed is a notice in words.
func noticed(y *config.Notify) string {
	var words []string
	if y.Failure {
		words = append(words, "failure")
	}
	if y.Over != nil {
		words = append(words, "over", strconv.Itoa(*y.Over))
	}
	if y.Command != nil {
		words = append(words, strings.Join(y.Command, ","))
	}
	if y.Target != "" {
		words = append(words, y.Target)
	}
	return strings.Join(words, " ")
}

func TestJobByName(t *testing.T) {
	c := parse(t, least)
	if j, err := c.Job("nightly"); err != nil || j.Script != "@older-than" {
		t.Errorf("got %+v, %v", j, err)
	}
	for _, tt := range []struct {
		c          *config.Config
		name, want string
	}{
		{c, "nihgtly", `config /etc/popherd/config.toml: jobs.nihgtly: no such job; did you mean "nightly"?`},
		{c, "zzz", `config /etc/popherd/config.toml: jobs.zzz: no such job; there are nightly`},
		{&config.Config{}, "x", `config: jobs.x: no such job; there are no jobs: popherd config edit adds one, and popherd config example shows how`},
	} {
		_, err := tt.c.Job(tt.name)
		if got := err.Error() + "; " + err.(*config.Error).Hint(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// An account can be added to a file with jobs whose variables are not set.
func TestAddAccountBesideJobs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.toml")
	text := least + "args = ['${UNSET}']\nbackup = '~/b'\n[daemon]\ndb = '${UNSET}'\nlisten = '${UNSET}'\ntoken = '${UNSET}'\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := config.AddAccount(path, config.NewAccount{Name: "home", User: "anna", Host: "pop.example.net"}); err != nil {
		t.Fatal(err)
	}
}

// Patterns are held against every account, so that there is an end of them.
func TestJobPatternsAreBounded(t *testing.T) {
	text := func(n int) []byte {
		return []byte(manyAccounts + "[jobs.x]\nscript = 'x.lua'\nschedule = '@daily'\naccounts = [" + distinct("'%s*', 'k*', ", n) + "]\n")
	}
	if _, err := config.Parse("config.toml", text(1000), options); err != nil {
		t.Error(told(err))
	}
	if _, err := config.Parse("config.toml", text(1001), options); err == nil || !strings.Contains(err.Error(), "is one pattern too many") {
		t.Errorf("got %v", err)
	}
}
