package statuspage

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/VictoriaMetrics/metrics"

	"github.com/popherd/popherd/internal/jobs"
)

// metrics writes the engine's numbers in Prometheus' text format. What the
// database does not tell in time is left out; the engine's own is there.
func (p *page) metrics(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	p.engineMetrics(&b)
	if states, err := p.Source.Jobs(r.Context()); err != nil {
		p.Log.Warn("jobs not measured", "error", err)
	} else {
		for _, s := range states {
			jobMetrics(&b, s)
		}
	}
	if octets, known := p.backupsUsed(r.Context()); known {
		metrics.WriteGaugeUint64(&b, "popherd_backups_octets", uint64(max(octets, 0)))
	}
	metrics.WriteCounterUint64(&b, "popherd_http_requests_total", p.requests.Load())
	metrics.WriteCounterUint64(&b, "popherd_http_refused_total", p.refused.Load())
	if p.Metrics != nil {
		p.Metrics(&b)
	}
	metrics.WriteProcessMetrics(&b)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Write(b.Bytes())
}

// engineMetrics are those of this process.
func (p *page) engineMetrics(w io.Writer) {
	s := p.Source.Stats()
	metrics.WriteGaugeUint64(w, "popherd_up", truth(p.stuck() == ""))
	for _, g := range []struct {
		name  string
		value int
	}{
		{"popherd_runs_running_here", s.Running}, {"popherd_runs_running", s.Working}, {"popherd_runs_waiting", s.Waiting},
		{"popherd_runs_queued", s.Queued}, {"popherd_engines", s.Processes},
	} {
		metrics.WriteGaugeUint64(w, g.name, uint64(max(g.value, 0)))
	}
	for _, c := range []struct {
		name  string
		value uint64
	}{
		{"popherd_fires_total", s.Fires}, {"popherd_runs_snoozed_total", s.Snoozed}, {"popherd_runs_rescued_total", s.Rescued},
		{"popherd_tickets_lost_total", s.Lost}, {"popherd_messages_deleted_total", s.Deleted}, {"popherd_messages_delivered_total", s.Delivered},
	} {
		metrics.WriteCounterUint64(w, c.name, c.value)
	}
	for _, class := range slices.Sorted(maps.Keys(s.Runs)) {
		metrics.WriteCounterUint64(w, "popherd_attempts_total{"+label("class", class)+"}", s.Runs[class])
	}
	if !s.Ticked.IsZero() {
		metrics.WriteGaugeFloat64(w, "popherd_ticked_seconds", float64(s.Ticked.UnixMilli())/1000)
	}
}

// jobMetrics are those of one job, on all machines.
func jobMetrics(w io.Writer, s jobs.JobState) {
	job := label("job", s.Name)
	metrics.WriteGaugeUint64(w, "popherd_job_enabled{"+job+"}", truth(s.Enabled && !s.Disabled))
	metrics.WriteGaugeUint64(w, "popherd_job_accounts{"+job+"}", uint64(len(s.Accounts)))
	metrics.WriteGaugeUint64(w, "popherd_job_accounts_paused{"+job+"}", uint64(len(s.Paused)))
	metrics.WriteGaugeUint64(w, "popherd_job_accounts_failing{"+job+"}", uint64(len(s.Failing)))
	if len(s.Next) > 0 {
		metrics.WriteGaugeFloat64(w, "popherd_job_next_fire_seconds{"+job+"}", float64(s.Next[0].Unix()))
	}
	if s.Last != nil {
		metrics.WriteGaugeFloat64(w, "popherd_job_last_run_seconds{"+job+"}", float64(s.Last.Finished.Unix()))
		metrics.WriteGaugeUint64(w, "popherd_job_last_run_failed{"+job+"}", truth(failedRun(*s.Last)))
	}
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
