package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// A Definition is a job as the engine needs it.
type Definition struct {
	Name     string
	Accounts []string // names; none is there twice
	Schedule schedule.Schedule
	Jitter   time.Duration // a run is due up to that long after its fire; 24 hours at most
	Deadline time.Duration // of one attempt; 0 is 10 minutes, 24 hours at most
	CatchUp  schedule.CatchUp
	// DryFirst makes the first run of each account, and the first one after
	// Digest has changed, a dry run.
	DryFirst bool
	Retries  int // after the first attempt, as long as failures are Temporary
	// PauseAfter is how many failures in a row that no retry mends (Refused or
	// Permanent) pause the job for that account; 0 never does.
	PauseAfter int
	Enabled    bool   // whether it fires; by hand it runs anyway
	Digest     string // of what the job does
}

// maxDeadline is below what River takes for a stuck job; see riverTimeout.
const (
	defaultDeadline = 10 * time.Minute
	maxDeadline     = 24 * time.Hour
	maxJitter       = 24 * time.Hour
)

// An Order is one attempt of a run that is due.
type Order struct {
	Run      int64
	Job      string
	Account  string
	Fire     time.Time // zero: by hand
	Attempt  int       // from 1; those that a stop interrupted do not count
	DryRun   bool
	Deadline time.Duration // the context ends after that long
}

// A Class says what a Result means for the next attempt.
type Class string

// Classes of results. One without a class counts as Permanent.
const (
	Done        Class = "done"        // nothing is left to do
	Temporary   Class = "temporary"   // another attempt may mend it
	Refused     Class = "refused"     // the login was: only a person mends it
	Permanent   Class = "permanent"   // no attempt mends it
	Interrupted Class = "interrupted" // the context ended before anything was done
)

// A Result is what became of an Order.
type Result struct {
	Outcome string // a word for people and filters; empty is the class
	Class   Class
	After   time.Duration // not before that long, if Temporary; 24 hours at most
	Message string        // for people; the reason of a failure

	Messages, Deleted, Delivered, Kept int
	Report                             []byte // JSON; above 16 MiB it is left out
}

// A Performer does what an Order says. When the context ends, whatever only
// reads is to abort; a commit that has begun is to finish. An order may be one
// that was carried out before, by a process that died before it could say so.
// The engine never calls it twice at once for the same account.
type Performer interface {
	Perform(ctx context.Context, o Order) Result
}

// Options say how to open an engine.
type Options struct {
	DB        string // path of a SQLite file, or postgres://...
	Jobs      []Definition
	Performer Performer // nil: this engine is for looking and ordering, and cannot Start
	Workers   int       // runs at once in this process; 0 is 8
	Node      string    // name of the machine, for people
	Now       func() time.Time
	Log       *slog.Logger

	HistoryDays int // how long runs are kept; 0 is 90

	Tick  time.Duration // between looks at the clock; 0 is 1 second
	Lease time.Duration // see Leases; 0 is 30 seconds
	// RetryWait is before the second attempt; it doubles. 0 is 1 minute.
	RetryWait time.Duration
}

func (o *Options) fill() {
	fallback(&o.Workers, 8)
	fallback(&o.HistoryDays, 90)
	fallback(&o.Tick, time.Second)
	fallback(&o.Lease, 30*time.Second)
	fallback(&o.RetryWait, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Node == "" {
		o.Node = "node"
	}
}

func fallback[T int | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// Errors of what a person asks for. They are wrapped in what says for which.
var (
	ErrUnknown  = errors.New("not known")                      // no such job, account or run
	ErrSettled  = errors.New("has ended well already")         // Retry of a run that needs none
	ErrOver     = errors.New("is over")                        // Cancel of a run that has ended
	ErrStopping = errors.New("the engine stops")               // cause of a context's end
	ErrLeased   = errors.New("the lease of the account ended") // cause of a context's end
)

// causes of a context's end that only this package tells apart.
var (
	errCancelled = errors.New("cancelled")
	errDeadline  = errors.New("the deadline passed")
)

// check refuses definitions that cannot work.
func check(definitions []Definition) (map[string]*Definition, error) {
	known := map[string]*Definition{}
	for _, d := range definitions {
		switch {
		case d.Name == "":
			return nil, errors.New("jobs: a job has no name")
		case known[d.Name] != nil:
			return nil, fmt.Errorf("job %s: there are two of that name", d.Name)
		case d.Deadline > maxDeadline || d.Deadline < 0:
			return nil, fmt.Errorf("job %s: a deadline of %v is not from 0 to %v", d.Name, d.Deadline, maxDeadline)
		case d.Jitter > maxJitter:
			return nil, fmt.Errorf("job %s: a jitter of %v is above %v", d.Name, d.Jitter, maxJitter)
		case d.Jitter < 0 || d.Retries < 0 || d.PauseAfter < 0:
			return nil, fmt.Errorf("job %s: jitter, retries or failures to pause after are below 0", d.Name)
		}
		seen := map[string]bool{}
		for _, account := range d.Accounts {
			if seen[account] || account == "" {
				return nil, fmt.Errorf("job %s: account %q is there twice, or has no name", d.Name, account)
			}
			seen[account] = true
		}
		fallback(&d.Deadline, defaultDeadline)
		known[d.Name] = &d
	}
	return known, nil
}
