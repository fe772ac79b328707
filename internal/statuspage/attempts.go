package statuspage

import (
	"sync"

	"github.com/popherd/popherd/internal/jobs"
)

// Attempts counts the attempts of this process by job and class, for /metrics.
// The zero value has counted none.
type Attempts struct {
	lock        sync.Mutex
	ended, over map[attempt]uint64
}

// An attempt is what is counted together.
type attempt struct {
	job   string
	class jobs.Class
}

// Note counts an attempt that ended, and whether the run is over with it. It
// can be an engine's [jobs.Options.Notice].
func (a *Attempts) Note(o jobs.Order, r jobs.Result, final bool) {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.ended == nil {
		a.ended, a.over = map[attempt]uint64{}, map[attempt]uint64{}
	}
	what := attempt{o.Job, r.Class}
	if what.class == "" {
		what.class = jobs.Permanent
	}
	a.ended[what]++
	if final {
		a.over[what]++
	}
}

// classes are all that an attempt can have.
var classes = []jobs.Class{jobs.Done, jobs.Temporary, jobs.Refused, jobs.Permanent, jobs.Interrupted}

// attemptMetrics are the counts of the jobs that there are. One that nothing was
// counted of is 0, so that the first failure is a rise.
func (p *page) attemptMetrics(states []jobs.JobState) []family {
	ended := family{"popherd_job_attempts_total", "Attempts of runs of the job that ended in this process, by class.", nil}
	failed := family{"popherd_job_failures_total", "Runs of the job that failed for good in this process, by class.", nil}
	a := p.Attempts
	if a == nil {
		return nil
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	for _, s := range states {
		job := label("job", s.Name)
		for _, class := range classes {
			ended.samples = append(ended.samples, sample{job + "," + label("class", string(class)), float64(a.ended[attempt{s.Name, class}])})
		}
		for _, class := range failures {
			failed.samples = append(failed.samples, sample{job + "," + label("class", string(class)), float64(a.over[attempt{s.Name, class}])})
		}
	}
	return []family{ended, failed}
}
