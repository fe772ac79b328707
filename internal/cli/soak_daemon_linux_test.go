package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A soakLine is one event of the daemon's log.
type soakLine struct {
	Time    time.Time `json:"time"`
	Level   string    `json:"level"`
	Msg     string    `json:"msg"`
	Page    string    `json:"page"`
	Job     string    `json:"job"`
	Account string    `json:"account"`
	Run     int64     `json:"run"`
	Attempt int       `json:"attempt"`
	Outcome string    `json:"outcome"`
	Class   string    `json:"class"`
	Message string    `json:"message"`
	Error   string    `json:"error"`
}

// A soakLog is what the daemon has logged.
type soakLog struct {
	mu      sync.Mutex
	rest    []byte
	lines   []soakLine
	strange []string // lines that are no JSON
	changed chan struct{}
}

// Write implements io.Writer.
func (l *soakLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, after, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			break
		}
		var one soakLine
		if err := json.Unmarshal(line, &one); err != nil {
			l.strange = append(l.strange, string(line))
		} else {
			l.lines = append(l.lines, one)
		}
		l.rest = after
	}
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return len(p), nil
}

// since returns the lines from the n-th on.
func (l *soakLog) since(n int) []soakLine {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines[n:])
}

func (l *soakLog) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// await returns the first line, from the n-th on, that is as wanted.
func (l *soakLog) await(t *testing.T, what string, n int, wanted func(soakLine) bool) (found soakLine) {
	t.Helper()
	hung := time.After(hangLimit)
	for {
		l.mu.Lock()
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed, fresh := l.changed, l.lines[n:]
		n = len(l.lines)
		l.mu.Unlock()
		if i := slices.IndexFunc(fresh, wanted); i >= 0 {
			return fresh[i]
		}
		select {
		case <-changed:
		case <-hung:
			t.Fatalf("%s: the log does not say so after %v; its end is\n%s", what, hangLimit, l.end())
		}
	}
}

// end is what was logged last, for a person.
func (l *soakLog) end() string {
	lines := slices.DeleteFunc(l.since(0), func(l soakLine) bool { return l.Msg == "jobs: fire" })
	var b strings.Builder
	for _, one := range lines[max(0, len(lines)-40):] {
		fmt.Fprintf(&b, "%s %s %s %s run %d attempt %d %s %s %s %s\n",
			one.Time.Format("05.000"), one.Level, one.Msg, one.Job, one.Run, one.Attempt, one.Class, one.Outcome, one.Message, one.Error)
	}
	return b.String()
}

// A soakDaemon is a popherd daemon of a test.
type soakDaemon struct {
	t    *testing.T
	cmd  *exec.Cmd
	log  soakLog
	page string // its address, without / at the end
	http *http.Client
	held string // what the descriptors were of that use counted last
}

// startSoakDaemon starts one with a configuration file, and returns when it works.
func startSoakDaemon(t *testing.T, config string, env ...string) *soakDaemon {
	t.Helper()
	d := &soakDaemon{t: t, http: &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	d.cmd = exec.Command(popherd(t), "-c", config, "daemon", "--log-format", "json", "--listen", "127.0.0.1:0")
	home := t.TempDir()
	d.cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME=", "XDG_STATE_HOME="+home, "POPHERD_CONFIG=", "GORACE=atexit_sleep_ms=0")
	d.cmd.Env = append(d.cmd.Env, env...)
	d.cmd.Stdout, d.cmd.Stderr = &d.log, &d.log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if d.cmd.ProcessState == nil { // of a test that failed
			d.cmd.Process.Kill()
			d.cmd.Wait()
		}
		d.http.CloseIdleConnections()
	})
	begun := d.log.await(t, "the daemon begins", 0, func(l soakLine) bool { return l.Msg == "the daemon begins" })
	d.page = strings.TrimSuffix(begun.Page, "/")
	return d
}

// get returns a page, which must be there.
func (d *soakDaemon) get(path string) string {
	d.t.Helper()
	status, body, err := d.ask(path)
	if err != nil || status != http.StatusOK {
		d.t.Errorf("%s: status %d, %v\n%s", path, status, err, body)
	}
	return body
}

func (d *soakDaemon) ask(path string) (status int, body string, err error) {
	r, err := d.http.Get(d.page + path)
	if err != nil {
		return 0, "", err
	}
	defer r.Body.Close()
	octets, err := io.ReadAll(r.Body)
	return r.StatusCode, string(octets), err
}

var soakForm = regexp.MustCompile(`name="form" value="([^"]+)"`)

// order presses a button of a job's page.
func (d *soakDaemon) order(job, what string) {
	d.t.Helper()
	form := soakForm.FindStringSubmatch(d.get("/jobs/" + job))
	if form == nil {
		d.t.Fatalf("the page of job %s has no form", job)
	}
	r, err := d.http.PostForm(d.page+"/jobs/"+job+"/"+what, url.Values{"form": {form[1]}})
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Body.Close()
	if body, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusSeeOther {
		d.t.Errorf("%s %s: got status %d\n%s", what, job, r.StatusCode, body)
	}
}

// metric returns a number of /metrics, 0 if it is not there.
func (d *soakDaemon) metric(name string) float64 {
	d.t.Helper()
	return metricOf(d.get("/metrics"), name)
}

func metricOf(text, name string) float64 {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return n
		}
	}
	return 0
}

// A soakUse is what the daemon holds; memory in KiB. What is resident beyond
// Go's runtime is SQLite's, and the program's own pages.
type soakUse struct{ goroutines, descriptors, children, resident, runtime, heap int }

// use measures some times while no run is under way, and takes the least.
func (d *soakDaemon) use() soakUse {
	d.t.Helper()
	var least soakUse
	for i, quiet := 0, 0; i < 100 && quiet < 5; i++ {
		if i > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		text := d.get("/metrics")
		descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid))
		if err != nil {
			d.t.Fatal(err)
		}
		now := soakUse{
			int(metricOf(text, "go_goroutines")), len(descriptors), len(children(d.cmd.Process.Pid)),
			int(metricOf(text, "process_resident_memory_bytes")) >> 10,
			int(metricOf(text, "go_memstats_sys_bytes")-metricOf(text, "go_memstats_heap_released_bytes")) >> 10,
			int(metricOf(text, "go_memstats_heap_inuse_bytes")) >> 10,
		}
		if now.children == 0 {
			quiet++
		}
		if i == 0 {
			least, d.held = now, d.open()
		}
		if now.descriptors < least.descriptors {
			d.held = d.open()
		}
		least = soakUse{
			min(least.goroutines, now.goroutines), min(least.descriptors, now.descriptors), min(least.children, now.children),
			min(least.resident, now.resident), min(least.runtime, now.runtime), min(least.heap, now.heap),
		}
	}
	return least
}

// open lists what the descriptors are of, for a person.
func (d *soakDaemon) open() string {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", d.cmd.Process.Pid)) // the pattern is sound
	var b strings.Builder
	for _, link := range links {
		to, _ := os.Readlink(link)
		fmt.Fprintln(&b, to)
	}
	return b.String()
}

// A soakReader looks at all pages, over and over, as people and machines do.
type soakReader struct {
	daemon *soakDaemon
	jobs   []string
	stop   func()
	ended  chan struct{}

	counts map[string]int // by status
	wrong  []string
	worst  time.Duration
}

func (d *soakDaemon) reader(jobs []string) *soakReader {
	stop := make(chan struct{})
	r := &soakReader{d, jobs, sync.OnceFunc(func() { close(stop) }), make(chan struct{}), map[string]int{}, nil, 0}
	go r.read(stop)
	return r
}

func (r *soakReader) read(stop <-chan struct{}) {
	defer close(r.ended)
	paths := []string{"/", "/runs", "/runs?failed=yes", "/metrics", "/healthz", "/style.css"}
	for _, j := range r.jobs {
		paths = append(paths, "/jobs/"+j)
	}
	every := time.NewTicker(100 * time.Millisecond)
	defer every.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-every.C:
		}
		path := paths[n%len(paths)]
		asked := time.Now()
		status, body, err := r.daemon.ask(path)
		r.worst = max(r.worst, time.Since(asked))
		r.counts[fmt.Sprint(status)]++
		if err != nil || status != http.StatusOK {
			r.wrong = append(r.wrong, fmt.Sprintf("%s: status %d, %v: %.300s", path, status, err, body))
		}
	}
}

// end ends it; it may be called again.
func (r *soakReader) end() {
	r.stop()
	<-r.ended
}
