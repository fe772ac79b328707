package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/run"
)

// What the next attempt is to be is decided by what went wrong.
func TestClassOf(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want jobs.Class
	}{
		"nothing":              {nil, jobs.Done},
		"interrupted":          {&failure{Status: exitInterrupted}, jobs.Interrupted},
		"connection refused":   {&failure{Status: exitUnavailable, Kind: "socket"}, jobs.Temporary},
		"timeout":              {&failure{Status: exitTryAgain, Kind: "timeout"}, jobs.Temporary},
		"[IN-USE]":             {&failure{Status: exitTryAgain, Kind: "error_proto", Code: "IN-USE"}, jobs.Temporary},
		"garbage":              {&failure{Status: exitProtocol, Kind: "error_proto"}, jobs.Temporary},
		"disk full":            {&failure{Status: exitOutput}, jobs.Temporary},
		"[SYS/PERM]":           {&failure{Status: exitProtocol, Kind: "error_proto", Code: "SYS/PERM"}, jobs.Permanent},
		"certificate":          {&failure{Status: exitProtocol, Kind: "tls"}, jobs.Permanent},
		"[AUTH]":               {&failure{Status: exitRefused, Kind: "error_proto", Code: "AUTH"}, jobs.Refused},
		"no password":          {&failure{Status: exitRefused, Kind: "auth"}, jobs.Refused},
		"over the limit":       {&failure{Status: exitRefused, Kind: "policy"}, jobs.Permanent},
		"the script raised":    {&failure{Status: exitRaised}, jobs.Permanent},
		"a limit":              {&failure{Status: exitLimit}, jobs.Permanent},
		"no script":            {&inputError{"script", "x.lua", "there is no such file"}, jobs.Permanent},
		"the script has moved": {fmt.Errorf("script: %w", fs.ErrNotExist), jobs.Permanent},
		"a handshake cut":      {&failure{Status: exitProtocol, Kind: "tls", Cut: true}, jobs.Temporary},
		"no process":           {withStatus(exitTryAgain, errors.New("fork: resource temporarily unavailable"), ""), jobs.Temporary},
		"changed meanwhile":    {errChanged, jobs.Again},
	} {
		if got := classOf(tt.err); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestResultOf(t *testing.T) {
	committed := run.Account{Messages: 9, Delete: 4, Deliver: 2, Keep: 5, Outcome: "committed", LoginDelay: 60}
	done := jobs.Result{Outcome: "committed", Class: jobs.Done, Messages: 9, Deleted: 4, Delivered: 2, Kept: 5, Delay: time.Minute}
	with := func(class jobs.Class, message string) jobs.Result {
		r := done
		r.Class, r.Message = class, message
		return r
	}
	for name, tt := range map[string]struct {
		account run.Account
		err     error
		want    jobs.Result
	}{
		"done":                      {committed, nil, done},
		"failed afterwards":         {committed, &failure{Status: exitRaised, Message: "no"}, with(jobs.Permanent, "no")},
		"interrupted, but too late": {committed, &failure{Status: exitInterrupted, Message: "no"}, with(jobs.Done, "no")},
		"some is not delivered":     {committed, &failure{Status: exitOutput, Message: "full"}, with(jobs.Temporary, "full")},
		"aborted":                   {run.Account{Messages: 9, Delete: 4, Outcome: "aborted", Why: "lost"}, &failure{Status: exitUnavailable, Message: "cut", HintText: "wait"}, jobs.Result{Outcome: "failed", Class: jobs.Temporary, Message: "cut (wait)", Messages: 9}},
		"without quit":              {run.Account{Messages: 9, Delete: 4, Outcome: "aborted", Why: "no quit"}, nil, jobs.Result{Outcome: "aborted", Class: jobs.Done, Message: "no quit", Messages: 9}},
		// The journal of the next attempt finds out.
		"unknown": {run.Account{Messages: 9, Delete: 4, Outcome: "unknown"}, &failure{Status: exitProtocol}, jobs.Result{Outcome: "unknown", Class: jobs.Temporary, Messages: 9}},
	} {
		got := resultOf(&run.Report{Accounts: []run.Account{tt.account}}, nil, tt.err)
		got.Report = nil
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, tt.want)
		}
	}
}

// What an attempt deleted stays told when the next one finds it gone.
func TestEarlierAttemptsAreTold(t *testing.T) {
	rows := []run.Row{{Number: 1, Decision: "delete"}}
	first := resultOf(&run.Report{Accounts: []run.Account{
		{Messages: 3, Delete: 1, Keep: 2, Outcome: "committed", Plan: rows}, {Messages: 3, Delete: 1, Outcome: "aborted"},
	}}, nil, &failure{Status: exitOutput})
	second := resultOf(&run.Report{Accounts: []run.Account{{Messages: 2, Keep: 2, Outcome: "committed"}}}, changes(first.Report), nil)
	if second.Messages != 2 || second.Deleted != 1 || second.Class != jobs.Done {
		t.Errorf("got %+v", second)
	}
	if third := resultOf(nil, changes(second.Report), &failure{Status: exitUnavailable}); third.Deleted != 1 || !strings.Contains(string(third.Report), `"num":1`) {
		t.Errorf("got %+v", third)
	}
	if got := changes([]byte("nonsense")); got != nil {
		t.Errorf("got %v", got)
	}
}

// A plan that the history cannot take whole is shown in part.
func TestLongReports(t *testing.T) {
	plan := make([]run.Row, 100_000)
	for i := range plan {
		plan[i] = run.Row{Number: i + 1, Decision: "keep", Reason: strings.Repeat("x", 200)}
		if i%3 == 0 {
			plan[i].Decision = "delete"
		}
	}
	r := &run.Report{Accounts: []run.Account{{Messages: len(plan), Delete: 33_334, Plan: plan}}}
	octets := fitting(r)
	if len(octets) == 0 || len(octets) > reportMost {
		t.Errorf("%d octets", len(octets))
	}
	if a := r.Accounts[0]; len(a.Plan) != 20_000 || a.Plan[1].Number != 4 || a.Delete != 33_334 {
		t.Errorf("%d rows are left, the second of message %d", len(a.Plan), a.Plan[1].Number)
	}
}

// A job that does something else than before is another job, which is to run dry
// first.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		must(t, errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)))
	}
	write("a.lua", `local m, n = require "lib.words", require [[my-words]]`)
	write("lib/words.lua", `return require("deep")`)
	write("deep.lua", `return 1`)
	write("other.lua", `return 1`)
	write("my-words.lua", `return 1`)
	c := &config.Config{Targets: []config.Target{{Name: "archive", Spec: "maildir:/x"}}}
	j := config.Job{Script: filepath.Join(dir, "a.lua"), Args: []string{"30"}, Policy: config.Policy{AllowDelete: "10", Timeout: time.Minute}}
	now := func() string {
		source, err := readScript(j.Script)
		must(t, err)
		text, err := digest(c, j, source)
		must(t, err)
		return text
	}
	before := now()
	same := func(what string, want bool) {
		t.Helper()
		after := now()
		if (after == before) != want {
			t.Errorf("%s: same is %t, want %t", what, after == before, want)
		}
		before = after
	}
	write("other.lua", `return 2`)
	same("a file that it does not require", true)
	j.Policy.Timeout, j.Retries, j.Schedule = time.Hour, 9, "@daily"
	same("how long it may take, and when", true)
	write("my-words.lua", `return 2`)
	same("a module with a hyphen", false)
	write("deep.lua", `return 2`)
	same("a module of a module", false)
	j.Args = []string{"31"}
	same("an argument", false)
	j.Policy.AllowDelete = "11"
	same("a permission", false)
	c.Targets[0].Spec = "maildir:/y"
	same("a target", false)
	write("a.lua", `return 1`)
	same("the script", false)
}
