package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	fleetDaemons = 3
	fleetWorkers = 4 // of each
	fleetVictim  = 1 // of the daemons
)

// A fleetSize is how much of it there is.
type fleetSize struct {
	rate int           // seconds a second
	lead time.Duration // of real time, for the daemons to begin
	wave time.Duration // between arrivals of mail
	long bool
}

// sizeOfFleet is an hour's fires in 36 seconds, or with POPHERD_LONG=1 ten times
// as many in ten minutes (go test -timeout 30m).
func sizeOfFleet() fleetSize {
	if os.Getenv("POPHERD_LONG") == "1" {
		return fleetSize{rate: 6, lead: 10 * time.Second, wave: time.Minute, long: true}
	}
	return fleetSize{rate: fleetRate, lead: fleetLead, wave: 5 * time.Minute}
}

// A fleetJob is a job, and what it is to do.
type fleetJob struct {
	name     string
	kind     string // of mail that it is for
	target   string // where that is delivered to; "" for nowhere
	schedule string
	zone     string
	minutes  []int // of the hour, for its fires
	accounts []string
	dry      bool // whether the first run is
}

// jobs are four that are due at the same moments for the same maildrops.
func (s fleetSize) jobs(hour time.Time) []fleetJob {
	zoned := func(minutes, zone string) string {
		place, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		first, last := hour.In(place), hour.Add(59*time.Minute).In(place)
		if first.Hour() != last.Hour() { // the zone is half an hour off
			return fmt.Sprintf("%s %d-%d * * *", minutes, first.Hour(), last.Hour())
		}
		return fmt.Sprintf("%s %d * * *", minutes, first.Hour())
	}
	half := fleetAccounts / 2
	few := append(fleetNames(half, half+10), "twin-0", "twin-1", "twin-2")
	list := []fleetJob{
		{name: "archive", kind: "move", target: "archive", schedule: zoned("0,50", "UTC"), zone: "UTC", minutes: []int{0, 50}, accounts: fleetNames(0, fleetAccounts)},
		{name: "purge", kind: "old", schedule: zoned("*/15", "America/New_York"), zone: "America/New_York", minutes: every(15), accounts: fleetNames(fleetAccounts*4/5, fleetAccounts), dry: true},
		{name: "often", kind: "junk", target: "junk", schedule: zoned("*/5", "Europe/Berlin"), zone: "Europe/Berlin", minutes: every(5), accounts: few},
		{name: "steady", kind: "stale", schedule: "@every 10m", accounts: fleetNames(half+5, half+10)},
	}
	if s.long {
		list[0].schedule, list[0].minutes = zoned("*/10", "UTC"), every(10)
		list[1].schedule, list[1].minutes = zoned("*/5", "America/New_York"), every(5)
		list[2].schedule, list[2].minutes = zoned("*", "Europe/Berlin"), every(1)
		list[3].schedule = "@every 2m"
	}
	return list
}

// every n minutes of an hour.
func every(n int) (minutes []int) {
	for m := 0; m < 60; m += n {
		minutes = append(minutes, m)
	}
	return minutes
}

// fleetNames are those of some accounts.
func fleetNames(from, to int) (names []string) {
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprintf("u%03d", i))
	}
	return names
}

// maildropOf is the user whose maildrop an account means: twins are other names
// of those that several jobs work.
func maildropOf(account string) string {
	n := 0
	if _, err := fmt.Sscanf(account, "twin-%d", &n); err == nil {
		return fleetNames(fleetAccounts/2, fleetAccounts)[n]
	}
	return account
}

// A fleetClock shows what the daemons' clocks do.
type fleetClock struct{ begin, rate int64 }

// newFleetClock is one that comes to a full hour in a moment.
func newFleetClock(s fleetSize) (fleetClock, time.Time) {
	real, rate := time.Now(), int64(s.rate)
	lead := s.lead * time.Duration(s.rate)
	hour := real.Add(lead).Truncate(time.Hour).Add(time.Hour)
	ahead := int64(hour.Add(-lead).Sub(real).Seconds())
	return fleetClock{begin: real.Unix() - ahead/(rate-1), rate: rate}, hour.UTC()
}

func (c fleetClock) now() time.Time {
	from := time.Unix(c.begin, 0)
	return from.Add(time.Since(from) * time.Duration(c.rate))
}

// write writes a daemon's configuration: all have the same, but for the address
// by which the witness tells them apart.
func (f *fleet) write(m *member) {
	f.t.Helper()
	host, port := at(f.t, f.witness.addr())
	var b strings.Builder
	fmt.Fprintf(&b, "[daemon]\ndb = %q\nworkers = %d\n\n", f.db, fleetWorkers)
	fmt.Fprintf(&b, "[policy]\nstate_dir = %q\n\n[targets]\n", filepath.Join(f.dir, "state"))
	for _, name := range []string{"archive", "junk"} {
		fmt.Fprintf(&b, "%s = %q\n", name, "maildir:"+filepath.Join(f.dir, name))
	}
	fmt.Fprintf(&b, "\n[defaults]\nhost = %q\nport = %s\nauth = \"user-pass\"\nsource_address = %q\n\n", host, port, m.from)
	for _, name := range append(fleetNames(0, fleetAccounts), "twin-0", "twin-1", "twin-2") {
		fmt.Fprintf(&b, "[accounts.%s]\nuser = %q\npassword = \"secret\"\ntls = \"insecure-plaintext\"\n", name, maildropOf(name))
	}
	for _, j := range f.jobs {
		first := "real"
		if j.dry {
			first = "dry"
		}
		fmt.Fprintf(&b, "\n[jobs.%s]\nscript = %q\naccounts = [\"%s\"]\nschedule = %q\nfirst_run = %q\ncatch_up = \"all\"\nenabled = %t\nallow_delete = \"all\"\n",
			j.name, filepath.Join(f.dir, j.name+".lua"), strings.Join(j.accounts, `", "`), j.schedule, first, f.enabled)
		if j.zone != "" {
			fmt.Fprintf(&b, "zone = %q\n", j.zone)
		}
	}
	must(f.t, os.WriteFile(m.config, []byte(b.String()), 0o600))
}

// writeScripts writes what the jobs do: one rule each.
func (f *fleet) writeScripts() {
	f.t.Helper()
	for _, j := range f.jobs {
		deliver := ""
		if j.target != "" {
			deliver = fmt.Sprintf("deliver = %q, ", j.target)
		}
		source := fmt.Sprintf("return { name = %q, rule = rule.subject(%q), %sdelete = true }\n", j.kind, j.kind+" ", deliver)
		must(f.t, os.WriteFile(filepath.Join(f.dir, j.name+".lua"), []byte(source), 0o600))
	}
}

// A member is one daemon.
type member struct {
	cmd    *exec.Cmd
	from   string // its address
	config string // path
	log    transcript
	ended  chan struct{} // closed when it has
}

// launch starts a daemon, which ends when the test does, however that is.
func (f *fleet) launch() *member {
	f.t.Helper()
	number := len(f.daemons) + 1
	m := &member{from: fmt.Sprintf("127.0.0.%d", 10+number), config: filepath.Join(f.dir, fmt.Sprintf("popherd%d.toml", number)), ended: make(chan struct{})}
	f.write(m)
	m.cmd = exec.Command(popherd(f.t), "-c", m.config, "daemon", "--log-format", "json", "--listen", "127.0.0.1:0")
	m.cmd.Env = append(os.Environ(), "HOME="+f.dir, "XDG_CONFIG_HOME=", "XDG_STATE_HOME=", "POPHERD_CONFIG=", "GORACE=atexit_sleep_ms=0",
		fmt.Sprintf("POPHERD_TEST_CLOCK=%d %d", f.clock.begin, f.clock.rate))
	m.cmd.Stdout, m.cmd.Stderr = &m.log, &m.log
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// The signal comes when the thread that started the process ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := m.cmd.Start()
		started <- err
		if err == nil {
			_ = m.cmd.Wait() // its status is looked at
			close(m.ended)
		}
	}()
	must(f.t, <-started)
	f.t.Cleanup(func() {
		m.cmd.Process.Kill()
		<-m.ended
	})
	return m
}

// says returns once each of the daemons has logged a message.
func (f *fleet) says(list []*member, message string) {
	f.t.Helper()
	message = fmt.Sprintf(`"msg":%q`, message)
	for _, m := range list {
		f.poll(message, func() bool {
			select {
			case <-m.ended:
				f.t.Fatalf("a daemon ended early:\n%s", lastLines(m.log.String(), 10))
			default:
			}
			return strings.Contains(m.log.String(), message)
		})
	}
}
