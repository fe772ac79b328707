package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/popherd/popherd/internal/schedule"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/scripts"
)

// maxJob is the most that a job may wait or take: by then the next day's is due.
const maxJob = 24 * time.Hour

// What jobs have that say nothing of it.
const (
	defaultDeadline   = 10 * time.Minute
	defaultRetries    = 5
	defaultPauseAfter = 3
)

// jobKeys are the keys of a job: its own, and those of [policy] that a job can
// have otherwise than all the rest.
func jobKeys() []key[Job] {
	keys := []key[Job]{
		{"script", false, func(r *reader, j *Job, n *node) { j.Script = r.script(n) }},
		{"args", false, func(r *reader, j *Job, n *node) { j.Args = r.args(n) }},
		{"accounts", false, func(r *reader, j *Job, n *node) { j.Accounts = r.patterns(n) }},
		{"schedule", false, func(r *reader, j *Job, n *node) { j.Schedule = r.schedule(n) }},
		{"zone", false, func(r *reader, j *Job, n *node) { j.Zone = r.zone(n) }},
		{"jitter", false, func(r *reader, j *Job, n *node) { j.Jitter = r.within(n, maxJob) }},
		{"deadline", false, func(r *reader, j *Job, n *node) { j.Deadline = r.within(n, maxJob) }},
		{"catch_up", false, func(r *reader, j *Job, n *node) {
			j.CatchUp = r.choice(n, schedule.Once.String(), schedule.Skip.String(), schedule.All.String())
		}},
		{"first_run", false, func(r *reader, j *Job, n *node) { j.FirstRun = r.choice(n, Dry, Real) }},
		{"retries", false, func(r *reader, j *Job, n *node) { j.Retries = int(r.whole(n, 0, 100)) }},
		{"pause_after", false, func(r *reader, j *Job, n *node) { j.PauseAfter = int(r.whole(n, 1, 1000)) }},
		{"enabled", false, func(r *reader, j *Job, n *node) { j.Enabled = r.boolean(n) }},
		{"notify", false, func(r *reader, j *Job, n *node) { j.Notify = r.notify(n) }},
	}
	for _, k := range policyKeys() {
		if _, shared := notOfJobs[k.name]; !shared {
			keys = append(keys, key[Job]{name: k.name, read: func(r *reader, j *Job, n *node) { k.read(r, &j.Policy, n) }})
		}
	}
	return keys
}

// notOfJobs are the keys that a job cannot have, and where they belong.
var notOfJobs = map[string]struct{ reason, advice string }{
	"state_dir": {"is of all jobs together: what lasts between runs has one place", "write it in [policy]"},
	"parallel":  {"is of no job: each of its accounts is a run", "write workers in [daemon], for all jobs together"},
	"dry_run":   {"is no key: a job's first run is dry, and what follows is not", `write first_run = "dry" or "real"`},
	"disabled":  {"is no key", "write enabled = false"},
}

// jobs reads all jobs. What they refer to was read before.
func (r *reader) jobs(n *node) {
	if n == nil || !r.isTable(n, "jobs.NAME") {
		return
	}
	for _, job := range n.children {
		if r.full() {
			return
		}
		r.made.Jobs = append(r.made.Jobs, r.job(job, r.made.Policy))
	}
}

// job reads [jobs.NAME], which permits what [policy] does unless it says
// otherwise.
func (r *reader) job(n *node, shared Policy) Job {
	shared.Parallel = 0
	j := Job{
		Name: n.name, Deadline: defaultDeadline, CatchUp: schedule.Once.String(), FirstRun: Dry,
		Retries: defaultRetries, PauseAfter: defaultPauseAfter, Enabled: true, Policy: shared,
	}
	if !r.isTable(n, "jobs."+bareOrQuoted(n.name)) || !r.tableName(n, names(jobKeys())) {
		return j
	}
	before := len(r.found)
	read(r, n, append(jobKeys(), refusedOfJobs()...), &j)
	if len(r.found) == before { // a key that is missing may be one that is misspelled
		for _, name := range []string{"script", "accounts", "schedule"} {
			if n.child(name) == nil {
				r.faultKey(n, "has no "+name, "add below it: "+example(name))
			}
		}
	}
	if len(r.found) == before && !r.passed {
		r.agreeTimes(n, j)
	}
	return j
}

// refusedOfJobs are the keys that say why no job has them.
func refusedOfJobs() (keys []key[Job]) {
	refuse := func(name, reason, advice string) {
		keys = append(keys, key[Job]{name: name, read: func(r *reader, _ *Job, n *node) { r.faultKey(n, reason, advice) }})
	}
	for name, why := range notOfJobs {
		refuse(name, why.reason, why.advice)
	}
	for _, name := range flagOnly {
		if _, said := notOfJobs[name]; !said {
			refuse(name, "is said on the command line alone, and no job can have it", "remove it")
		}
	}
	return keys
}

// script reads where a script is.
func (r *reader) script(n *node) string {
	text := r.single(n)
	name, ours := strings.CutPrefix(text, "@")
	switch {
	case text == "":
		return ""
	case text == "-":
		r.fault(n, "is the standard input, and a job has none", write(n.name))
		return ""
	case !ours:
		return r.absolute(n, text)
	}
	var known []string
	for _, s := range scripts.All() {
		known = append(known, s.Name)
	}
	if slices.Contains(known, name) {
		return text
	}
	advice := "popherd run @list shows those that there are"
	if meant := luabind.Suggest(name, known); meant != "" && text == n.content {
		advice = fmt.Sprintf("did you mean %q?", "@"+meant)
	}
	r.fault(n, "popherd ships no such script", advice)
	return ""
}

// args reads a script's arguments: texts, which may be empty.
func (r *reader) args(n *node) (args []string) {
	if !r.is(n, unstable.Array) {
		return nil
	}
	for _, element := range n.children {
		if r.full() {
			break
		}
		if element.kind == unstable.Integer {
			r.fault(element, "is a whole number, not a text", "write "+strconv.Quote(element.content))
		} else if text, ok := r.filled(element); ok {
			args = append(args, text)
		}
	}
	return args
}

// within reads a duration of at most so much.
func (r *reader) within(n *node, most time.Duration) time.Duration {
	d := r.duration(n)
	if d > most {
		r.fault(n, fmt.Sprintf("%s is more than %g hours", r.quoted(n), most.Hours()), fmt.Sprintf("write %s = %q at most", n.name, brief(most)))
	}
	return d
}

// schedule reads when a job runs. What its zone is does not matter to whether it
// is right.
func (r *reader) schedule(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	_, err := schedule.Parse(text, time.UTC)
	var wrong *schedule.Error
	switch {
	case err == nil:
		return text
	case errors.As(err, &wrong) && text == n.content && shown(r.text, n) && len(text) <= maxExcerpt:
		reason := wrong.Reason
		if wrong.Field != "" {
			reason = wrong.Field + ": " + reason
		}
		r.fault(n, reason, wrong.Advice)
	default: // it may hold what others should not see
		r.fault(n, "is not a schedule", write(n.name))
	}
	return ""
}

// zone reads the name of a time zone.
func (r *reader) zone(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	_, err := time.LoadLocation(text)
	switch {
	case strings.EqualFold(text, "local"):
		r.fault(n, "is another zone on every machine", write(n.name)+", or remove it")
	case err != nil:
		r.fault(n, r.quoted(n)+" is not a time zone that is known", write(n.name)+`, a name of the tz database, or "UTC"`)
	default:
		return text
	}
	return ""
}

// agreeTimes checks that what a job says of times fits together.
func (r *reader) agreeTimes(n *node, j Job) {
	if zone := n.child("zone"); zone != nil {
		switch {
		case strings.HasPrefix(strings.TrimSpace(j.Schedule), "@every"):
			r.faultKey(zone, "is not used: @every counts from 1970-01-01 00:00 UTC, in no zone", "remove it")
		case strings.Contains(j.Schedule, "TZ="):
			r.faultKey(zone, "is not used, because schedule names a zone of its own", "remove one of them")
		}
	}
	if timeout := n.child("timeout"); timeout != nil && j.Policy.Timeout > j.Deadline {
		r.faultKey(timeout, "is never reached, because the deadline is "+brief(j.Deadline), fmt.Sprintf("write deadline = %q, or remove timeout", brief(j.Policy.Timeout)))
	}
}

// brief is a duration without the units that are zero at its end: 10m for
// 10m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
