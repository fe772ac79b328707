package cli_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// markingAt are the arguments of a run of mark.lua over plaintext, through a
// proxy that reads along.
func markingAt(t *testing.T, proxy string, u *dovecottest.User, ending string) []string {
	t.Helper()
	host, port := at(t, proxy)
	return []string{markScript, "--allow-net=" + proxy, "--allow-plaintext=" + proxy, "--allow-delete", "-o", "json",
		"--", "POP3", host, port, u.Name, "secret", ending}
}

// commandAt is a watcher's condition: the nth command that begins with verb.
func commandAt(verb string, nth int) func(line string) bool {
	seen := 0
	return func(line string) bool {
		if strings.HasPrefix(line, verb) {
			seen++
			return seen == nth
		}
		return false
	}
}

// A connection that is lost before QUIT arrives deletes nothing, in whichever
// way and at whichever command it is lost. Lost at QUIT, nobody can know.
func TestDovecotConnectionLost(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	for _, test := range []struct {
		verb    string
		nth     int
		outcome string
	}{
		{"DELE", 1, "aborted"},
		{"DELE", 2, "aborted"},
		{"DELE", 17, "aborted"},
		{"DELE", 150, "aborted"},
		{"DELE", 300, "aborted"},
		{"QUIT", 1, "unknown"},
	} {
		for how, lose := range map[string]func(*link){"FIN": func(*link) {}, "RST": (*link).reset} {
			t.Run(fmt.Sprint(test.verb, test.nth, how), func(t *testing.T) {
				here := commandAt(test.verb, test.nth)
				proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
					if here(line) {
						lose(l)
						return "", false
					}
					return line, true
				})
				r := start(t, popherd(t), markingAt(t, proxy, u, "quit")...)
				r.wait()
				if got := r.cmd.ProcessState.ExitCode(); got != 76 && got != 69 {
					t.Errorf("got exit status %d, want 69 or 76 (the server cannot be reached, or ended too early)", got)
				}
				r.outcomeIs(test.outcome, test.verb)
				r.says("popherd: testdata/dovecot/mark.lua:")
				holds(t, s, u, messages)
			})
		}
	}
}

// When the answer to QUIT is lost the outcome is unknown, and the maildrop has
// all of the messages or none of the marked ones.
func TestDovecotAnswerLost(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	for _, test := range []struct {
		user string
		lose func(*link, string)
		left int // 0: all or 700
	}{
		{"anna", func(l *link, quit string) { l.client.Close(); l.deliver(t, quit) }, manyMessages - marked},
		{"bert", func(l *link, quit string) { l.reset(); l.deliver(t, quit) }, manyMessages - marked},
		{"carl", func(l *link, quit string) { io.WriteString(l.server, quit+"\r\n"); l.reset() }, 0},
		{"dora", func(l *link, quit string) { io.WriteString(l.server, quit+"\r\n"); l.server.SetLinger(0) }, 0},
	} {
		t.Run(test.user, func(t *testing.T) {
			u := fill(t, s, test.user, messages)
			proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
				if line == "QUIT" {
					test.lose(l, line)
					return "", false
				}
				return line, true
			})
			r := start(t, popherd(t), markingAt(t, proxy, u, "quit")...)
			r.wait()
			if got := r.cmd.ProcessState.ExitCode(); got != 76 && got != 69 {
				t.Errorf("got exit status %d, want 69 or 76", got)
			}
			r.outcomeIs("unknown", "QUIT")
			r.says("deletions may or may not be done")
			s.WaitIdle()
			switch left := u.Count(); {
			case left == manyMessages && test.left == 0:
				holds(t, s, u, messages)
			default:
				holds(t, s, u, kept(messages))
			}
		})
	}
}

// A server that goes away as a whole is a connection lost.
func TestDovecotKilled(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	here := commandAt("DELE", 200)
	proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
		if here(line) {
			s.Kill()
		}
		return line, true
	})
	r := start(t, popherd(t), markingAt(t, proxy, u, "quit")...)
	r.wait()
	if got := r.cmd.ProcessState.ExitCode(); got != 76 && got != 69 {
		t.Errorf("got exit status %d, want 69 or 76", got)
	}
	r.outcomeIs("aborted", "DELE")
	if got := u.Count(); got != manyMessages {
		t.Errorf("the maildrop has %d messages, want %d", got, manyMessages)
	}
}

// kill -9 at any moment leaves all messages, or after QUIT is on its way none
// of the marked ones, but never a part of them.
func TestDovecotClientKilled(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	for _, test := range []struct {
		verb      string
		nth       int
		delivered bool // to the server, after popherd's death
	}{
		{"USER", 1, true},
		{"STAT", 1, true},
		// Dovecot keeps a session whose client is gone in the middle of a listing
		// for as long as an idle one, ten minutes: these do not reach it.
		{"LIST", 1, false},
		{"UIDL", 1, false},
		{"DELE", 1, false},
		{"DELE", 1, true},
		{"DELE", 150, true},
		{"DELE", 300, true},
		{"QUIT", 1, false},
		{"QUIT", 1, true}, // the last: it deletes
	} {
		t.Run(fmt.Sprint(test.verb, test.nth, test.delivered), func(t *testing.T) {
			reached, killed := make(chan struct{}), make(chan struct{})
			here := commandAt(test.verb, test.nth)
			proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
				if !here(line) {
					return line, true
				}
				close(reached)
				<-killed
				if test.delivered && line == "QUIT" {
					l.deliver(t, line)
				}
				return line, test.delivered && line != "QUIT"
			})
			r := start(t, popherd(t), markingAt(t, proxy, u, "quit")...)
			<-reached
			if err := r.cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			r.wait()
			close(killed)
			want := messages
			if test.verb == "QUIT" && test.delivered {
				want = kept(messages)
			}
			holds(t, s, u, want)
		})
	}
}

// kill -9 of a script that is at work on what it marked.
func TestDovecotClientKilledInLua(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	for _, ending := range []string{"loop", "wait"} {
		args := marking(t, s, u, ending, "--allow-delete", "--trace")
		r := start(t, popherd(t), append(args, silent(t))...)
		r.stderr.await(t, "C: NOOP")
		if err := r.cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		r.wait()
		holds(t, s, u, messages)
	}
}

// A message that Dovecot will not mark stays, and the others go: the report
// and the exit status say so.
func TestDovecotRefusesADeletion(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
		if line == "DELE 501" {
			return "DELE 1001", true // which Dovecot does not have
		}
		return line, true
	})
	r := runPopherd(t, 76, markingAt(t, proxy, u, "quit")...)
	a := r.account()
	if a.Outcome != "committed" || a.Refused != 1 || a.Delete != marked-1 || a.Keep != manyMessages-marked+1 {
		t.Errorf("got outcome %s, %d refused, %d to delete, %d to keep, want committed, 1, %d, %d",
			a.Outcome, a.Refused, a.Delete, a.Keep, marked-1, manyMessages-marked+1)
	}
	if row := a.Plan[500]; row.Decision != "keep" || !strings.Contains(row.Reason, "There's no message 1001") {
		t.Errorf("the report says of message 501: %+v", row)
	}
	r.says("the server refused to delete 1 of 300 messages: they are still there")
	var want [][]byte
	for i, m := range messages {
		if last := (i + 1) % 10; i == 500 || last < 1 || last > 3 {
			want = append(want, m)
		}
	}
	holds(t, s, u, want)
}

// A QUIT that is answered with -ERR leaves the outcome unknown (RFC 1939
// section 6: some deleted messages not removed).
func TestDovecotRefusesQuit(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	messages := mail()
	u := fill(t, s, "anna", messages)
	proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
		if line != "QUIT" {
			return line, true
		}
		io.WriteString(l.client, "-ERR [SYS/TEMP] some deleted messages not removed\r\n")
		return "", false
	})
	r := runPopherd(t, 75, markingAt(t, proxy, u, "quit")...)
	r.outcomeIs("unknown", "some deleted messages not removed")
	r.says("error_proto: -ERR [SYS/TEMP] some deleted messages not removed")
	holds(t, s, u, messages)
}
