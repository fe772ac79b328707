package run

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// A command in a script's own words gets no more past the plan than a method.
func TestRawCommandsGoThroughThePlan(t *testing.T) {
	for _, line := range []string{
		"DELE 1", "dele 1", "dElE 1", "DELE  1", "DELE 1 ", " DELE 1", "DELE 1 2", "DELE +1", "DELE 01",
		"DELE\t1", "DELE 1\r\nQUIT", "DELE 1\nDELE 2", "NOOP\r\nDELE 1", "DELE\x00 1", "DELE\v1", "DELE\u00a01", "", " ",
	} {
		for _, call := range []string{"_shortcmd", "_longcmd"} {
			s := serve(mail(3), nil)
			o := s.options(t, fmt.Sprintf(`pcall(M.%s, M, %s) M:stat() M:quit()`, call, luaString(line)))
			o.Policy.Raw, o.DryRun = true, true
			_, err := perform(t, context.Background(), o)
			wantError(t, err, "")
			if heard := strings.Join(s.commands(), "\n"); strings.Contains(strings.ToUpper(heard), "DELE") {
				t.Errorf("%s(%q): the server heard %q", call, line, heard)
			}
			s.wantLeft(t, 3)
			s.stop()
		}
	}
}

// luaString quotes any octets.
func luaString(s string) string {
	var b strings.Builder
	for _, octet := range []byte(s) {
		fmt.Fprintf(&b, `\%03d`, octet)
	}
	return `"` + b.String() + `"`
}

func TestRawMarkIsPlanned(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	o := s.options(t, `print(M:_shortcmd("dele 2")) print(M:_shortcmd("STAT")) print(M:_shortcmd("Quit"))`)
	o.Policy.Raw = true
	report, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	a := only(t, report)
	wantOutcome(t, a, "committed", "")
	if a.Delete != 1 || a.Plan[1].Decision != "delete" {
		t.Errorf("got %+v, want message 2 deleted", a)
	}
	s.wantLeft(t, 2)
}

// QUIT in any words is the one commit, with its cap.
func TestRawQuitIsTheCommit(t *testing.T) {
	for _, line := range []string{"QUIT", "quit", "Quit", "QUIT ", "quit now", "qu\u0131t"} {
		s := serve(mail(3), nil)
		o := s.options(t, fmt.Sprintf(`M:dele(1) M:dele(2) print(pcall(M._shortcmd, M, %s)) print(pcall(M._longcmd, M, %[1]s))`, luaString(line)))
		o.Policy.Raw = true
		o.Policy.Delete = allow(t, "1")
		report, err := perform(t, context.Background(), o)
		wantError(t, err, "")
		if a := only(t, report); a.Outcome != "aborted" {
			t.Errorf("%q: got outcome %s, want aborted", line, a.Outcome)
		}
		if s.heardVerb("QUIT") || s.heardVerb("DELE") {
			t.Errorf("%q: the server heard %q", line, s.commands())
		}
		s.wantLeft(t, 3)
		s.stop()
	}
}

// What is answered otherwise than the call expects would leave the session
// out of step: it is refused before anything is sent, and the session goes on.
func TestRawCommandsKeepStep(t *testing.T) {
	s := serve(mail(3), nil)
	defer s.stop()
	o := s.options(t, `
		for _, line in ipairs{"RETR 1", "retr 1", "TOP 1 0", "AUTH PLAIN", "STLS", "RETR"} do
			local ok, e = pcall(M._shortcmd, M, line)
			assert(not ok and e.kind == "ValueError", line)
		end
		for _, line in ipairs{"DELE 1", "RSET", "STAT", "QUIT", "NOOP", "LIST 1", "UIDL 1", "AUTH", "PASS x", "USER x", "apop a b"} do
			local ok, e = pcall(M._longcmd, M, line)
			assert(not ok and e.kind == "ValueError", line)
		end
		assert(#select(2, M:_longcmd("LIST")) == 3)
		assert(#select(2, M:_longcmd("uidl")) == 3)
		assert(M:_shortcmd("LIST 2"):find("^%+OK 2 "))
		assert(M:_shortcmd("noop") and M:stat() == 3)
		M:quit()`)
	o.Policy.Raw = true
	_, err := perform(t, context.Background(), o)
	wantError(t, err, "")
}

// A server that takes a RETR of nothing is odd, and no reason to fall over.
func TestRawRetrieveWithoutNumber(t *testing.T) {
	o := against(t, asMrose+`local _, lines = M:_longcmd("RETR") print(#lines) M:quit()`, greeted+`
C: RETR
S: +OK
S: one
S: two
S: .
C: QUIT
S: +OK
eof
`)
	o.Policy.Raw = true
	var out strings.Builder
	o.Stdout = &out
	_, err := perform(t, context.Background(), o)
	wantError(t, err, "")
	if out.String() != "2\n" {
		t.Errorf("got %q, want 2 lines", out.String())
	}
}

func TestRawIsNotGranted(t *testing.T) {
	s := serve(mail(1), nil)
	defer s.stop()
	_, err := perform(t, context.Background(), s.options(t, `M:_shortcmd("NOOP")`))
	wantError(t, err, "--allow-raw")
	if s.heardVerb("NOOP") {
		t.Errorf("got %q, want no NOOP", s.commands())
	}
}
