package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
)

// jobsText has a job for three accounts.
const jobsText = `
[accounts.anna]
user = "anna"
host = "127.0.0.1"
port = 9

[accounts.ben]
user = "ben"
host = "127.0.0.1"
port = 9

[accounts.carla]
user = "carla"
host = "127.0.0.1"
port = 9

[jobs.tidy]
script = "@older-than"
args = ["30"]
accounts = ["all"]
schedule = "0 4 * * *"
zone = "UTC"
allow_delete = "5"
retries = 1
pause_after = 2

[jobs.mend]
script = "@older-than"
args = ["30"]
accounts = ["anna"]
schedule = "30 3 * * *"
zone = "UTC"

[jobs.rest]
script = "@older-than"
args = ["30"]
accounts = ["ben"]
schedule = "@daily"
enabled = false
`

// A hand is popherd jobs, with a configuration and a clock of its own, whose
// runs do nothing but what a test says.
type hand struct {
	t         *testing.T
	sh        *shell
	out, talk *bytes.Buffer
	perform   func(ctx context.Context, o jobs.Order) jobs.Result

	mu  sync.Mutex
	now time.Time
}

func newHand(t *testing.T) *hand {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.toml")
	must(t, os.WriteFile(path, []byte(jobsText), 0o600))
	h := &hand{t: t, out: new(bytes.Buffer), talk: new(bytes.Buffer), now: noon}
	h.sh = newShell(Env{
		Stdin: strings.NewReader(""), Stdout: h.out, Stderr: h.talk, Now: h.clock,
		Getenv: func(name string) string {
			return map[string]string{"XDG_STATE_HOME": dir, "POPHERD_CONFIG": path}[name]
		},
	})
	h.perform = func(context.Context, jobs.Order) jobs.Result { return wouldDelete(h.t, 1) }
	return h
}

func (h *hand) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// Perform implements jobs.Performer.
func (h *hand) Perform(ctx context.Context, o jobs.Order) jobs.Result { return h.perform(ctx, o) }

// runs runs a job here, and returns the exit status.
func (h *hand) runs(ctx context.Context, job string, f jobsRunFlags, accounts ...string) int {
	h.t.Helper()
	h.out.Reset()
	h.talk.Reset()
	if f.Output == "" {
		f.Output = "table"
	}
	j, err := h.sh.jobNamed(job)
	must(h.t, err)
	accounts, err = h.sh.jobAccounts(j, accounts)
	must(h.t, err)
	if err = h.sh.runJobHere(ctx, h, j, accounts, f); err != nil {
		h.sh.complain(err)
	}
	return exitStatus(err)
}

// does runs a command line after "popherd jobs", and returns the exit status.
func (h *hand) does(args ...string) int {
	h.t.Helper()
	return h.popherd(append([]string{"jobs"}, args...)...)
}

// popherd runs a command line, and returns the exit status.
func (h *hand) popherd(args ...string) int {
	h.t.Helper()
	h.out.Reset()
	h.talk.Reset()
	root := h.sh.root()
	root.SetArgs(args)
	root.SetOut(h.out)
	root.SetErr(h.talk)
	err := root.ExecuteContext(h.t.Context())
	if err != nil {
		h.sh.complain(err)
	}
	return exitStatus(err)
}

// said compares what was written with what is wanted.
func (h *hand) said(what, got, want string) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("%s:\ngot:\n%s\nwant:\n%s", what, got, want)
	}
}

// wouldDelete is a dry run that would delete so many messages.
func wouldDelete(t *testing.T, n int) jobs.Result {
	r := run.Report{DryRun: true, Accounts: []run.Account{{Account: "x", Messages: n, Delete: n, Outcome: plan.Planned.String(), Plan: []run.Row{}}}}
	for i := range n {
		r.Accounts[0].Plan = append(r.Accounts[0].Plan, run.Row{Number: i + 1, UniqueID: fmt.Sprint("uid", i), Octets: 100, Decision: "delete", Reason: "\x1b[31mold\u202e"})
	}
	octets, err := json.Marshal(r)
	must(t, err)
	return jobs.Result{Outcome: "planned", Class: jobs.Done, Messages: n, Deleted: n, Report: octets}
}

// failedAs is a run that failed before it had a plan.
func failedAs(t *testing.T, class jobs.Class, status int, message, hint string) jobs.Result {
	octets, err := json.Marshal(run.Report{Accounts: []run.Account{}, Error: &run.Fault{Message: message, Status: status}})
	must(t, err)
	if hint != "" {
		message += " (" + hint + ")"
	}
	return jobs.Result{Outcome: "failed", Class: class, Message: message, Report: octets}
}

// TestJobsMistakes: what people mistype is named, and said what it may have been.
func TestJobsMistakes(t *testing.T) {
	h := newHand(t)
	for _, c := range []struct {
		line, want, hint string
		status           int
	}{
		{"run tdiy", ": no such job", `did you mean "tidy"?`, exitUsage},
		{"enable mned", ": no such job", `did you mean "mend"?`, exitUsage},
		{"disable \x1b[31m", ": no such job", "there are tidy, mend, rest", exitUsage},
		{"history tdiy", ": no such job", `did you mean "tidy"?`, exitUsage},
		{"history -a bne", ": no such account", `did you mean "ben"?`, exitUsage},
		{"run", "popherd jobs run: no job is named", "as in popherd jobs run nightly; popherd jobs list shows their names", exitUsage},
		{"enable", "popherd jobs enable: no job is named", "as in popherd jobs enable nightly; popherd jobs list shows their names", exitUsage},
		{"run tidy mend", `argument "mend": one job at a time`, "see popherd jobs run --help", exitUsage},
		{"run mend -a ben", `--account "ben": job mend is not for it`, "it is for anna", exitUsage},
		{"run mend -a b*", `--account "b*": job mend is not for it`, "it is for anna", exitUsage},
		{"run tidy -a ana", ": no such account", `did you mean "anna"?`, exitUsage},
		{"run tidy -a pops://anna@pop.example.org", "is no account's name", "job tidy is for anna, ben, carla", exitUsage},
		{"run tidy -a ", "--account: it was given without a value", "is a shell variable unset?", exitUsage},
		{"run tidy -n --real", "--real: there is --dry-run, too", "give one of them, or none: then it is as the next fire would be", exitUsage},
		{"run tidy -o xml", `--output: there is no choice "xml"`, "give table, json or ndjson", exitUsage},
		{"run tidy --dry", `flag "--dry": there is no such flag`, "did you mean --dry-run?", exitUsage},
		{"next many", `argument "many": not a number of fires, from 1 to 10000`, "as in popherd jobs next 20", exitUsage},
		{"next 0", `argument "0": not a number of fires`, "as in popherd jobs next 20", exitUsage},
		{"next 1 2", `argument "2": there is one number`, "as in popherd jobs next 20", exitUsage},
		{"show", "popherd jobs show: no run is named", "as in popherd jobs show 7; popherd jobs history shows their numbers", exitUsage},
		{"show tidy", `run "tidy": not the number of a run`, "popherd jobs history shows them", exitUsage},
		{"retry -- -1", `run "-1": not the number of a run`, "popherd jobs history shows them", exitUsage},
		{"cancel 1 2", `argument "2": one run at a time`, "as in popherd jobs cancel 7", exitUsage},
		{"cancel 7", "run 7: nothing is known of it", "popherd jobs history shows those that there are; old ones are forgotten, see history_days in [daemon]", exitNoInput},
		{"history tidy mend", `argument "mend": one job at a time`, "as in popherd jobs history nightly; without one it is of all jobs", exitUsage},
		{"history --limit=-1", "--limit: -1 is not a number of runs", "0 is all", exitUsage},
		{"history --outcome comitted", `--outcome: no run ends as "comitted"`, "did you mean committed?", exitUsage},
		{"history --since yesterday", `--since: "yesterday" is neither an age nor a day`, "as in --since 7d, --since 2026-09-01 or --since '2026-09-01 12:00'", exitUsage},
		{"list tidy", `"tidy": there is no such command`, "see popherd help", exitUsage},
		{"list --db ", "--db: it was given without a value", "is a shell variable unset?", exitUsage},
		{"lst", `"lst": there is no such command`, "did you mean list?", exitUsage},
	} {
		status := h.does(strings.Split(c.line, " ")...)
		got := h.talk.String()
		if status != c.status || !strings.Contains(got, c.want) || !strings.HasSuffix(got, "\nhint: "+c.hint+"\n") || strings.Contains(got, "\x1b") {
			t.Errorf("%q: got exit status %d and\n%s\nwant %d, %q and hint %q", c.line, status, got, c.status, c.want, c.hint)
		}
	}
	if some, err := h.sh.someRan(""); some || err != nil {
		t.Errorf("a database was made to refuse: %v, %v", some, err)
	}
}

// TestJobsCompletion: a shell completes the names of jobs, and of their accounts.
func TestJobsCompletion(t *testing.T) {
	h := newHand(t)
	for _, c := range []struct {
		line string
		want []string
	}{
		{"jobs run ", []string{"tidy\t0 4 * * *  @older-than", "mend\t30 3 * * *  @older-than", "rest\t@daily  @older-than"}},
		{"jobs enable t", []string{"tidy\t0 4 * * *  @older-than"}},
		{"jobs run tidy ", nil},
		{"jobs run tidy -a ", []string{"anna", "ben", "carla"}},
		{"jobs run mend -a ", []string{"anna"}},
		{"jobs history -a c", []string{"carla"}},
		{"jobs history --outcome comm", []string{"committed"}},
		{"jobs list -o n", []string{"ndjson"}},
	} {
		h.popherd(append([]string{"__complete"}, strings.Split(c.line, " ")...)...)
		got := strings.Split(h.out.String(), "\n")
		got = got[:slices.IndexFunc(got, func(line string) bool { return strings.HasPrefix(line, ":") })]
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.line, got, c.want)
		}
	}
}
