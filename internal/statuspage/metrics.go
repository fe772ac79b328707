package statuspage

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/popherd/popherd/internal/jobs"
)

// metrics writes the engine's numbers in Prometheus' text format. What the
// database does not tell in time is left out; the engine's own is there.
func (p *page) metrics(w http.ResponseWriter, r *http.Request) {
	list := p.engineMetrics()
	states, err := p.Source.Jobs(r.Context())
	if err != nil {
		p.Log.Warn("jobs not measured", "error", err)
	}
	list = append(list, jobMetrics(states)...)
	list = append(list, p.attemptMetrics(states)...)
	if octets, known := p.backupsUsed(r.Context()); known {
		list = append(list, single("popherd_backups_bytes", "Space that the backups of this machine use.", float64(max(octets, 0))))
	}
	list = append(list,
		single("popherd_http_requests_total", "Requests to this page.", float64(p.requests.Load())),
		single("popherd_http_refused_total", "Requests that had no right to what they asked for.", float64(p.refused.Load())),
		family{"popherd_build_info", "The version of popherd.", []sample{{label("version", p.Version), 1}}},
	)
	var b bytes.Buffer
	for _, f := range list {
		f.write(&b)
	}
	if p.Metrics != nil {
		p.Metrics(&b)
	}
	metrics.WriteProcessMetrics(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(b.Bytes())
}

// A family is all samples of one name, which the format wants together. It is a
// counter if its name ends with _total, else a gauge.
type family struct {
	name, help string
	samples    []sample
}

// A sample is a value and whose it is.
type sample struct {
	labels string
	value  float64
}

func single(name, help string, value float64) family {
	return family{name, help, []sample{{"", value}}}
}

// write writes the family, unless it is empty. The second sample with the same
// labels is left out: one would cost Prometheus the whole answer.
func (f family) write(w io.Writer) {
	if len(f.samples) == 0 {
		return
	}
	kind, write := "gauge", metrics.WriteGaugeFloat64
	if strings.HasSuffix(f.name, "_total") {
		kind, write = "counter", metrics.WriteCounterFloat64
	}
	// The library's own HELP is empty, and stands before each sample.
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, kind)
	seen := map[string]bool{}
	for _, s := range f.samples {
		if seen[s.labels] {
			continue
		}
		seen[s.labels] = true
		name := f.name
		if s.labels != "" {
			name += "{" + s.labels + "}"
		}
		write(w, name, s.value)
	}
}

// engineMetrics are those of this process.
func (p *page) engineMetrics() []family {
	s := p.Source.Stats()
	attempts := family{"popherd_attempts_total", "Attempts of runs that ended in this process, by class.", nil}
	counted := map[string]uint64{}
	for _, class := range classes {
		counted[string(class)] = 0
	}
	maps.Copy(counted, s.Runs)
	for _, class := range slices.Sorted(maps.Keys(counted)) {
		attempts.samples = append(attempts.samples, sample{label("class", class), float64(counted[class])})
	}
	return []family{
		single("popherd_up", "Whether the engine works: 0 if it is stuck.", float64(truth(p.stuck() == ""))),
		single("popherd_runs_running_here", "Runs under way in this process.", float64(s.Running)),
		single("popherd_runs_running", "Runs under way in all processes.", float64(s.Working)),
		single("popherd_runs_waiting", "Runs that wait until they are due.", float64(s.Waiting)),
		single("popherd_runs_queued", "Runs that are due, and wait for a worker.", float64(s.Queued)),
		single("popherd_engines", "Processes that share the database and work.", float64(s.Processes)),
		single("popherd_fires_total", "Fires that this process was the first to note.", float64(s.Fires)),
		single("popherd_runs_snoozed_total", "Times that a run met an account that was held.", float64(s.Snoozed)),
		single("popherd_runs_rescued_total", "Runs whose process had died, and that run again.", float64(s.Rescued)),
		single("popherd_tickets_lost_total", "Tickets of the queue that were lost, and given anew.", float64(s.Lost)),
		single("popherd_messages_deleted_total", "Messages that this process deleted on servers, or would have in dry runs.", float64(s.Deleted)),
		single("popherd_messages_delivered_total", "Messages that this process delivered, or would have in dry runs.", float64(s.Delivered)),
		attempts,
		stamps("popherd_last_tick_timestamp_seconds", "When the engine last looked for due jobs.", sampleOf("", s.Ticked)...),
		stamps("popherd_last_beat_timestamp_seconds", "When the engine last renewed its leases.", sampleOf("", s.Beat)...),
	}
}

// jobMetrics are those of the jobs, on all machines.
func jobMetrics(states []jobs.JobState) []family {
	enabled := family{"popherd_job_enabled", "Whether the job runs by its schedule.", nil}
	accounts := family{"popherd_job_accounts", "Accounts of the job.", nil}
	paused := family{"popherd_job_accounts_paused", "Accounts that the job does not run for until a person enables it.", nil}
	failing := family{"popherd_job_accounts_failing", "Accounts that the job failed for, and is not paused for yet.", nil}
	failed := family{"popherd_job_last_run_failed", "Whether the run of the job that ended last failed.", nil}
	next := stamps("popherd_job_next_fire_timestamp_seconds", "When the job fires next.")
	last := stamps("popherd_job_last_run_timestamp_seconds", "When a run of the job last ended.")
	for _, s := range states {
		job := label("job", s.Name)
		add := func(f *family, n int) { f.samples = append(f.samples, sample{job, float64(n)}) }
		add(&enabled, int(truth(s.Enabled && !s.Disabled)))
		add(&accounts, len(s.Accounts))
		add(&paused, len(s.Paused))
		add(&failing, len(s.Failing))
		if len(s.Next) > 0 {
			next.samples = append(next.samples, sampleOf(job, s.Next[0])...)
		}
		if s.Last != nil {
			last.samples = append(last.samples, sampleOf(job, s.Last.Finished)...)
			add(&failed, int(truth(failedRun(*s.Last))))
		}
	}
	return []family{enabled, accounts, paused, failing, failed, next, last}
}

func stamps(name, help string, samples ...sample) family { return family{name, help, samples} }

// sampleOf is a moment in seconds of Unix time; the zero time is none.
func sampleOf(labels string, t time.Time) []sample {
	if t.IsZero() {
		return nil
	}
	return []sample{{labels, float64(t.UnixMilli()) / 1000}}
}

// truth is a truth as a number.
func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// labelEscapes are all that the format knows; it has no other escape.
var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// label is a label with its value. No value ends the line or the label early.
func label(name, value string) string {
	return name + `="` + labelEscapes.Replace(clean(value, cellLimit)) + `"`
}
