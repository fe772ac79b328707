package statuspage

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/jobs"
)

// TestMetrics: what is counted is there.
func TestMetrics(t *testing.T) {
	o := options(attic())
	o.Attempts = &Attempts{}
	o.Metrics = func(w io.Writer) { io.WriteString(w, "more 1\n") }
	o.Attempts.Note(jobs.Order{Job: "archive"}, jobs.Result{Class: jobs.Temporary}, false)
	o.Attempts.Note(jobs.Order{Job: "archive"}, jobs.Result{Class: jobs.Temporary}, true)
	o.Attempts.Note(jobs.Order{Job: "archive"}, jobs.Result{Class: jobs.Done}, true)
	o.Attempts.Note(jobs.Order{Job: "archive"}, jobs.Result{}, true)
	o.Attempts.Note(jobs.Order{Job: "retired"}, jobs.Result{}, true)
	b := serve(t, o)
	a := b.get("/metrics")
	for _, want := range []string{
		"popherd_up 1", "popherd_runs_running_here 1", "popherd_runs_waiting 1", "popherd_fires_total 4", `popherd_attempts_total{class="done"} 3`, `popherd_attempts_total{class="refused"} 1`,
		`popherd_attempts_total{class="permanent"} 0`, "popherd_messages_deleted_total 2", `popherd_job_enabled{job="newsletters"} 1`, `popherd_job_enabled{job="spam"} 0`,
		`popherd_job_accounts_paused{job="archive"} 1`, `popherd_job_last_run_failed{job="archive"} 1`, `popherd_job_last_run_failed{job="newsletters"} 0`,
		"popherd_backups_bytes 3.221225472e+09", "popherd_http_requests_total 1", `popherd_build_info{version="1.2"} 1`, "more 1",
		`popherd_job_attempts_total{job="archive",class="temporary"} 2`, `popherd_job_attempts_total{job="archive",class="done"} 1`, `popherd_job_attempts_total{job="archive",class="permanent"} 1`,
		`popherd_job_failures_total{job="archive",class="temporary"} 1`, `popherd_job_failures_total{job="archive",class="permanent"} 1`, `popherd_job_failures_total{job="spam",class="refused"} 0`,
	} {
		if !strings.Contains("\n"+a.text, "\n"+want+"\n") {
			t.Errorf("no line %q", want)
		}
	}
	for _, never := range []string{"retired", `popherd_job_failures_total{job="archive",class="done"}`} {
		if strings.Contains(a.text, never) {
			t.Errorf("there is %q", never)
		}
	}
	if got := label("job", "a\"b\\c\nd{e}"); got != `job="a\"b\\c d{e}"` {
		t.Errorf("label: %s", got)
	}
	if a := b.do(b.request(http.MethodHead, "/metrics", "")); a.status != http.StatusOK || a.text != "" {
		t.Errorf("HEAD: status %d, %q", a.status, a.text)
	}
}

// TestMetricsConventions checks all of it as promtool check metrics does, for a
// common engine and for one whose names are hostile, or the same once cleaned.
func TestMetricsConventions(t *testing.T) {
	common := options(attic())
	common.Attempts = &Attempts{}
	hostileNames := &engine{stats: jobs.Stats{Ticked: noon, Runs: map[string]uint64{`a"b`: 1}}}
	for _, text := range append(slices.Clone(hostile), "\x01", "\x02", "\x01", "") {
		hostileNames.jobs = append(hostileNames.jobs, jobs.JobState{Name: text, Enabled: true})
	}
	odd := options(hostileNames)
	odd.Attempts, odd.Version = &Attempts{}, "a\"\\\n\x00b"
	broken := options(&engine{err: fmt.Errorf("no database")})
	for name, o := range map[string]Options{"common": common, "hostile": odd, "broken": broken} {
		a := serve(t, o).get("/metrics")
		if kind := a.header.Get("Content-Type"); a.status != http.StatusOK || kind != "text/plain; version=0.0.4; charset=utf-8" {
			t.Errorf("%s: status %d, %s", name, a.status, kind)
		}
		if n := lint(t, name, a.text); n < 15 {
			t.Errorf("%s: only %d families", name, n)
		}
	}
}

var (
	metricLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",? ?)*\})? (\S+)$`)
	familyLine = regexp.MustCompile(`^# (HELP|TYPE) (\S+) (.+)$`)
	abbreviate = regexp.MustCompile(`_(ms|us|ns|secs?|mins?|hours?|days?|kb|mb|octets|milliseconds|percent|gauge|counter)(_|$)`)
)

// lint returns how many families of ours there are. Those of the process are
// the library's.
func lint(t *testing.T, name, text string) int {
	t.Helper()
	kinds, series, ended := map[string]string{}, map[string]bool{}, map[string]bool{}
	help, current := "", ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := lines.Text()
		if m := familyLine.FindStringSubmatch(line); m != nil {
			if m[1] == "HELP" {
				help = m[2]
			} else if kinds[m[2]] = m[3]; help != m[2] || ended[m[2]] {
				t.Errorf("%s: %s has no help before its type, or comes twice", name, m[2])
			}
			continue
		}
		m := metricLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("%s: not a line of the format: %.100q", name, line)
			continue
		}
		if _, err := strconv.ParseFloat(m[3], 64); err != nil || series[m[1]+m[2]] {
			t.Errorf("%s: %.100q is no number, or comes twice", name, line)
		}
		series[m[1]+m[2]] = true
		if m[1] != current {
			if ours := strings.HasPrefix(m[1], "popherd_"); ours && ended[m[1]] {
				t.Errorf("%s: the samples of %s are not together", name, m[1])
			}
			ended[current], current = true, m[1]
		}
		if !strings.HasPrefix(m[1], "popherd_") {
			continue
		}
		counter := strings.HasSuffix(m[1], "_total")
		if kind := kinds[m[1]]; kind != "counter" && kind != "gauge" || (kind == "counter") != counter {
			t.Errorf("%s: %s is of kind %q", name, m[1], kind)
		}
		if abbreviate.MatchString(m[1]) {
			t.Errorf("%s: %s is not in base units, or says its kind", name, m[1])
		}
		if strings.Contains(m[1], "timestamp") != strings.HasSuffix(m[1], "_timestamp_seconds") {
			t.Errorf("%s: %s is a moment in which unit?", name, m[1])
		}
	}
	return len(kinds)
}
