package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// noting is a check that notes one thing.
func noting(name string, level Level) Check {
	return Check{kind: Target, name: name, limit: time.Second, look: func(_ context.Context, n *notes) {
		n.add(Finding{Level: level, Check: "look", Text: "seen"})
	}}
}

func TestRunKeepsTheOrder(t *testing.T) {
	var checks []Check
	for _, name := range strings.Fields("a b c d e f g h i j k l m n o p q r s t") {
		checks = append(checks, noting(name, OK))
	}
	var progress []int
	var got []string
	for _, s := range Run(t.Context(), checks, func(done, all int) { progress = append(progress, all-done) }) {
		got = append(got, s.Name)
	}
	if want := "a b c d e f g h i j k l m n o p q r s t"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if len(progress) != 20 || progress[19] != 0 {
		t.Errorf("got the progress %v", progress)
	}
}

// A check that hangs, though its context has ended, keeps nobody waiting, and
// what it found before is there.
func TestRunEndsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		began := time.Now()
		sections := Run(t.Context(), []Check{
			{kind: Account, name: "hung", limit: time.Minute, look: func(_ context.Context, n *notes) {
				n.ok("name", "found")
				<-release
				n.ok("login", "too late")
			}},
			{kind: Account, name: "slow", limit: time.Minute, look: func(ctx context.Context, n *notes) {
				<-ctx.Done()
				n.failed("connect", ctx.Err(), "be patient")
			}},
			noting("quick", OK),
		}, nil)
		if took := time.Since(began); took > time.Minute+2*grace {
			t.Errorf("it took %v", took)
		}
		var got []string
		for _, s := range sections {
			for _, f := range s.Findings {
				got = append(got, s.Name+" "+string(f.Level)+" "+f.Check)
			}
		}
		if want := "hung ok name, hung error time, slow error connect, quick ok look"; strings.Join(got, ", ") != want {
			t.Errorf("got %s, want %s", strings.Join(got, ", "), want)
		}
	})
}

// A person who interrupts does not wait for the limits.
func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	go func() {
		<-began
		cancel()
	}()
	sections := Run(ctx, []Check{{limit: time.Hour, look: func(ctx context.Context, n *notes) {
		close(began)
		<-ctx.Done()
		n.failed("connect", ctx.Err(), "")
	}}}, nil)
	if len(sections) != 1 || sections[0].Count(Error) != 1 {
		t.Errorf("got %+v", sections)
	}
}

type hinted struct{ error }

func (hinted) Hint() string { return "its own advice" }

func TestReport(t *testing.T) {
	n := &notes{}
	n.ok("short", "well")
	n.info("a long check", "worth knowing", "")
	n.warn("short", "soon over \x1b[2J", "renew it")
	n.failed("login", hinted{errors.New("refused")}, "other advice")
	r := NewReport([]Section{
		{Kind: Account, Name: "work", Findings: n.close()},
		{Kind: State},
		{Kind: Configuration, Findings: []Finding{{Level: OK, Check: "file", Text: "there"}}},
	})
	var table bytes.Buffer
	clean := func(s string) string { return strings.ReplaceAll(s, "\x1b", "?") }
	if err := r.WriteTable(&table, Look{Clean: clean}); err != nil {
		t.Fatal(err)
	}
	want := `account work
  ok       short         well
  info     a long check  worth knowing
  warning  short         soon over ?[2J
                         -> renew it
  error    login         refused
                         -> its own advice
configuration
  ok       file          there
2 ok, 1 info, 1 warning, 1 error
`
	if table.String() != want {
		t.Errorf("got\n%s\nwant\n%s", table.String(), want)
	}
	if r.Errors(Account) != 1 || r.Errors(Configuration) != 0 {
		t.Errorf("got %d and %d errors", r.Errors(Account), r.Errors(Configuration))
	}
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`{"kind":"account","name":"work","findings":[{"level":"ok","check":"short","text":"well"}`,
		`{"level":"error","check":"login","text":"refused","advice":"its own advice"}`,
		`"counts":{"error":1,"info":1,"ok":2,"warning":1}`,
	} {
		if !strings.Contains(string(encoded), part) {
			t.Errorf("got %s without %s", encoded, part)
		}
	}
}

func TestReportInColour(t *testing.T) {
	r := NewReport([]Section{{Kind: State, Findings: []Finding{{Level: Error, Check: "disk", Text: "full"}}}})
	var table bytes.Buffer
	if err := r.WriteTable(&table, Look{Color: true}); err != nil {
		t.Fatal(err)
	}
	if got, want := table.String(), "\x1b[31merror  \x1b[0m  disk  full\n"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}
