package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/jobs"
)

// fleetLimit ends a story that hangs.
const fleetLimit = 30 * time.Minute

// fleetPoll is between two looks at what goes on.
const fleetPoll = 50 * time.Millisecond

// Three daemons on one database work an hour's fires for 200 accounts of one
// Dovecot, while mail arrives. One of them is killed in the midst of reading
// and committing, and takes its workers along. Each fire comes once to each
// account, no maildrop is worked by two at once, no run is lost, and each
// message is where it belongs, once.
func TestFleetSQLite(t *testing.T) {
	t.Parallel()
	tellFleet(t, func(dir string) string { return filepath.Join(dir, "jobs.db") })
}

// The same on PostgreSQL.
func TestFleetPostgres(t *testing.T) {
	t.Parallel()
	tellFleet(t, func(string) string { return startFleetPostgres(t) })
}

// A fleet is some daemons, what they work, and who watches them.
type fleet struct {
	t       *testing.T
	size    fleetSize
	dir     string
	db      string
	enabled bool // whether the jobs are, in the configuration
	clock   fleetClock
	hour    time.Time // of the fires
	jobs    []fleetJob
	server  *dovecottest.Server
	log     string // Dovecot's of logins
	witness *witness
	mail    *fleetMail
	daemons []*member
	engine  *jobs.Engine // to look

	killed   time.Time
	orphans  []*wire // sessions of the daemon that was killed
	arrivals int     // messages that came within the hour
}

func tellFleet(t *testing.T, database func(dir string) string) {
	f := &fleet{t: t, size: sizeOfFleet(), dir: t.TempDir()}
	began := time.Now()
	f.log = filepath.Join(f.dir, "logins")
	f.server = dovecottest.Start(t, dovecottest.Options{Extra: "info_log_path = " + f.log + "\n"})
	f.db = database(f.dir)
	f.witness = startWitness(t, f.server.Addr())
	f.mail = newFleetMail(t, f)
	ready := time.Now()
	f.begin()
	f.killOne()
	f.untilHourIsOver()
	hour := time.Now()
	f.untilAllIsDone()
	f.stop()
	t.Logf("prepared in %.1f s, hour of fires over after %.1f s, all done and stopped after %.1f s",
		ready.Sub(began).Seconds(), hour.Sub(began).Seconds(), time.Since(began).Seconds())
	f.judge()
}

// begin starts the daemons some seconds before the hour.
func (f *fleet) begin() {
	f.t.Helper()
	f.clock, f.hour = newFleetClock(f.size)
	f.jobs = f.size.jobs(f.hour)
	f.enabled = true
	f.writeScripts()
	for range fleetDaemons {
		f.daemons = append(f.daemons, f.launch())
	}
	f.says(f.daemons, "the daemon begins")
	if now := f.clock.now(); !now.Before(f.hour) {
		f.t.Fatalf("the daemons took until %v past the hour to begin; this machine is too slow for that", now.Sub(f.hour))
	}
	var err error
	f.engine, err = jobs.Open(f.t.Context(), jobs.Options{DB: f.db, Node: "judge"})
	must(f.t, err)
	f.t.Cleanup(func() { f.engine.Close() })
}

// killOne kills a daemon while half of its runs read and the others have asked
// for the commit, and starts another one in its place. Of the commits that were
// asked for, every other one comes to the server.
func (f *fleet) killOne() {
	f.t.Helper()
	victim := f.daemons[fleetVictim]
	g := f.witness.grasp(victim.from, fleetNames(0, fleetAccounts/2), fleetWorkers) // which archive alone works
	select {
	case <-g.full:
	case <-time.After(fleetLimit):
		f.t.Fatal("the daemon to be killed was never at so much")
	}
	workers := children(victim.cmd.Process.Pid)
	if len(workers) < fleetWorkers {
		f.t.Errorf("the daemon to be killed has %d workers, want %d", len(workers), fleetWorkers)
	}
	f.killed = time.Now()
	must(f.t, victim.cmd.Process.Kill())
	<-victim.ended
	f.poll("its workers die with the daemon", func() bool { return !slices.ContainsFunc(workers, alive) })
	f.orphans = g.release()
	f.daemons = append(f.daemons, f.launch())
}

// untilHourIsOver has mail arrive until the last fires.
func (f *fleet) untilHourIsOver() {
	f.t.Helper()
	wave := f.hour
	f.poll("the hour", func() bool {
		if now := f.clock.now(); now.After(wave) {
			wave = wave.Add(f.size.wave)
			f.arrivals += f.mail.arrive(now.Sub(f.hour))
		}
		return f.clock.now().After(f.hour.Add(time.Hour))
	})
}

// untilAllIsDone has the daemons fire no more, which they learn from the
// configuration, and waits for what is under way.
func (f *fleet) untilAllIsDone() {
	f.t.Helper()
	f.enabled = false
	for _, d := range f.living() {
		f.write(d)
		must(f.t, d.cmd.Process.Signal(syscall.SIGHUP))
	}
	f.says(f.living(), "the configuration was read again")
	f.poll("all runs are done", func() bool {
		for _, state := range []string{"waiting", "queued", "running"} {
			list, err := f.engine.History(f.t.Context(), jobs.Query{State: state, Limit: 1})
			must(f.t, err)
			if len(list) > 0 {
				return false
			}
		}
		return true
	})
}

// stop ends the daemons as systemd would.
func (f *fleet) stop() {
	f.t.Helper()
	for _, d := range f.living() {
		must(f.t, d.cmd.Process.Signal(syscall.SIGTERM))
	}
	for _, d := range f.living() {
		<-d.ended
		if code := d.cmd.ProcessState.ExitCode(); code != 0 {
			f.t.Errorf("a daemon ended with status %d, want 0:\n%s", code, lastLines(d.log.String(), 20))
		}
	}
	f.server.WaitIdle()
}

// living are the daemons but the one that was killed.
func (f *fleet) living() []*member {
	var list []*member
	for i, d := range f.daemons {
		if i != fleetVictim {
			list = append(list, d)
		}
	}
	return list
}

// poll returns when something is so.
func (f *fleet) poll(what string, so func() bool) {
	f.t.Helper()
	ticker := time.NewTicker(fleetPoll)
	defer ticker.Stop()
	hung := time.After(fleetLimit)
	for !so() {
		select {
		case <-ticker.C:
		case <-hung:
			f.t.Fatalf("%s: not after %v", what, fleetLimit)
		}
	}
}

// alive reports whether a process is there, and no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	return len(fields) > 0 && fields[0] != "Z" && fields[0] != "X"
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
