//go:build linux

package cli_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/run"
)

// killedMessages is the maildrop of a run whose worker is killed; mark.lua
// marks 18 of them.
const killedMessages = 60

// nearQuit is how long after the QUIT the answer is on its way, on most machines.
const nearQuit = 1500 * time.Microsecond

// A worker that is killed at any moment leaves all messages or none of the
// marked ones, and the supervisor, which lives, tells which. Half of the
// moments are anywhere in the run, the others near the QUIT.
func TestWorkerKilled(t *testing.T) {
	moments := 40
	if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
		moments = 200
	}
	program := compiled(t)
	s := dovecottest.Start(t, dovecottest.Options{})
	k := &killing{t: t, program: program, server: s, messages: mail()[:killedMessages], random: rand.New(rand.NewPCG(3, 1)), counts: map[string]int{}}
	whole := k.run(time.Hour, false) // this one is not killed
	for i := range moments {
		if i%2 == 0 {
			k.run(time.Duration(k.random.Int64N(int64(whole))), false)
		} else {
			k.run(time.Duration(k.random.Int64N(int64(nearQuit))), true)
		}
		if t.Failed() {
			t.Fatalf("at moment %d of %d", i+1, moments)
		}
	}
	t.Logf("%d moments of a run of %v: %v", moments, whole.Round(time.Millisecond), k.counts)
}

// A killing is one maildrop after the other, and what became of each.
type killing struct {
	t        *testing.T
	program  string
	server   *dovecottest.Server
	messages [][]byte
	random   *rand.Rand
	user     *dovecottest.User // nil if the last was committed
	users    int
	counts   map[string]int // by outcome
}

// run kills the worker after a time from the start, or from QUIT on, and
// returns how long the run took.
func (k *killing) run(after time.Duration, fromQuit bool) time.Duration {
	k.t.Helper()
	if k.user == nil {
		k.users++
		k.user = fill(k.t, k.server, fmt.Sprintf("user%d", k.users), k.messages)
	}
	quit := make(chan struct{})
	once := sync.OnceFunc(func() { close(quit) })
	proxy := startProxy(k.t, k.server.Addr(), func(_ *link, line string) (string, bool) {
		if line == "QUIT" {
			once()
		}
		return line, true
	})
	begun := time.Now()
	r := start(k.t, k.program, markingAt(k.t, proxy, k.user, "quit")...)
	ended := make(chan struct{})
	killed := make(chan bool, 1)
	go func() {
		if fromQuit {
			select {
			case <-quit:
			case <-ended:
			}
		}
		select { // the moment
		case <-time.After(after):
		case <-ended:
		}
		did := false
		for _, pid := range children(r.cmd.Process.Pid) {
			did = syscall.Kill(pid, syscall.SIGKILL) == nil
		}
		killed <- did
	}()
	r.wait()
	took := time.Since(begun)
	close(ended)
	k.judge(r, <-killed)
	return took
}

// judge compares the maildrop with what the report says of it.
func (k *killing) judge(r *running, killed bool) {
	k.t.Helper()
	status := r.cmd.ProcessState.ExitCode()
	var report run.Report
	if err := json.Unmarshal([]byte(r.stdout.String()), &report); err != nil {
		k.t.Errorf("report: %v\n%s", err, r.stdout.String())
		return
	}
	outcome := "none"
	if len(report.Accounts) > 0 {
		outcome = report.Accounts[0].Outcome
	}
	k.server.WaitIdle()
	left := k.user.Count()
	committed := left == len(kept(k.messages))
	k.counts[fmt.Sprintf("%s (exit %d, %d messages left, killed %v)", outcome, status, left, killed)]++
	if !committed && left != len(k.messages) {
		k.t.Errorf("the maildrop has %d messages, want %d or %d", left, len(k.messages), len(kept(k.messages)))
	}
	if committed {
		holds(k.t, k.server, k.user, kept(k.messages))
		k.user = nil
	} else {
		holds(k.t, k.server, k.user, k.messages)
	}
	switch {
	case outcome == "unknown":
	case (outcome == "committed") != committed:
		k.t.Errorf("the report says %s, and the maildrop has %d messages\n%s%s", outcome, left, r.stdout.String(), r.stderr.String())
	}
	if status != 0 && status != 75 {
		k.t.Errorf("got exit status %d, want 0 or 75\n%s", status, r.stderr.String())
	}
}
