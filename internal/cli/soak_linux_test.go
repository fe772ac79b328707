package cli_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	_ "modernc.org/sqlite" // to lock the daemon's database

	"github.com/popherd/popherd/pop3/pop3test"
)

// soakRate is how many seconds the daemon's clock shows for each.
const soakRate = 60

// soakFaults are what servers do wrong, and how it must be taken. Of all but the
// first there is one server, with an account and a job of its own.
var soakFaults = []struct {
	name     string
	class    string // "" for a server that is always well
	says     string // in the message
	attempts int    // of a run, before the server is well again
	pauses   bool   // it is not tried again
	every    string
	timeout  string // of a command
	deadline string // of a run
}{
	{"none", "", "", 1, false, "2m", "30s", "1m"},
	{"down", "temporary", "refused", 3, false, "13m", "30s", "1m"},
	{"hung", "temporary", "no answer", 3, false, "13m", "1s", "1m"},
	{"slow", "temporary", "deadline", 2, false, "13m", "30s", "3s"},
	{"stuck", "temporary", "no answer", 3, false, "13m", "1s", "1m"},
	{"in-use", "temporary", "[IN-USE]", 3, false, "13m", "30s", "1m"},
	{"sys-temp", "temporary", "[SYS/TEMP]", 3, false, "13m", "30s", "1m"},
	{"login-delay", "temporary", "[LOGIN-DELAY]", 3, false, "13m", "30s", "1m"},
	{"auth", "refused", "[AUTH]", 1, true, "2m", "30s", "1m"},
	{"sys-perm", "permanent", "[SYS/PERM]", 1, true, "2m", "30s", "1m"},
	{"expired", "permanent", "certificate", 1, true, "2m", "30s", "1m"},
}

// soakPause is after how many failures in a row a job is paused.
const soakPause = 3

// A soak is a daemon, its servers, and what was counted.
type soak struct {
	t       *testing.T
	dir     string
	config  string
	servers []*soakServer
	daemon  *soakDaemon
	began   time.Time
	cycles  int
	uses    []soakUse

	shown, paused, mended, retried map[string]int // by fault
	locked, refused                int
	leastWait                      float64 // of what it must be
}

// The daemon goes on through faults of all kinds, for POPHERD_SOAK or 45
// seconds: each is seen in log, page and metrics, what may pass is tried again,
// what may not is paused, all ends well once the servers are, and nothing grows.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes most of a minute")
	}
	t.Parallel()
	length := 45 * time.Second
	if text := os.Getenv("POPHERD_SOAK"); text != "" {
		var err error
		if length, err = time.ParseDuration(text); err != nil {
			t.Fatalf("POPHERD_SOAK: %v", err)
		}
	}
	s := &soak{t: t, dir: t.TempDir(), began: time.Now(), shown: map[string]int{}, paused: map[string]int{}, mended: map[string]int{}, retried: map[string]int{}}
	s.prepare()
	s.daemon = startSoakDaemon(t, s.config, fmt.Sprintf("POPHERD_TEST_CLOCK=%d %d", s.began.Unix(), soakRate))
	reader := s.daemon.reader(s.names())
	defer func() { // also of a test that fails
		reader.end()
		s.tell(reader)
	}()
	long := length >= 3*time.Minute
	for took := time.Duration(0); s.cycles < 2 || time.Since(s.began)+took < length; {
		cycle := time.Now()
		s.cycle(long && s.cycles == 2)
		took = time.Since(cycle)
		if t.Failed() {
			break
		}
	}
	reader.end()
	s.stop()
	s.judge(reader)
}

func (s *soak) names() (names []string) {
	for _, f := range soakFaults {
		names = append(names, f.name)
	}
	return names
}

// prepare starts the servers and writes the configuration.
func (s *soak) prepare() {
	ca := pop3test.NewCA(s.t)
	for _, f := range soakFaults {
		s.servers = append(s.servers, startSoakServer(s.t, ca, f.name))
	}
	script := filepath.Join(s.dir, "rules.lua")
	must(s.t, os.WriteFile(script, []byte(`return { name = "old", rule = rule.subject("old"), delete = true }`), 0o600))
	var b strings.Builder
	fmt.Fprintf(&b, "[daemon]\ndb = %q\n[policy]\nstate_dir = %q\n", s.database(), filepath.Join(s.dir, "state"))
	fmt.Fprintf(&b, "[defaults]\nca_file = %q\n", ca.File(s.t))
	for i, f := range soakFaults {
		host, port := at(s.t, s.servers[i].addr)
		fmt.Fprintf(&b, "[accounts.%s]\nuser = \"anna\"\nhost = %q\nport = %s\ntls = \"implicit\"\npassword = \"secret\"\nconnect_timeout = %q\ncommand_timeout = %q\n", f.name, host, port, f.timeout, f.timeout)
		fmt.Fprintf(&b, "[jobs.%s]\nscript = %q\naccounts = [%q]\nschedule = \"@every %s\"\nfirst_run = \"real\"\nallow_delete = \"all\"\npause_after = %d\ndeadline = %q\n",
			f.name, script, f.name, f.every, soakPause, f.deadline)
		if f.name == "stuck" {
			b.WriteString("quarantine = 0\n") // it is not the message's fault
		}
		fmt.Fprintf(&b, "notify = { command = [\"/bin/sh\", \"-c\", \"cat >> %s\"] }\n", filepath.Join(s.dir, "notices"))
	}
	s.config = filepath.Join(s.dir, "config.toml")
	must(s.t, os.WriteFile(s.config, []byte(b.String()), 0o600))
}

func (s *soak) database() string { return filepath.Join(s.dir, "jobs.db") }

// cycle has all faults come and go once.
func (s *soak) cycle(lockLong bool) {
	s.t.Helper()
	s.cycles++
	log := &s.daemon.log
	ill, metrics := log.size(), s.daemon.get("/metrics")
	for _, each := range s.servers {
		each.add(s.cycles)
		each.set(true)
	}
	s.lock(2 * time.Second)
	s.breakConfiguration()
	if lockLong {
		locked := log.size()
		s.lock(40 * time.Second) // longer than the database waits, and than a lease
		log.await(s.t, "the lock", locked, func(l soakLine) bool { return l.Level == "ERROR" && l.Msg == "jobs: the lease was not renewed" })
	}
	for _, f := range soakFaults[1:] {
		s.seen(f.name, f.class, f.says, f.attempts, ill)
		attempts := `popherd_attempts_total{class="` + f.class + `"}`
		if n := s.daemon.metric(attempts); n <= metricOf(metrics, attempts) {
			s.t.Errorf("%s: the metrics have no more attempts that were %s than %v", f.name, f.class, n)
		}
		if f.pauses {
			s.pauses(f.name, f.class, ill)
		}
	}
	for _, each := range s.servers {
		each.set(false)
	}
	well := log.size()
	for _, f := range soakFaults {
		if f.pauses {
			s.daemon.order(f.name, "enable")
		}
	}
	for _, f := range soakFaults {
		s.endsWell(f.name, well)
	}
	for _, each := range s.servers {
		each.judge()
	}
	s.uses = append(s.uses, s.daemon.use())
}

// seen waits until a fault has shown what it does, and looks for it everywhere.
func (s *soak) seen(fault, class, says string, attempts, ill int) {
	s.t.Helper()
	log := &s.daemon.log
	failed := log.await(s.t, fault, ill, func(l soakLine) bool {
		return l.Msg == "jobs: run ends" && l.Job == fault && l.Account == fault && l.Class == class && l.Attempt >= attempts
	})
	if !strings.Contains(failed.Message, says) {
		s.t.Errorf("%s: the log says %q, want %q in it", fault, failed.Message, says)
	}
	link := fmt.Sprintf("/runs/%d", failed.Run)
	if page := s.daemon.get("/runs?job=" + fault); !strings.Contains(page, `"`+link+`"`) {
		s.t.Errorf("%s: run %d is not among the runs of the page", fault, failed.Run)
	}
	if page := s.daemon.get(link); !strings.Contains(page, says) {
		s.t.Errorf("%s: the page of run %d does not say %q", fault, failed.Run, says)
	}
	s.shown[fault]++
}

// pauses checks that nobody logs in any more, after the failures that it takes.
func (s *soak) pauses(fault, class string, ill int) {
	s.t.Helper()
	n := 0
	s.daemon.log.await(s.t, fault+" pauses", ill, func(l soakLine) bool {
		if l.Msg == "jobs: run ends" && l.Job == fault && l.Class == class {
			n++
			if l.Attempt != 1 {
				s.t.Errorf("%s: run %d has attempt %d", fault, l.Run, l.Attempt)
			}
		}
		return n == soakPause
	})
	s.paused[fault]++
	if n := s.daemon.metric(`popherd_job_accounts_paused{job="` + fault + `"}`); n != 1 {
		s.t.Errorf("%s: %v accounts are paused in the metrics, want 1", fault, n)
	}
	if page := s.daemon.get("/jobs/" + fault); !strings.Contains(page, "is paused") {
		s.t.Errorf("%s: its page does not say that it is paused", fault)
	}
}

// endsWell waits for a run that begins after all is well, and ends so.
func (s *soak) endsWell(fault string, well int) {
	s.t.Helper()
	began := map[int64]bool{}
	done := s.daemon.log.await(s.t, fault+" ends well", well, func(l soakLine) bool {
		if l.Job == fault && l.Msg == "jobs: run begins" {
			began[l.Run] = true
		}
		return l.Job == fault && l.Msg == "jobs: run ends" && l.Class == "done" && began[l.Run]
	})
	if done.Attempt > 1 {
		s.mended[fault]++
	}
}

// lock keeps everybody from writing to the database.
func (s *soak) lock(long time.Duration) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.database()+"?_pragma=busy_timeout(30000)&_txlock=immediate")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		s.t.Fatal(err)
	}
	time.Sleep(long)
	must(s.t, tx.Rollback())
	s.locked++
}

// breakConfiguration has the daemon refuse a configuration, and take the one
// that it had.
func (s *soak) breakConfiguration() {
	s.t.Helper()
	whole, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range []struct{ text, says string }{
		{string(whole) + "[jobs.broken]\nschedule = \"whenever\"\n", "the configuration was not taken; the old one stays"},
		{string(whole), "the configuration was read again"},
	} {
		before := s.daemon.log.size()
		must(s.t, os.WriteFile(s.config, []byte(c.text), 0o600))
		must(s.t, s.daemon.cmd.Process.Signal(syscall.SIGHUP))
		s.daemon.log.await(s.t, "reload", before, func(l soakLine) bool { return l.Msg == c.says })
	}
	s.refused++
}

// stop stops the daemon while it waits for a server that hangs.
func (s *soak) stop() {
	s.t.Helper()
	before := s.daemon.log.size()
	for _, each := range s.servers {
		if each.fault == "stuck" {
			each.add(s.cycles + 1)
			each.set(true)
		}
	}
	s.daemon.order("stuck", "run")
	s.daemon.log.await(s.t, "a run to stop in", before, func(l soakLine) bool { return l.Job == "stuck" && l.Msg == "jobs: run begins" })
	pids := children(s.daemon.cmd.Process.Pid)
	must(s.t, s.daemon.cmd.Process.Signal(syscall.SIGTERM))
	kill := time.AfterFunc(hangLimit, func() { s.daemon.cmd.Process.Kill() })
	defer kill.Stop()
	_ = s.daemon.cmd.Wait() // the state says it
	if got := s.daemon.cmd.ProcessState.ExitCode(); got != 0 {
		s.t.Errorf("got exit status %d (%v), want 0\n%s", got, s.daemon.cmd.ProcessState, s.daemon.log.end())
	}
	for _, pid := range pids {
		if syscall.Kill(pid, 0) == nil {
			s.t.Errorf("worker process %d is still there", pid)
		}
	}
}

// judge looks at all that was logged, counted and held.
func (s *soak) judge(reader *soakReader) {
	s.t.Helper()
	for _, line := range s.daemon.log.strange {
		s.t.Errorf("not a line of JSON: %s", line)
	}
	for _, wrong := range reader.wrong {
		s.t.Errorf("page: %s", wrong)
	}
	s.waits()
	for _, l := range s.daemon.log.since(0) {
		switch {
		case l.Msg == "jobs: run ends" && l.Job == "none" && l.Class != "done" && l.Class != "interrupted":
			s.t.Errorf("the server that was always well: run %d ended %s: %s", l.Run, l.Class, l.Message)
		case l.Outcome == "panic" || l.Outcome == "died":
			s.t.Errorf("job %s, run %d: %s", l.Job, l.Run, l.Outcome)
		}
	}
	for _, each := range s.servers {
		if _, logins, hurried := each.counted(); hurried > 0 {
			s.t.Errorf("%d of %d logins did not wait for LOGIN-DELAY", hurried, logins)
		}
	}
	if told, err := os.ReadFile(filepath.Join(s.dir, "notices")); err != nil || !strings.Contains(string(told), `"auth"`) {
		s.t.Errorf("nobody was told of the login that was refused (%v): %s", err, told)
	}
	if len(s.uses) == 0 {
		return // it failed before
	}
	first, last := s.uses[(len(s.uses)-1)/5], s.uses[len(s.uses)-1] // the first ones warm it up
	if last.goroutines > first.goroutines+10 || last.descriptors > first.descriptors+6 || last.children > first.children {
		s.t.Errorf("it holds more than before: %+v, was %+v\n%s", last, first, s.daemon.held)
	}
	if last.resident > first.resident*5/4+24<<10 || last.heap > first.heap*3/2+16<<10 {
		s.t.Errorf("its memory has grown: %+v, was %+v (KiB)", last, first)
	}
}

// waits checks that attempts wait longer each time.
func (s *soak) waits() {
	s.t.Helper()
	type attempt struct {
		run int64
		nth int
	}
	ended := map[attempt]time.Time{}
	for _, l := range s.daemon.log.since(0) {
		switch {
		case l.Msg == "jobs: run ends" && l.Class == "temporary":
			ended[attempt{l.Run, l.Attempt}] = l.Time
		case l.Msg == "jobs: run begins" && l.Attempt > 1:
			before, there := ended[attempt{l.Run, l.Attempt - 1}]
			if !there {
				continue // it was interrupted
			}
			s.retried[l.Job]++
			least := time.Minute * 3 / 4 << (l.Attempt - 2) / soakRate
			waited := float64(l.Time.Sub(before)) / float64(least)
			if s.leastWait == 0 || waited < s.leastWait {
				s.leastWait = waited
			}
			if waited < 0.95 {
				s.t.Errorf("%s: attempt %d of run %d waited %v, want %v at least", l.Job, l.Attempt, l.Run, l.Time.Sub(before), least)
			}
		}
	}
}

// tell prints what was counted.
func (s *soak) tell(reader *soakReader) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "fault\tmet by\tlogged in\tdone\ttemporary\trefused\tpermanent\tretries\tshown\tpaused\tmended by retry\t")
	for _, each := range s.servers {
		classes := map[string]int{}
		for _, l := range s.daemon.log.since(0) {
			if l.Job == each.fault && l.Msg == "jobs: run ends" {
				classes[l.Class]++
			}
		}
		met, logins, _ := each.counted()
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", each.fault, met, logins,
			classes["done"], classes["temporary"], classes["refused"], classes["permanent"], s.retried[each.fault], s.shown[each.fault], s.paused[each.fault], s.mended[each.fault])
	}
	w.Flush()
	b.WriteString("\n")
	w = tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "cycle\tgoroutines\tdescriptors\tworkers\tresident KiB\tof Go\theap\t")
	for i, u := range s.uses {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", i+1, u.goroutines, u.descriptors, u.children, u.resident, u.runtime, u.heap)
	}
	w.Flush()
	s.t.Logf("%v, %d cycles, database locked %d times, configuration refused %d times, %d lines of log, pages %v (slowest %v), least wait %.2f of what it must be\n%s",
		time.Since(s.began).Round(time.Second), s.cycles, s.locked, s.refused, s.daemon.log.size(), reader.counts, reader.worst.Round(time.Millisecond), s.leastWait, b.String())
}
