package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/pop3/pop3server"
)

const (
	swarmWorkers  = 8
	swarmBaseline = 400              // runs without the engine
	swarmMost     = 60 * time.Minute // for one of the measures
)

// swarmSizes are how many accounts there are.
var swarmSizes = []int{100, 1000, 10_000}

// BenchmarkSwarm has a daemon work one fire of a job over 100, 1,000 and 10,000
// accounts, each in a worker process, with SQLite and with PostgreSQL, and tells
// how many runs it does a minute, against the same runs without the engine, and
// what it takes. It needs more than go test's ten minutes: -timeout 60m.
func BenchmarkSwarm(b *testing.B) {
	program, err := exec.LookPath("popherd") // this test binary: its clock can be set
	if err != nil {
		b.Fatal(err)
	}
	postgres, why := swarmPostgres(b)
	if postgres == nil {
		if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
			b.Fatalf("PostgreSQL: %s", why)
		}
		b.Logf("without PostgreSQL: %s", why)
	}
	for b.Loop() {
		before := newSwarm(b, program, swarmBaseline).alone()
		var table strings.Builder
		w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "database\taccounts\truns/min\twithout engine\tratio\tfirst begins\twhole\tresident MiB\tdaemon's CPU ms/run\tdatabase KiB\tKiB/run\t")
		for _, database := range []string{"SQLite", "PostgreSQL"} {
			if database == "PostgreSQL" && postgres == nil {
				continue
			}
			measures := map[int]swarmMeasure{}
			for _, accounts := range swarmSizes {
				s := newSwarm(b, program, accounts)
				db, size := filepath.Join(s.dir, "jobs.db"), filesSize
				if database == "PostgreSQL" {
					db, size = postgres.database(b, fmt.Sprintf("swarm%d_%d", accounts, b.N)), postgres.size
				}
				m := s.daemon(db)
				m.database = size(b, db)
				measures[accounts] = m
				after := newSwarm(b, program, swarmBaseline).alone()
				alone := (before + after) / 2 // other work of this machine comes and goes
				before = after
				fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%.0f%%\t%v\t%v\t%.1f\t%.2f\t%d\t%.1f\t\n", database, accounts, m.rate(), alone, 100*m.rate()/alone,
					m.first.Round(time.Millisecond), m.whole.Round(time.Millisecond), float64(m.resident)/1024, float64(m.cpu.Microseconds())/1000/float64(m.runs), m.database>>10, float64(m.database)/1024/float64(m.runs))
				b.ReportMetric(m.rate(), fmt.Sprintf("%s-%d-runs/min", database, accounts))
			}
			small, large := measures[swarmSizes[0]], measures[swarmSizes[len(swarmSizes)-1]]
			b.ReportMetric(float64(large.resident)/float64(small.resident), database+"-memory-growth")
			b.ReportMetric(large.rate()/small.rate(), database+"-rate-growth")
		}
		w.Flush()
		b.Logf("%d runs at once\n%s", swarmWorkers, table.String())
	}
}

// A swarm is a server with many maildrops, and a configuration for them.
type swarm struct {
	b       *testing.B
	program string
	dir     string
	config  string
	drops   map[string]*pop3server.Memory
	names   []string
}

const swarmKept = "Subject: dear\r\n\r\nto be kept\r\n"

func newSwarm(b *testing.B, program string, accounts int) *swarm {
	b.Helper()
	s := &swarm{b: b, program: program, dir: b.TempDir(), drops: map[string]*pop3server.Memory{}}
	for i := range accounts {
		name := fmt.Sprintf("account%05d", i)
		s.names = append(s.names, name)
		s.drops[name] = pop3server.NewMemory(name, "secret", []byte("Subject: old\r\n\r\nto be deleted\r\n"), []byte(swarmKept)).Exclusive()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &pop3server.Server{InsecureAllowAuth: true, NewSession: func(c pop3server.Conn) (pop3server.Session, error) {
		return &swarmSession{swarm: s, conn: c}, nil
	}}
	go server.Serve(listener)
	b.Cleanup(func() { server.Close() })
	s.configure(listener.Addr().(*net.TCPAddr).Port)
	return s
}

// configure writes the configuration: one job, whose fire comes once a day.
func (s *swarm) configure(port int) {
	s.b.Helper()
	script := filepath.Join(s.dir, "rules.lua")
	s.write(script, `return { name = "old", rule = rule.subject("old"), delete = true }`)
	var text strings.Builder
	fmt.Fprintf(&text, "[policy]\nstate_dir = %q\n", filepath.Join(s.dir, "state"))
	fmt.Fprintf(&text, "[jobs.swarm]\nscript = %q\naccounts = [\"all\"]\nschedule = \"@every 24h\"\nfirst_run = \"real\"\nallow_delete = \"all\"\n", script)
	fmt.Fprintf(&text, "[defaults]\nhost = \"127.0.0.1\"\nport = %d\n", port)
	for _, name := range s.names {
		fmt.Fprintf(&text, "[accounts.%s]\nuser = %q\npassword = \"secret\"\ntls = \"insecure-plaintext\"\n", name, name)
	}
	s.config = filepath.Join(s.dir, "config.toml")
	s.write(s.config, text.String())
}

func (s *swarm) write(path, text string) {
	s.b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.b.Fatal(err)
	}
}

// judge checks that each maildrop was worked once.
func (s *swarm) judge(runs int) {
	s.b.Helper()
	wrong := 0
	for _, drop := range s.drops {
		if left := drop.Messages(); len(left) != 1 || string(left[0]) != swarmKept {
			wrong++
		}
	}
	if wrong > 0 || runs != len(s.names) {
		s.b.Fatalf("got %d runs for %d accounts, and %d maildrops that are not as they must be", runs, len(s.names), wrong)
	}
}

// alone does the runs without the engine, and returns how many there are a minute.
func (s *swarm) alone() float64 {
	s.b.Helper()
	sh := &shell{Env: Env{Getenv: func(string) string { return "" }, Executable: s.program, Stdout: io.Discard, Stderr: io.Discard}, config: s.config}
	p, err := sh.performer(slog.New(slog.DiscardHandler))
	if err != nil {
		s.b.Fatal(err)
	}
	c, err := sh.configuration()
	if err != nil {
		s.b.Fatal(err)
	}
	definitions, err := sh.definitions(c)
	if err != nil {
		s.b.Fatal(err)
	}
	sum, err := definitions[0].Digest()
	if err != nil {
		s.b.Fatal(err)
	}
	maildrops := map[string]string{}
	for _, a := range definitions[0].Accounts {
		maildrops[a.Name] = a.Maildrop
	}
	names := make(chan string)
	var workers sync.WaitGroup
	begun := time.Now()
	for range swarmWorkers {
		workers.Go(func() {
			for name := range names {
				o := jobs.Order{Job: "swarm", Account: name, Attempt: 1, Deadline: time.Minute, Digest: sum, Maildrop: maildrops[name]}
				if r := p.Perform(context.Background(), o); r.Class != jobs.Done {
					s.b.Errorf("%s: %s: %s", name, r.Class, r.Message)
				}
			}
		})
	}
	for _, name := range s.names {
		names <- name
	}
	close(names)
	workers.Wait()
	took := time.Since(begun)
	s.judge(len(s.names))
	return float64(len(s.names)) / took.Minutes()
}

// A swarmMeasure is what one fire took.
type swarmMeasure struct {
	runs         int
	first, whole time.Duration // from the fire to the first run's begin, and to the last one's end
	cpu          time.Duration // of the daemon alone
	resident     int64         // KiB, at most
	database     int64         // octets
}

func (m swarmMeasure) rate() float64 { return float64(m.runs) / m.whole.Minutes() }

// daemon has a daemon work one fire over all accounts.
func (s *swarm) daemon(db string) (m swarmMeasure) {
	s.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), swarmMost)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.program, "-c", s.config, "daemon", "--db", db, "--listen", "127.0.0.1:0", "--workers", fmt.Sprint(swarmWorkers), "--log-format", "json")
	// A fire of @every 24h comes some seconds from now: twice as fast from then
	// on, for what the clock shows is as far ahead of its beginning.
	now := time.Now()
	fire := now.Truncate(24 * time.Hour).Add(24 * time.Hour)
	begin := now.Add(-fire.Add(-30 * time.Second).Sub(now))
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "XDG_CONFIG_HOME=", "POPHERD_CONFIG=", fmt.Sprintf("POPHERD_TEST_CLOCK=%d 2", begin.Unix()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		s.b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.b.Fatal(err)
	}
	defer func() { // of a benchmark that failed
		if cmd.ProcessState == nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	}()
	m.runs = s.follow(stderr, &m, func() {
		m.resident, m.cpu = residentMost(cmd.Process.Pid), processorTime(cmd.Process.Pid)
		cmd.Process.Signal(syscall.SIGTERM)
	})
	if err := cmd.Wait(); err != nil {
		s.b.Fatalf("the daemon: %v", err)
	}
	s.judge(m.runs)
	return m
}

// follow reads the daemon's log until it ends, and counts the runs that ended
// well; all is called when there are as many as accounts.
func (s *swarm) follow(log io.Reader, m *swarmMeasure, all func()) (done int) {
	s.b.Helper()
	var fired time.Time
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct {
			Time                       time.Time
			Level, Msg, Class, Message string
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			s.b.Errorf("the daemon: %s", lines.Text())
			continue
		}
		switch {
		case line.Msg == "jobs: fire":
			fired = line.Time
		case line.Msg == "jobs: run begins" && m.first == 0:
			m.first = line.Time.Sub(fired)
		case line.Msg == "jobs: run ends" && line.Class != "done":
			s.b.Errorf("a run ended %s: %s", line.Class, line.Message)
		case line.Msg == "jobs: run ends":
			if done++; done == len(s.names) {
				m.whole = line.Time.Sub(fired)
				all()
			}
		case line.Level == "ERROR" || line.Level == "WARN":
			s.b.Logf("the daemon: %s", lines.Text())
		}
	}
	return done
}

// A swarmSession is of the maildrop whose name is given.
type swarmSession struct {
	pop3server.Session // nil before the login
	swarm              *swarm
	conn               pop3server.Conn
}

// Login implements pop3server.Session.
func (s *swarmSession) Login(ctx context.Context, user, password string) (err error) {
	drop := s.swarm.drops[user]
	if drop == nil {
		return pop3server.ErrAuth
	}
	if s.Session, err = drop.NewSession(s.conn); err != nil {
		return err
	}
	return s.Session.Login(ctx, user, password)
}

// Close implements pop3server.Session.
func (s *swarmSession) Close() error {
	if s.Session == nil {
		return nil
	}
	return s.Session.Close()
}

// residentMost is the most memory that a process had resident, in KiB.
func residentMost(pid int) (kib int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)) // it lives
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Sscan(rest, &kib)
		}
	}
	return kib
}

// processorTime is what a process took of it, without its children.
func processorTime(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // it lives
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	fmt.Sscan(fields[11], &user)
	fmt.Sscan(fields[12], &system)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

// filesSize is how large a SQLite database is, its log included.
func filesSize(b *testing.B, path string) (octets int64) {
	b.Helper()
	files, _ := filepath.Glob(path + "*") // the pattern is sound
	for _, file := range files {
		if found, err := os.Stat(file); err == nil {
			octets += found.Size()
		}
	}
	return octets
}
