package cli_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/maildir"
)

// moveScript delivers and deletes all that there is.
const moveScript = `local M = pop3.POP3(arg[1], tonumber(arg[2]))
M:user(arg[3])
M:pass_("secret")
for msg in M:messages() do
  msg:deliver("archive", "moved")
  msg:delete("moved")
end
M:quit()
`

// moved is how many messages these tests move: all shapes of mail.
const moved = 50

// A moving is a run of popherd that delivers and deletes all mail of a user,
// again and again with the same state and target.
type moving struct {
	t      *testing.T
	user   *dovecottest.User
	proxy  string
	dir    string
	script string
}

func (m *moving) start() *running {
	m.t.Helper()
	host, port := at(m.t, m.proxy)
	return start(m.t, popherd(m.t), m.script, "--allow-net="+m.proxy, "--allow-plaintext="+m.proxy, "--allow-delete=all",
		"--target=archive=maildir:"+filepath.Join(m.dir, "archive"), "--state-dir="+filepath.Join(m.dir, "state"),
		"--backup="+filepath.Join(m.dir, "backup"), "-o", "json", "--", host, port, m.user.Name)
}

// archived counts the copies of each message, octet for octet as Dovecot sends
// it, that the target has.
func (m *moving) archived() map[string]int {
	m.t.Helper()
	dir := filepath.Join(m.dir, "archive")
	list, err := maildir.List(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		m.t.Fatal(err)
	}
	copies := map[string]int{}
	for _, each := range list {
		f, err := maildir.Open(dir, each)
		if err != nil {
			m.t.Fatal(err)
		}
		octets, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			m.t.Fatal(err)
		}
		copies[string(octets)]++
	}
	return copies
}

// count tells what is lost and what is there twice.
func (m *moving) count(messages [][]byte) (left, lost, twice int) {
	m.t.Helper()
	there, copies := map[string]bool{}, m.archived()
	for _, raw := range m.user.Messages() {
		there[string(raw)] = true
	}
	for _, raw := range messages {
		n := copies[string(sent(raw))]
		if n == 0 && !there[string(raw)] {
			lost++
		}
		twice += max(0, n-1)
	}
	return len(there), lost, twice
}

// Wherever popherd is killed, or its connection is lost: no message is lost,
// and after a clean run each was delivered once.
func TestDovecotFaults(t *testing.T) {
	t.Parallel()
	s := dovecottest.Start(t, dovecottest.Options{})
	script := filepath.Join(t.TempDir(), "move.lua")
	if err := os.WriteFile(script, []byte(moveScript), 0o600); err != nil {
		t.Fatal(err)
	}
	messages := mail()[:moved]
	pristine := fill(t, s, "pristine", messages)
	points, allLost, allTwice := 0, 0, 0
	for _, point := range []struct {
		verb string
		nth  int
	}{
		{"USER", 1}, {"UIDL", 1}, {"RETR", 1}, {"RETR", 25}, {"RETR", 50},
		{"DELE", 1}, {"DELE", 25}, {"DELE", 50}, {"QUIT", 1},
	} {
		for _, killed := range []bool{false, true} {
			for _, arrives := range []bool{false, true} {
				if arrives && point.verb != "QUIT" {
					continue // the next point
				}
				points++
				name := fmt.Sprintf("%s %d, killed %v, arrives %v", point.verb, point.nth, killed, arrives)
				u := s.AddUser(fmt.Sprint("user", points), "secret")
				u.Copy(pristine)
				here := commandAt(point.verb, point.nth)
				reached, gone := make(chan struct{}), make(chan struct{})
				var first atomic.Bool
				first.Store(true)
				proxy := startProxy(t, s.Addr(), func(l *link, line string) (string, bool) {
					if !first.Load() || !here(line) {
						return line, true
					}
					first.Store(false)
					if killed {
						close(reached)
						<-gone
					}
					if arrives {
						l.client.Close()
						l.deliver(t, line)
					}
					return "", false
				})
				m := &moving{t, u, proxy, t.TempDir(), script}
				r := m.start()
				if killed {
					select {
					case <-reached:
					case <-time.After(hangLimit):
						t.Fatalf("%s: the command was not sent", name)
					}
					if err := r.cmd.Process.Kill(); err != nil {
						t.Error(err)
					}
				}
				r.wait()
				close(gone)
				if r.cmd.ProcessState.ExitCode() == 0 {
					t.Errorf("%s: the run did not fail", name)
				}
				s.WaitIdle()
				if _, lost, _ := m.count(messages); lost > 0 {
					t.Errorf("%s: %d messages are lost", name, lost)
				}
				first.Store(false)
				m.start().ends(0)
				s.WaitIdle()
				left, lost, twice := m.count(messages)
				if left > 0 || lost > 0 || twice > 0 {
					t.Errorf("%s: in the end %d are left, %d lost, %d there twice", name, left, lost, twice)
				}
				allLost, allTwice = allLost+lost, allTwice+twice
			}
		}
	}
	t.Logf("%d points, %d messages lost, %d delivered twice", points, allLost, allTwice)
}
