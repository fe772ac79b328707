package run

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// A memory runs scripts over one maildrop, one after the other, with one state.
type memory struct {
	t       *testing.T
	dir     string
	drop    *pop3server.Memory
	now     time.Time
	targets map[string]deliver.Spec
	dry     bool
}

// run runs a script, and returns its report, what it printed, and how it ended.
func (m *memory) run(source string) (*Report, string, error) {
	m.t.Helper()
	s := serve(m.drop, nil)
	defer s.stop()
	o := s.options(m.t, "")
	o.Program = compile(m.t, source)
	o.Account = func(context.Context, string, func(pop3.TraceEvent)) (Opened, error) {
		return Opened{Client: login(m.t, s), Name: "demo", Key: "demo", Host: "pop.example.org", Port: 110}, nil
	}
	o.OpenState = func(ctx context.Context) (*state.Store, error) {
		return state.Open(ctx, filepath.Join(m.dir, "state"), state.Options{})
	}
	o.Now = func() time.Time { return m.now }
	o.Quarantine = 3
	o.Targets, o.DryRun = m.targets, m.dry
	var printed bytes.Buffer
	o.Stdout = &printed
	report, err := perform(m.t, context.Background(), o)
	return report, printed.String(), err
}

// A message at which a rule fails in three runs in a row is left alone, and the
// others are dealt with.
func TestQuarantine(t *testing.T) {
	m := &memory{t: t, dir: t.TempDir(), drop: mail(3), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	const rule = `return function(msg) if msg.subject == "message 2" then error("odd") end msg:delete() end`
	for range 3 {
		report, _, err := m.run(rule)
		wantError(t, err, "odd (message 2)")
		wantOutcome(t, only(t, report), "aborted", "the script failed")
	}
	report, _, err := m.run(rule)
	wantError(t, err, "")
	a := only(t, report)
	wantOutcome(t, a, "committed", "")
	if a.Delete != 2 || a.Alone != 1 || a.Plan[1].Decision != "keep" || !strings.Contains(a.Plan[1].Reason, "failed in 3 runs in a row") {
		t.Errorf("got %+v, want 1 and 3 deleted and 2 left alone", a)
	}
}

// A script that is tried out says nothing of the mail when it fails.
func TestDryRunsQuarantineNothing(t *testing.T) {
	m := &memory{t: t, dir: t.TempDir(), drop: mail(2), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), dry: true}
	for range 4 {
		_, _, err := m.run(`return function(msg) error("odd") end`)
		wantError(t, err, "odd (message 1)")
	}
	m.dry = false
	report, _, err := m.run(`return function(msg) msg:delete("seen") end`)
	wantError(t, err, "")
	if a := only(t, report); a.Delete != 2 || a.Alone != 0 {
		t.Errorf("got %+v, want both messages dealt with", a)
	}
}

// A target that is not there, and an interruption, are no faults of a message:
// once the target is back everything is delivered.
func TestTargetsThatAreDownQuarantineNothing(t *testing.T) {
	m := &memory{t: t, dir: t.TempDir(), drop: mail(3), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	place := filepath.Join(m.dir, "place")
	if err := os.WriteFile(place, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := deliver.Parse("maildir:" + filepath.Join(place, "archive"))
	if err != nil {
		t.Fatal(err)
	}
	m.targets = map[string]deliver.Spec{"archive": spec}
	const rule = `return { name = "all", rule = rule.always(), deliver = "archive", delete = true }`
	for range 4 {
		report, _, err := m.run(rule)
		wantError(t, err, "3 messages could not be delivered")
		if a := only(t, report); a.Failed != 3 || a.Alone != 0 {
			t.Errorf("got %+v, want three that failed", a)
		}
	}
	if err := errors.Join(os.Remove(place), os.Mkdir(place, 0o700)); err != nil {
		t.Fatal(err)
	}
	report, _, err := m.run(rule)
	wantError(t, err, "")
	if a := only(t, report); a.Deliver != 3 || a.Delete != 3 || a.Alone != 0 {
		t.Errorf("got %+v, want all delivered and deleted", a)
	}
}

// Only failures of runs in a row count: a run that got over them begins anew.
func TestQuarantineIsOfRunsInARow(t *testing.T) {
	m := &memory{t: t, dir: t.TempDir(), drop: mail(2), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	const fails = `return function(msg) if msg.num == 2 then error("odd") end end`
	for _, source := range []string{fails, fails, `return function(msg) end`, fails, fails} {
		_, _, err := m.run(source)
		if (err != nil) != (source == fails) {
			t.Fatalf("%s: %v", source, err)
		}
	}
	report, _, err := m.run(`return function(msg) msg:delete("seen") end`)
	wantError(t, err, "")
	if a := only(t, report); a.Delete != 2 {
		t.Errorf("got %+v, want both messages dealt with", a)
	}
}

// What is delivered and deleted is retrieved ahead, marked as it is.
func TestDeliveriesAreReadAhead(t *testing.T) {
	s := serve(mail(40), nil)
	defer s.stop()
	spec, err := deliver.Parse("eml:" + filepath.Join(t.TempDir(), "to"))
	if err != nil {
		t.Fatal(err)
	}
	o := s.options(t, `for msg in M:messages() do msg:deliver("to") msg:delete() end M:quit()`)
	o.Targets = map[string]deliver.Spec{"to": spec}
	_, err = perform(t, context.Background(), o)
	wantError(t, err, "")
	heard := strings.Join(s.commands(), " ")
	// One behind the other, a LIST for proof between the first: no end of one
	// answer was waited for.
	if !strings.Contains(heard, "RETR 1 LIST 1 RETR 2 LIST 2 RETR 3") {
		t.Errorf("got %s", heard)
	}
}

// New are the messages that no run which committed has listed; a dry run, and
// one that failed, use nothing up.
func TestNewMessages(t *testing.T) {
	m := &memory{t: t, dir: t.TempDir(), drop: mail(2), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	const list = `local M = pop3.account() for msg in M:messages{new=true} do print(msg.num, msg.first_seen) end `
	for _, step := range []struct{ source, want string }{
		{list + `error("x")`, "1\t1795435200\n2\t1795435200\n"},
		{list + `M:quit()`, "1\t1795435200\n2\t1795435200\n"},
		{list + `M:quit()`, ""},
	} {
		if _, printed, _ := m.run(step.source); printed != step.want {
			t.Errorf("%s: got %q, want %q", step.source, printed, step.want)
		}
	}
	m.now = m.now.AddDate(0, 0, 1)
	m.drop.Add([]byte("Subject: later\r\n\r\n"))
	if _, printed, _ := m.run(list + `M:quit()`); printed != "3\t1795521600\n" {
		t.Errorf("got %q, want message 3 of the next day", printed)
	}
}

// What a script keeps lasts once its session has committed.
func TestValuesLastWithTheCommit(t *testing.T) {
	m := &memory{t: t, dir: t.TempDir(), drop: mail(1), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	const count = `local M = pop3.account() print(state.incr("runs"), state.get("name")) state.set("name", "x", 60) `
	for _, step := range []struct {
		source, want string
		later        time.Duration
	}{
		{count + `error("x")`, "1\tnil\n", 0},
		{count + `M:quit()`, "1\tnil\n", 0},
		{count + `M:quit()`, "2\tx\n", 30 * time.Second},
		{count + `M:quit()`, "3\tnil\n", 2 * time.Minute}, // the name has expired
	} {
		m.now = m.now.Add(step.later)
		if _, printed, _ := m.run(step.source); printed != step.want {
			t.Errorf("%s: got %q, want %q", step.source, printed, step.want)
		}
	}
}
