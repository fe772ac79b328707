package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// A script that fails, or just ends, deletes nothing, and the report says why.
func TestScriptThatDoesNotQuit(t *testing.T) {
	tests := []struct{ name, source, err, why string }{
		{"raises", `M:dele(1) error("oops")`, "oops", "the script failed"},
		{"raises what the server said", `M:dele(1) M:dele(99)`, "error_proto: -ERR no such message", "the script failed"},
		{"raises within with", `pop3.with(M, function(M) M:dele(1) error("oops") end)`, "oops", "closed the session without quit"},
		{"ends", `M:dele(1)`, "", "ended without quit"},
		{"closes", `M:dele(1) M:close() M:close()`, "", "closed the session without quit"},
		{"hides its error", `pcall(function() M:dele(1) error("oops") end)`, "", "ended without quit"},
		{"overflows the stack", `M:dele(1) local function f() return 1 + f() end f()`, "stack overflow", "the script failed"},
		{"quits too late", `M:dele(1) M:close() M:quit()`, "closed", "closed the session without quit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(mail(3), nil)
			defer s.stop()
			report, err := perform(t, context.Background(), s.options(t, tt.source))
			wantError(t, err, tt.err)
			a := only(t, report)
			wantOutcome(t, a, "aborted", tt.why)
			if a.Delete != 1 {
				t.Errorf("got %d deletions in the plan, want 1", a.Delete)
			}
			if s.heardVerb("DELE") || s.heardVerb("QUIT") {
				t.Errorf("got %q, want neither DELE nor QUIT", s.commands())
			}
			s.wantLeft(t, 3)
		})
	}
}

// endless are scripts that would run for ever, however they catch errors.
var endless = map[string]string{
	"loop":             `while true do end`,
	"pcall in a loop":  `while true do pcall(function() while true do end end) end`,
	"pcall of itself":  `local function f() while true do pcall(f) end end f()`,
	"try in a loop":    `while true do pop3.try(function() while true do end end) end`,
	"with in a loop":   `while true do pcall(pop3.with, M, function() while true do end end) end`,
	"xpcall":           `while true do xpcall(function() while true do end end, function() while true do end end) end`,
	"coroutine":        `while true do coroutine.wrap(function() while true do end end)() end`,
	"sort":             `while true do table.sort({5,4,3,2,1}, function(a, b) while true do end end) end`,
	"plan in a loop":   `while true do pcall(M.dele, M, 1) M:stat() pcall(M.uidl, M, 1) end`,
	"server in a loop": `while true do pcall(M.noop, M) end`,
	"then quit":        `pcall(function() while true do end end) M:quit()`,
	"quit in a loop":   `pcall(function() while true do end end) while true do pcall(M.quit, M) end`,
}

func TestLimitOfTheRun(t *testing.T) {
	for name, source := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(mail(2), nil)
			defer s.stop()
			o := s.options(t, `M:dele(2) `+source)
			o.Policy.Timeouts.Run = 50 * time.Millisecond
			report, err := perform(t, context.Background(), o)
			stop := (*Stop)(nil)
			if !errors.As(err, &stop) || stop.Kind() != "limit" || !strings.Contains(stop.Hint(), "--timeout") {
				t.Errorf("got error %v, want a Stop of kind limit, and its flag", err)
			}
			for _, a := range report.Accounts { // none if a busy machine was too slow for the login
				wantOutcome(t, a, "aborted", "the run took longer than 50ms")
			}
			s.wantLeft(t, 2)
		})
	}
}

func TestInterrupt(t *testing.T) {
	for name, source := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(mail(2), nil)
			defer s.stop()
			ctx, interrupt := context.WithCancel(context.Background())
			defer interrupt()
			o := s.options(t, `M:dele(2) print("go") `+source)
			o.Stdout = writerFunc(func(p []byte) (int, error) { interrupt(); return len(p), nil })
			report, err := perform(t, ctx, o)
			stop := (*Stop)(nil)
			if !errors.As(err, &stop) || stop.Kind() != "cancelled" || stop.Hint() != "" {
				t.Errorf("got error %v, want a Stop of kind cancelled", err)
			}
			wantOutcome(t, only(t, report), "aborted", "interrupted")
			s.wantLeft(t, 2)
		})
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A run that is interrupted before it begins does nothing.
func TestInterruptedBefore(t *testing.T) {
	ctx, interrupt := context.WithCancel(context.Background())
	interrupt()
	for range 100 {
		report, err := Run(ctx, Options{
			Program: compile(t, `print("hello") pop3.POP3("x")`),
			Stdout:  writerFunc(func(p []byte) (int, error) { t.Error("the script ran"); return len(p), nil }),
			Dial: func(context.Context, luabind.DialRequest) (*pop3.Client, error) {
				t.Error("the script dialled")
				return nil, errors.New("no")
			},
		})
		wantError(t, err, "interrupted")
		if report == nil || len(report.Accounts) != 0 {
			t.Errorf("got report %+v, want an empty one", report)
		}
	}
}

// After QUIT was sent an interrupt would leave the outcome unknown: it waits
// for the answer, and what was committed is reported so.
func TestInterruptAtTheCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Second, interrupt)
		o := against(t, asMrose+`M:dele(1) M:quit() while true do end`, planned+`
C: DELE 1
S: +OK
C: QUIT
after 20s
S: +OK
eof
`)
		report, err := Run(ctx, o)
		wantError(t, err, "interrupted")
		wantOutcome(t, only(t, report), "committed", "")
	})
}

// phases are the places at which a server may fall silent. What is left of the
// dialogue is never played.
var phases = []struct {
	name, dialogue string
	outcome        string // "" if there is no plan yet
}{
	{"connect", "stall\n", ""},
	{"greeting", "octets +OK rea\nstall\n", ""},
	{"USER", "S: +OK\nC: USER mrose\nstall\n", ""},
	{"PASS", "S: +OK\nC: USER mrose\nS: +OK\nC: PASS tanstaaf\nstall\n", ""},
	{"LIST", greeted + "C: LIST\nstall\n", ""},
	{"the rows of LIST", greeted + "C: LIST\nS: +OK\nS: 1 10\nS: 2 20\nstall\n", ""},
	{"the end of LIST", greeted + "C: LIST\nS: +OK\nS: 1 10\noctets .\nstall\n", ""},
	{"UIDL", greeted + "C: LIST\nS: +OK\nS: 1 10\nS: .\nC: UIDL\nS: +OK\nstall\n", ""},
	{"RETR", planned[:strings.Index(planned, "C: CAPA")] + "C: RETR 2\nS: +OK\nS: Subject: x\nstall\n", "aborted"},
	{"RETR by single octets", planned[:strings.Index(planned, "C: CAPA")] + "C: RETR 2\nS: +OK\nrepeat forever drip 1s octets x\n", "aborted"},
	{"CAPA", planned[:strings.Index(planned, "C: CAPA")] + retrieved + "C: CAPA\nstall\n", "aborted"},
	{"the first DELE", planned[:strings.Index(planned, "C: CAPA")] + retrieved + planned[strings.Index(planned, "C: CAPA"):] + "C: DELE 1\nstall\n", "aborted"},
	{"the last DELE", planned[:strings.Index(planned, "C: CAPA")] + retrieved + planned[strings.Index(planned, "C: CAPA"):] + "C: DELE 1\nC: DELE 3\nS: +OK\nstall\n", "aborted"},
	{"QUIT", planned[:strings.Index(planned, "C: CAPA")] + retrieved + planned[strings.Index(planned, "C: CAPA"):] + "C: DELE 1\nC: DELE 3\nS: +OK\nS: +OK\nC: QUIT\nstall\n", "unknown"},
	{"within QUIT's answer", planned[:strings.Index(planned, "C: CAPA")] + retrieved + planned[strings.Index(planned, "C: CAPA"):] + "C: DELE 1\nC: DELE 3\nS: +OK\nS: +OK\nC: QUIT\noctets +OK\nstall\n", "unknown"},
}

const retrieved = "C: RETR 2\nS: +OK\nS: Subject: x\nS:\nS: .\n"

const markTwo = asMrose + `M:dele(1) M:dele(3) M:retr(2) M:quit()`

// Whatever the server leaves unanswered, the session's own timeouts end the
// wait.
func TestSilentServer(t *testing.T) {
	for _, tt := range phases {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				report, err := Run(context.Background(), against(t, markTwo, tt.dialogue))
				object := (*luabind.Error)(nil)
				if !errors.As(err, &object) || object.Kind != luabind.KindTimeout {
					t.Errorf("got error %v, want kind timeout", err)
				}
				wantPhase(t, report, tt.outcome)
			})
		})
	}
}

// The limit of the run, and an interrupt, end the wait sooner, but for QUIT's
// answer; and no pcall hides them.
func TestStopWhileTheServerIsSilent(t *testing.T) {
	for _, tt := range phases {
		for _, stopped := range []string{"limit", "cancelled"} {
			t.Run(tt.name+", "+stopped, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, interrupt := context.WithCancel(context.Background())
					defer interrupt()
					o := against(t, `while true do pcall(function() `+markTwo+` end) end`, tt.dialogue)
					o.Policy.Timeouts.Run = 5 * time.Second
					if stopped == "cancelled" {
						o.Policy.Timeouts.Run = time.Hour
						time.AfterFunc(5*time.Second, interrupt)
					}
					start := time.Now()
					report, err := Run(ctx, o)
					stop := (*Stop)(nil)
					if !errors.As(err, &stop) || stop.Kind() != stopped {
						t.Errorf("got error %v, want a Stop of kind %s", err, stopped)
					}
					want := 5 * time.Second
					if tt.outcome == "unknown" {
						want = time.Minute // the session's own timeout
					}
					if took := time.Since(start); took != want {
						t.Errorf("got an end after %v, want %v", took, want)
					}
					wantPhase(t, report, tt.outcome)
				})
			})
		}
	}
}

func wantPhase(t *testing.T, report *Report, outcome string) {
	t.Helper()
	if outcome == "" {
		if len(report.Accounts) != 0 {
			t.Errorf("got accounts %+v, want none: there was no plan", report.Accounts)
		}
		return
	}
	if a := only(t, report); a.Outcome != outcome || a.Why == "" {
		t.Errorf("got outcome %q because %q, want %s, and why", a.Outcome, a.Why, outcome)
	}
}

// A fault of ours in a binding ends the run, and cannot be caught.
func TestPanicInTheHost(t *testing.T) {
	s := serve(mail(2), nil)
	defer s.stop()
	o := s.options(t, `M:dele(1) pcall(function() require("getpass").getuser() end) pcall(M.quit, M)`)
	o.GetUser = func() (string, error) { panic("oh dear") }
	report, err := perform(t, context.Background(), o)
	stop := (*Stop)(nil)
	if !errors.As(err, &stop) || stop.Kind() != "internal" {
		t.Errorf("got error %v, want a Stop of kind internal", err)
	}
	wantOutcome(t, only(t, report), "aborted", "a fault in popherd")
	s.wantLeft(t, 2)
}
