package cli_test

import (
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// marking are the arguments of a run of mark.lua over TLS.
func marking(t *testing.T, s *dovecottest.Server, u *dovecottest.User, ending string, flags ...string) []string {
	t.Helper()
	host, port := at(t, s.TLSAddr())
	args := append([]string{markScript, "--ca-file", s.CAFile, "--allow-net=127.0.0.1"}, flags...)
	return append(args, "--", "POP3_SSL", host, port, u.Name, "secret", ending)
}

// outcomeIs checks the outcome in a report with -o json, and that it counts
// the marks.
func (r *running) outcomeIs(outcome, why string) {
	r.t.Helper()
	a := r.account()
	if a.Messages != manyMessages || a.Delete != marked || a.Keep != manyMessages-marked {
		r.t.Errorf("got %d messages, %d to delete, %d to keep, want %d, %d, %d",
			a.Messages, a.Delete, a.Keep, manyMessages, marked, manyMessages-marked)
	}
	if a.Outcome != outcome || !strings.Contains(a.Why, why) {
		r.t.Errorf("got outcome %q because %q, want %q because %q", a.Outcome, a.Why, outcome, why)
	}
}

// One commit deletes what was marked, and nothing else.
func TestDovecotDeletesWhatWasMarked(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	for user, allowed := range map[string]string{"anna": "--allow-delete", "bert": "--allow-delete=300", "carl": "--allow-delete=30%"} {
		t.Run(allowed, func(t *testing.T) {
			u := fill(t, s, user, messages)
			r := runPopherd(t, 0, marking(t, s, u, "quit", allowed, "-o", "json")...)
			r.outcomeIs("committed", "")
			r.says("+OK Logging out, messages deleted.")
			holds(t, s, u, kept(messages))
		})
	}
}

// Whatever is not a commit deletes nothing. It is one maildrop for all.
func TestDovecotKeepsAll(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	for _, test := range []struct {
		name, ending string
		flags        []string
		status       int
		outcome, why string
		says         []string
	}{
		{"script error", "error", []string{"--allow-delete"}, 1,
			"aborted", "the script failed", []string{"on purpose"}},
		{"refused command", "error_proto", []string{"--allow-delete"}, 76,
			"aborted", "the script failed", []string{"error_proto: -ERR There's no message 1001."}},
		{"no quit", "nothing", []string{"--allow-delete"}, 0,
			"aborted", "the script ended without quit", []string{"300 marks were dropped and nothing was deleted", "hint: end the script with M:quit()"}},
		{"close", "close", []string{"--allow-delete"}, 0,
			"aborted", "the script closed the session without quit", []string{"300 marks were dropped and nothing was deleted"}},
		{"not allowed", "quit", nil, 0,
			"planned", "", nil},
		{"dry run", "quit", []string{"-n", "--allow-delete"}, 0,
			"planned", "", nil},
		{"dry run of an error", "error", []string{"-n", "--allow-delete"}, 1,
			"aborted", "the script failed", []string{"on purpose"}},
		{"beyond a number", "quit", []string{"--allow-delete=299"}, 77,
			"aborted", "delete", []string{"policy: ", "hint: allow it with --allow-delete=300"}},
		{"beyond a share", "quit", []string{"--allow-delete=29%"}, 77,
			"aborted", "delete", []string{"policy: ", "hint: allow it with --allow-delete=30"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := runPopherd(t, test.status, marking(t, s, u, test.ending, append(test.flags, "-o", "json")...)...)
			r.outcomeIs(test.outcome, test.why)
			r.says(test.says...)
			holds(t, s, u, messages)
		})
	}
	t.Run("rset", func(t *testing.T) {
		r := runPopherd(t, 0, marking(t, s, u, "rset", "--allow-delete", "-o", "json")...)
		if a := r.account(); a.Outcome != "committed" || a.Delete != 0 || a.Keep != manyMessages {
			t.Errorf("got outcome %s, %d to delete, %d to keep, want committed, 0, %d", a.Outcome, a.Delete, a.Keep, manyMessages)
		}
		holds(t, s, u, messages)
	})
	t.Run("what people see", func(t *testing.T) {
		r := runPopherd(t, 0, marking(t, s, u, "quit")...)
		want := "plan: 0 deliver, 300 delete, 700 keep   (dry run: nothing changed; run with --allow-delete to carry it out)\n"
		if got := r.stdout.String(); !strings.HasSuffix(got, want) {
			t.Errorf("got:\n%.300s\n...\n%s\nwant at the end: %s", got, got[max(0, len(got)-300):], want)
		}
		holds(t, s, u, messages)
	})
}

// A run that takes too long deletes nothing, whether it is at work in Lua or
// waits for a server. Both runs take their time at once.
func TestDovecotTimeout(t *testing.T) {
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	users := map[string]*dovecottest.User{"loop": fill(t, s, "anna", messages), "wait": fill(t, s, "ben", messages)}
	var runs []*running
	for ending, u := range users {
		args := marking(t, s, u, ending, "--allow-delete", "--timeout=5s", "-o", "json")
		runs = append(runs, start(t, popherd(t), append(args, silent(t))...))
	}
	for _, r := range runs {
		r.ends(5)
		r.says("the run took longer than 5", "hint: give it longer with --timeout")
		// A worker that is too slow to tell what it had planned is killed.
		if !strings.Contains(r.stdout.String(), `"accounts": []`) {
			r.outcomeIs("aborted", "the run took longer than 5s")
		}
	}
	for _, u := range users {
		holds(t, s, u, messages)
	}
}

// silent is the port of a server that never greets.
func silent(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	_, port := at(t, listener.Addr().String())
	return port
}
