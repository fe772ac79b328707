package config

import (
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// A Job is a script that runs by itself: for which accounts, and when. Defaults
// are filled in, paths are absolute.
type Job struct {
	Name     string   // of its table: jobs.NAME
	Script   string   // a path, or @NAME of one that popherd ships
	Args     []string // of the script
	Accounts []string // as [Config.Select] takes them; each names at least one

	Schedule string // as schedule.Parse reads it
	Zone     string // of the tz database; "" for the machine's own

	Jitter   time.Duration // after a fire, at most; 0 to 24 hours
	Deadline time.Duration // of a run; to 24 hours
	CatchUp  string        // "once", "skip" or "all", as schedule.ParseCatchUp reads it
	FirstRun string        // Dry or Real

	Retries    int // of a run that failed for now; 0 for none
	PauseAfter int // runs of an account that failed in a row, retries and all; at least 1
	Enabled    bool

	Policy Policy  // the job's own keys, and [policy]'s for the rest. Parallel is 0: each account is a run
	Notify *Notify // nil for none
}

// What the first run of a job is, and the first after a change.
const (
	Dry  = "dry"  // it shows what it would do
	Real = "real" // it does it
)

// Notify is whom to tell of a run, and of which. One of Command and Target is
// there, or both.
type Notify struct {
	Failure bool     // of one that failed for good
	Over    *int     // of one that plans more deletions than this; nil for none
	Command []string `json:"-"` // a program and its arguments, which may hold what others should not see; no shell
	Target  string   // the name of one of [Config.Targets]
}

// When returns the schedule of a job. Local is the machine's zone, which counts
// if the job names none.
func (j Job) When(local *time.Location) (schedule.Schedule, error) {
	if j.Zone == "" {
		return schedule.Parse(j.Schedule, local)
	}
	zone, err := time.LoadLocation(j.Zone)
	if err != nil {
		return schedule.Schedule{}, err
	}
	return schedule.Parse(j.Schedule, zone)
}
