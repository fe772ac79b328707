package run

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/pop3/pop3server"
)

func TestDryRunDeletesNothing(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	var out strings.Builder
	o := s.options(t, `M:dele(1) M:dele(3) print(M:quit())`)
	o.DryRun, o.Stdout = true, &out
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	a := only(t, report)
	wantOutcome(t, a, "planned", "")
	if !report.DryRun || a.Delete != 2 || a.Keep != 1 || a.Messages != 3 {
		t.Errorf("got %+v, want a dry run that plans 2 of 3", a)
	}
	if !strings.HasPrefix(out.String(), "+OK") {
		t.Errorf("quit returned %q, want +OK", out.String())
	}
	if s.heardVerb("DELE") || !s.heardVerb("QUIT") {
		t.Errorf("got %q, want QUIT and no DELE", s.commands())
	}
	s.wantLeft(t, 3)
}

// Gmail takes RETR with QUIT for "popped".
func TestDryRunAfterRetrieveEndsWithoutQuit(t *testing.T) {
	tests := []struct {
		source string
		quit   bool
	}{
		{`M:retr(1) M:quit()`, false},
		{`M:retr(1) M:dele(2) M:quit()`, false},
		{`M:retr(2) M:rset() M:quit()`, false},
		{`M:_longcmd("retr 1") M:_shortcmd("quit")`, false},
		{`pcall(M.retr, M, 9) M:quit()`, true},
		{`M:top(1, 0) M:uidl() M:quit()`, true},
		{`M:quit()`, true},
	}
	for _, tt := range tests {
		s := serve(mail(3), nil)
		o := s.options(t, tt.source)
		o.DryRun, o.Policy.Raw = true, true
		report, err := perform(t, context.Background(), o)
		wantError(t, err, "")
		wantOutcome(t, only(t, report), "planned", "")
		if got := s.heardVerb("QUIT"); got != tt.quit || s.heardVerb("DELE") {
			t.Errorf("%s: QUIT was sent: got %v, want %v; no DELE in %q", tt.source, got, tt.quit, s.commands())
		}
		s.wantLeft(t, 3)
		s.stop()
	}
}

// A rehearsal says what the run itself would be refused.
func TestDryRunBeyondTheCap(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	o := s.options(t, `M:dele(1) M:dele(3) M:quit()`)
	o.DryRun, o.Policy.Delete = true, allow(t, "1")
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	wantOutcome(t, only(t, report), "planned", "2 deletions are more than the 1 allowed")
	s.wantLeft(t, 3)
}

// A dry run that ends before login has nothing to plan.
func TestDryRunBeforeLogin(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	o := s.options(t, "")
	o.Program, o.DryRun = compile(t, `pop3.POP3("x"):quit()`), true
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	if len(report.Accounts) != 0 || !s.heardVerb("QUIT") {
		t.Errorf("got %+v after %q, want no account, and QUIT", report.Accounts, s.commands())
	}
}

// A person recognises messages by their header: what the script has not read
// is asked for by TOP.
func TestDryRunRecognisesMarked(t *testing.T) {
	s := serve(mail(4), nil)
	defer s.stop()
	o := s.options(t, `M:top(1, 0) M:dele(1) M:dele(3) M:dele(4) M:quit()`)
	o.DryRun = true
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	for i, row := range only(t, report).Plan {
		want := fmt.Sprintf("message %d", i+1)
		if i == 1 {
			want = ""
		}
		if row.Subject != want || (row.From == "") != (want == "") {
			t.Errorf("row %d: got subject %q, from %q, want %q", i+1, row.Subject, row.From, want)
		}
	}
	if got := fmt.Sprint(s.commands()); strings.Contains(got, "TOP 2") || strings.Count(got, "TOP 1") != 1 {
		t.Errorf("got %s, want each marked message asked for once", got)
	}
}

// A server without TOP may hang up on a client that tries it again and again.
func TestDryRunWithoutTOP(t *testing.T) {
	tests := []struct{ name, capabilities string }{
		{"not announced", "C: CAPA\nS: +OK\nS: PIPELINING\nS: .\n"},
		{"no CAPA", "C: CAPA\nS: -ERR unknown\nC: CAPA\nS: -ERR unknown\nC: TOP 1 0\nS: -ERR unknown\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, _, _ := strings.Cut(planned, "C: CAPA")
			o := against(t, markAll, before+tt.capabilities+"C: QUIT\nS: +OK\neof\n")
			o.DryRun = true
			report, err := perform(t, context.Background(), o)
			wantError(t, err, "")
			a := only(t, report)
			wantOutcome(t, a, "planned", "")
			if a.Delete != 3 || a.Plan[0].Subject != "" {
				t.Errorf("got %+v, want a plan of 3 without subjects", a)
			}
		})
	}
}

// One message whose header cannot be had does not hide the others.
func TestDryRunWithOneRefusedTOP(t *testing.T) {
	before := strings.Replace(planned, "S: PIPELINING", "S: PIPELINING\nS: TOP", 1)
	o := against(t, markAll, before+`
C: TOP 1 0
C: LIST 1
C: TOP 2 0
C: LIST 2
C: TOP 3 0
C: LIST 3
S: -ERR [SYS/TEMP] later
S: +OK 1 100
S: +OK
S: Subject: second
S:
S: .
S: +OK 2 100
S: +OK
S: Subject: third
S:
S: .
S: +OK 3 100
C: QUIT
S: +OK
eof
`)
	o.DryRun = true
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	got := []string{}
	for _, row := range only(t, report).Plan {
		got = append(got, row.Subject)
	}
	if fmt.Sprint(got) != "[ second third]" {
		t.Errorf("got subjects %q, want the second and the third", got)
	}
}

// What the dry run shows is what the run does.
func TestDryRunShowsWhatTheRunDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []string
		for _, o := range operations().Draw(t, "operations") {
			var args []string
			for _, a := range o.args {
				args = append(args, fmt.Sprintf("%q", a))
			}
			lines = append(lines, fmt.Sprintf("pcall(M.%s, M%s)", strings.ToLower(o.verb), strings.Join(append([]string{""}, args...), ", ")))
		}
		ending := rapid.SampledFrom([]string{"M:quit()", "M:close()", "", "error('x')"}).Draw(t, "ending")
		source := strings.Join(append(lines, ending), "\n")
		most := rapid.SampledFrom([]string{"all", "0", "1", "2", "50%"}).Draw(t, "cap")
		perform := func(dry bool, most string) (*Report, []byte) {
			s := serve(mail(4), func(s *pop3server.Server) { s.MaxBadCommands = -1 })
			defer s.stop()
			o := s.options(t, source)
			o.DryRun, o.Whole = dry, true
			o.Policy.Delete = allow(t, most)
			report, _ := Run(context.Background(), o)
			if dry && s.heardVerb("DELE") {
				t.Fatalf("a dry run sent DELE: %q", s.commands())
			}
			var left []byte
			for _, octets := range s.drop.Messages() {
				left = append(left, octets...)
			}
			return report, left
		}
		dry, before := perform(true, most)
		wet, after := perform(false, most)
		if got, want := decisions(wet), decisions(dry); got != want {
			t.Fatalf("%s\nthe run planned\n%s\nthe dry run\n%s", source, got, want)
		}
		if want := joined(mail(4)); string(before) != want {
			t.Fatalf("the dry run changed the maildrop: got %q, want %q", before, want)
		}
		if want := kept(wet, mail(4)); string(after) != want {
			t.Fatalf("%s\nthe run left %q, its report says %q", source, after, want)
		}
	})
}

// decisions is what a report says was decided.
func decisions(r *Report) string {
	var b strings.Builder
	for _, a := range r.Accounts {
		fmt.Fprintln(&b, a.Account, a.Messages, a.Octets, a.Deliver, a.Delete, a.Keep)
		for _, row := range a.Plan {
			fmt.Fprintln(&b, row.Number, row.UniqueID, row.Octets, row.Decision, row.Reason, row.Rule, row.Evidence)
		}
	}
	return b.String()
}

func joined(drop *pop3server.Memory) string {
	var all []byte
	for _, octets := range drop.Messages() {
		all = append(all, octets...)
	}
	return string(all)
}

// kept is what must be left of drop, going by the report.
func kept(r *Report, drop *pop3server.Memory) string {
	if len(r.Accounts) == 0 || r.Accounts[0].Outcome != "committed" {
		return joined(drop)
	}
	var left []byte
	for i, octets := range drop.Messages() {
		if r.Accounts[0].Plan[i].Decision == "keep" {
			left = append(left, octets...)
		}
	}
	return string(left)
}
