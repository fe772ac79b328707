package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// planned is the part of a dialogue in which the plan of three messages is made.
const planned = greeted + `
C: LIST
S: +OK
S: 1 10
S: 2 20
S: 3 30
S: .
C: UIDL
S: +OK
S: 1 a
S: 2 b
S: 3 c
S: .
C: CAPA
S: +OK
S: PIPELINING
S: .
`

const markAll = asMrose + `M:dele(1) M:dele(3) M:dele(2) print(M:quit())`

func TestCommitPipelinesMarksThenQuits(t *testing.T) {
	var out strings.Builder
	o := against(t, markAll, planned+`
C: DELE 1
C: DELE 2
C: DELE 3
S: +OK
S: +OK
S: +OK
C: QUIT
S: +OK bye, 3 removed
eof
`)
	o.Stdout = &out
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	a := only(t, report)
	wantOutcome(t, a, "committed", "")
	if a.Delete != 3 || a.Keep != 0 || a.Messages != 3 || a.Octets != 60 || a.Account != "mrose@pop.example.org" {
		t.Errorf("got %+v, want 3 of 3 messages deleted, 60 octets, of mrose@pop.example.org", a)
	}
	if got, want := out.String(), "+OK bye, 3 removed\n"; got != want {
		t.Errorf("quit returned %q, want the server's %q", got, want)
	}
}

// What the server will not mark is kept and counted; the rest is committed.
func TestServerRefusesSomeMarks(t *testing.T) {
	report, err := perform(t, context.Background(), against(t, markAll, planned+`
C: DELE 1
C: DELE 2
C: DELE 3
S: +OK
S: -ERR [SYS/PERM] locked by tanstaaf
S: +OK
C: QUIT
S: +OK
eof
`))
	refused := (*RefusedError)(nil)
	if !errors.As(err, &refused) || refused.Refused != 1 || refused.Deleted != 2 || refused.Unknown != 0 {
		t.Errorf("got error %v, want a RefusedError of 1 refused and 2 deleted", err)
	}
	a := only(t, report)
	wantOutcome(t, a, "committed", "")
	if a.Delete != 2 || a.Keep != 1 || a.Refused != 1 {
		t.Errorf("got %+v, want 2 deleted, 1 kept, 1 refused", a)
	}
	if row := a.Plan[1]; row.Decision != "keep" || !strings.Contains(row.Reason, "refused DELE: ") || strings.Contains(row.Reason, "tanstaaf") {
		t.Errorf("got row %+v, want it kept for the server's reason, without the password", row)
	}
}

// The script may swallow what quit raises; the run says it all the same.
func TestQuitWithoutConfirmation(t *testing.T) {
	tests := []struct {
		name, answer, outcome, why string
		unknown                    int
	}{
		{"refused", "S: -ERR some deleted messages not removed", "unknown", "some deleted messages not removed", 3},
		{"lost", "close", "unknown", "QUIT was not answered", 3},
		{"no reply of POP3", "S: goodbye", "unknown", "QUIT was not answered", 3},
	}
	for _, tt := range tests {
		for name, source := range map[string]string{
			"raised":    markAll,
			"swallowed": asMrose + `M:dele(1) M:dele(3) M:dele(2) pcall(M.quit, M)`,
		} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				end := "eof\n"
				if tt.answer == "close" {
					end = ""
				}
				report, err := perform(t, context.Background(), against(t, source, planned+`
C: DELE 1
C: DELE 2
C: DELE 3
S: +OK
S: +OK
S: +OK
C: QUIT
`+tt.answer+"\n"+end))
				wantOutcome(t, only(t, report), tt.outcome, tt.why)
				refused := (*RefusedError)(nil)
				if name == "raised" {
					wantError(t, err, "error_proto")
				} else if !errors.As(err, &refused) || refused.Unknown != tt.unknown {
					t.Errorf("got error %v, want a RefusedError of %d unknown deletions", err, tt.unknown)
				}
			})
		}
	}
}

// Nothing was marked: then a lost reply to QUIT leaves nothing in doubt.
func TestQuitLostWithoutMarks(t *testing.T) {
	before, _, _ := strings.Cut(planned, "C: CAPA")
	report, err := perform(t, context.Background(), against(t, asMrose+`M:dele(1) M:rset() M:quit()`,
		before+"C: RSET\nS: +OK\nC: QUIT\nclose\n"))
	wantError(t, err, "EOF")
	wantOutcome(t, only(t, report), "aborted", "QUIT")
}

// So does a refusal.
func TestQuitRefusedWithoutMarks(t *testing.T) {
	before, _, _ := strings.Cut(planned, "C: CAPA")
	report, err := perform(t, context.Background(), against(t, asMrose+`M:dele(1) M:rset() M:quit()`,
		before+"C: RSET\nS: +OK\nC: QUIT\nS: -ERR no\neof\n"))
	wantError(t, err, "-ERR no")
	wantOutcome(t, only(t, report), "aborted", "no")
}

// An interrupt between the last mark and QUIT still comes in time.
func TestInterruptBeforeQuit(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	overlay := planning(t, login(t, s))
	ctx, interrupt := context.WithCancel(context.Background())
	overlay.run.Progress = func(stage string, done, total int) {
		if done == total {
			interrupt()
		}
	}
	for _, n := range []string{"1", "2"} {
		if _, err := overlay.Mark(ctx, n, ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err := overlay.Quit(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	if got := overlay.plan.Outcome(); got != plan.Aborted || s.heardVerb("QUIT") {
		t.Errorf("got outcome %v after %q, want aborted, without QUIT", got, s.commands())
	}
	s.wantLeft(t, 3)
}

// The connection ends before QUIT: the server drops the marks, and the report
// must not leave it in doubt.
func TestConnectionLostBeforeQuit(t *testing.T) {
	tests := []struct{ name, end string }{
		{"within the marks", "C: DELE 1\nC: DELE 2\nC: DELE 3\nS: +OK\nS: +OK\nclose\n"},
		{"a mark answered by no POP3", "C: DELE 1\nC: DELE 2\nC: DELE 3\nS: +OK\nS: huh\neof\n"},
		{"unasked octets before QUIT", "C: DELE 1\nC: DELE 2\nC: DELE 3\ntogether\nS: +OK\nS: +OK\nS: +OK\nS: +OK\nend\neof\n"},
		{"at once", "close\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := perform(t, context.Background(), against(t, markAll, planned+tt.end))
			if err == nil {
				t.Error("got no error")
			}
			a := only(t, report)
			if a.Outcome != "aborted" || a.Why == "" {
				t.Errorf("got outcome %q because %q, want aborted, and why", a.Outcome, a.Why)
			}
		})
	}
}

func TestCap(t *testing.T) {
	tests := []struct {
		most    string
		outcome string
		why     string
		left    int
		quit    bool
	}{
		{"3", "committed", "", 1, true},
		{"75%", "committed", "", 1, true},
		{"all", "committed", "", 1, true},
		{"2", "aborted", "3 deletions are more than the 2 allowed", 4, false},
		{"74%", "aborted", "3 deletions are more than the 2 allowed (74% of 4 messages)", 4, false},
		{"0", "planned", "", 4, true},
	}
	for _, tt := range tests {
		t.Run(tt.most, func(t *testing.T) {
			s := serve(mail(4), nil)
			defer s.stop()
			o := s.options(t, `M:dele(1) M:dele(2) M:dele(3) M:dele(4) M:rset() M:dele(4) M:dele(3) M:dele(1) M:quit()`)
			o.Policy.Delete = allow(t, tt.most)
			report, err := perform(t, context.Background(), o)
			a := only(t, report)
			wantOutcome(t, a, tt.outcome, tt.why)
			wantError(t, err, tt.why)
			s.wantLeft(t, tt.left)
			if got, want := s.heardVerb("DELE"), tt.left == 1; got != want {
				t.Errorf("DELE was sent: got %v, want %v", got, want)
			}
			if got := s.heardVerb("QUIT"); got != tt.quit {
				t.Errorf("QUIT was sent: got %v, want %v", got, tt.quit)
			}
			if a.Delete != 3 {
				t.Errorf("got %d deletions in the plan, want 3", a.Delete)
			}
		})
	}
}

// A script that connects again has no second cap.
func TestCapIsOfTheWholeRun(t *testing.T) {
	again := `
		for _ = 1, 4 do
			local M = pop3.POP3(arg[1] or "pop.example.org") M:user("mrose") M:pass_("tanstaaf")
			M:dele(1) M:quit()
		end`
	for most, left := range map[string]int{"1": 3, "3": 1, "50%": 2, "99%": 1, "24%": 4, "all": 0} {
		t.Run(most, func(t *testing.T) {
			s := serve(mail(4), nil)
			defer s.stop()
			o := s.options(t, "")
			o.Program = compile(t, again)
			o.Policy.Delete = allow(t, most)
			_, err := perform(t, context.Background(), o)
			want := "more than the"
			if most == "all" {
				want = ""
			}
			wantError(t, err, want)
			s.wantLeft(t, left)
		})
	}
}

// Sessions that are open at once share it too, and a share stays one of the
// messages that were there at the start.
func TestCapOfSessionsAtOnce(t *testing.T) {
	for most, left := range map[string]int{"50%": 2, "2": 2, "3": 1, "75%": 1} {
		t.Run(most, func(t *testing.T) {
			s := serve(mail(4), nil)
			defer s.stop()
			o := s.options(t, `
				local N = pop3.POP3("pop.example.org") N:user("mrose") N:pass_("tanstaaf")
				N:dele(3)
				M:dele(1) M:dele(2) M:quit()
				N:quit()`)
			o.Policy.Delete = allow(t, most)
			report, _ := perform(t, context.Background(), o)
			s.wantLeft(t, left)
			outcomes := []string{report.Accounts[0].Outcome, report.Accounts[1].Outcome}
			if want := []string{"committed", map[int]string{2: "aborted", 1: "committed"}[left]}; !slices.Equal(outcomes, want) {
				t.Errorf("got outcomes %q, want %q", outcomes, want)
			}
		})
	}
}

// A share is of each maildrop's own messages.
func TestShareIsOfEachMaildrop(t *testing.T) {
	small, large := serve(mail(2), nil), serve(mail(10), nil)
	defer small.stop()
	defer large.stop()
	o := large.options(t, "")
	o.Program = compile(t, `
		for _, host in ipairs{"large", "small"} do
			local M = pop3.POP3(host) M:user("mrose") M:pass_("tanstaaf")
			for n = 1, tonumber(arg[host == "large" and 1 or 2]) do M:dele(n) end
			M:quit()
		end`)
	o.Args = []string{"5", "2"}
	o.Policy.Delete = allow(t, "50%")
	o.Dial = func(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error) {
		return pop3.NewClient(ctx, map[string]*server{"small": small, "large": large}[r.Host].dial(r.Host), r.Host, insecure())
	}
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "2 deletions are more than the 1 allowed (50% of 2 messages)")
	wantOutcome(t, report.Accounts[0], "committed", "")
	wantOutcome(t, report.Accounts[1], "aborted", "more than the 1 allowed")
	large.wantLeft(t, 5)
	small.wantLeft(t, 2)
}

// A number is of the whole run.
func TestNumberIsOfTheWholeRun(t *testing.T) {
	s := serve(mail(10), nil)
	defer s.stop()
	o := s.options(t, "")
	o.Program = compile(t, `
		for _, host in ipairs{"one", "other"} do
			local M = pop3.POP3(host) M:user("mrose") M:pass_("tanstaaf")
			M:dele(1) M:dele(2)
			M:quit()
		end`)
	o.Policy.Delete = allow(t, "3")
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "4 deletions are more than the 3 allowed")
	wantOutcome(t, report.Accounts[0], "committed", "")
	wantOutcome(t, report.Accounts[1], "aborted", "more than the 3 allowed")
	s.wantLeft(t, 8)
}

func TestNoGrant(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	o := s.options(t, `M:dele(2) M:quit()`)
	o.Policy = policy.Policy{}
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	a := only(t, report)
	wantOutcome(t, a, "planned", "")
	if a.Delete != 1 || a.Keep != 2 || a.Plan[1].Decision != "delete" {
		t.Errorf("got %+v, want message 2 planned for deletion", a)
	}
	if s.heardVerb("DELE") {
		t.Errorf("got %q, want no DELE", s.commands())
	}
	s.wantLeft(t, 3)
}

// What the script printed may be all that is left of a message: it must be
// written before any is deleted.
func TestFlushComesBeforeDeletion(t *testing.T) {
	for _, fault := range []error{nil, errors.New("no space left")} {
		s := serve(mail(2), nil)
		o := s.options(t, `M:dele(1) M:quit()`)
		flushed := false
		o.Flush = func() error {
			flushed = true
			if s.heardVerb("DELE") {
				t.Error("DELE was sent before the flush")
			}
			return fault
		}
		report, err := perform(t, context.Background(), o)
		if fault == nil {
			wantError(t, err, "")
			wantOutcome(t, only(t, report), "committed", "")
			s.wantLeft(t, 1)
		} else {
			wantError(t, err, "no space left")
			wantOutcome(t, only(t, report), "aborted", "no space left")
			s.wantLeft(t, 2)
		}
		if !flushed {
			t.Error("nothing was flushed")
		}
		s.stop()
	}
}

// The report tells every session's end apart.
func TestSeveralSessions(t *testing.T) {
	first, second := serve(mail(3), nil), serve(mail(2), nil)
	defer first.stop()
	defer second.stop()
	o := first.options(t, "")
	o.Program = compile(t, `
		local function open(host)
			local M = pop3.POP3(host) M:user("mrose") M:pass_("tanstaaf")
			return M
		end
		local a, b = open("first"), open("second")
		a:dele(1) b:dele(1) b:dele(2)
		a:quit()
		error("now what")`)
	o.Dial = func(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error) {
		return pop3.NewClient(ctx, map[string]*server{"first": first, "second": second}[r.Host].dial(r.Host), r.Host, insecure())
	}
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "test.lua:9: now what")
	if len(report.Accounts) != 2 {
		t.Fatalf("got %d accounts, want 2", len(report.Accounts))
	}
	wantOutcome(t, report.Accounts[0], "committed", "")
	wantOutcome(t, report.Accounts[1], "aborted", "the script failed")
	first.wantLeft(t, 2)
	second.wantLeft(t, 2)
}

// A quit that failed is the session's end: it cannot be tried until it works.
func TestQuitOnce(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	o := s.options(t, `
		M:dele(1) M:dele(2)
		for _ = 1, 3 do pcall(M.quit, M) end
		assert(M.closed and not pcall(M.rset, M) and not pcall(M.dele, M, 3))`)
	o.Policy.Delete = allow(t, "1")
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	wantOutcome(t, only(t, report), "aborted", "2 deletions are more than the 1 allowed")
	s.wantLeft(t, 3)
}

// Hundreds of marks go out in windows; each is answered for itself.
func TestManyMarks(t *testing.T) {
	s := serve(mail(600), nil)
	defer s.stop()
	var steps []string
	o := s.options(t, `for n = 1, 600 do if n % 3 > 0 then M:dele(n) end end M:quit()`)
	o.Progress = func(stage string, done, total int) { steps = append(steps, fmt.Sprint(stage, " ", done, "/", total)) }
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	if a := only(t, report); a.Delete != 400 || a.Outcome != "committed" {
		t.Errorf("got %d deleted, %s; want 400, committed", a.Delete, a.Outcome)
	}
	s.wantLeft(t, 200)
	if len(steps) != 400 || steps[399] != "delete 400/400" {
		t.Errorf("got %d steps, want 400, the last delete 400/400", len(steps))
	}
}
