package jobs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// A Definition is a job as the engine needs it.
type Definition struct {
	Name     string
	Accounts []Account // no name is there twice
	Schedule schedule.Schedule
	Jitter   time.Duration // a run is due up to that long after its fire; 24 hours at most
	Deadline time.Duration // of one attempt; 0 is 10 minutes, 24 hours at most
	CatchUp  schedule.CatchUp
	// DryFirst makes the first run of each account, and the first one after
	// Digest or the maildrop has changed, a dry run; unless a person has it run
	// for real, who is taken to know what it does.
	DryFirst bool
	Retries  int // after the first attempt, as long as failures are Temporary
	// PauseAfter is how many failures in a row that no retry mends (Refused or
	// Permanent) pause the job for that account; 0 never does.
	PauseAfter int
	Enabled    bool // whether it fires; by hand it runs anyway
	// Digest tells what the job does, as it is now, from anything else that it
	// might do; nil says the same always. It is asked when a run begins, by
	// several goroutines at once. If it fails, the run does, for good.
	Digest func() (string, error)
}

// An Account is one of those that a job is for.
type Account struct {
	Name     string // for people; results, failures and pauses go by it
	Maildrop string // what it means: those of the same one exclude each other; empty is Name
}

// maxDeadline is below what River takes for a stuck job; see riverTimeout.
const (
	defaultDeadline = 10 * time.Minute
	maxDeadline     = 24 * time.Hour
	maxJitter       = 24 * time.Hour
)

// definition is a Definition that was taken. It has no Accounts but these.
type definition struct {
	Definition
	names  []string  // of the accounts, in their order
	sorted []Account // by name
}

// maildrop returns what the job means by an account, and whether it is for it.
func (d *definition) maildrop(account string) (string, bool) {
	i, found := slices.BinarySearchFunc(d.sorted, account, func(a Account, name string) int { return strings.Compare(a.Name, name) })
	if !found {
		return "", false
	}
	return d.sorted[i].Maildrop, true
}

// digest asks what the job does.
func (d *definition) digest() (string, error) {
	if d.Digest == nil {
		return "", nil
	}
	return d.Digest()
}

// check refuses definitions that cannot work.
func check(list []Definition) (map[string]*definition, error) {
	known := map[string]*definition{}
	for _, d := range list {
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
		taken := &definition{Definition: d}
		if err := taken.take(d.Accounts); err != nil {
			return nil, fmt.Errorf("job %s: %w", d.Name, err)
		}
		fallback(&taken.Deadline, defaultDeadline)
		known[d.Name] = taken
	}
	return known, nil
}

// take takes the accounts.
func (d *definition) take(list []Account) error {
	d.Accounts, d.sorted, d.names = nil, slices.Clone(list), make([]string, len(list))
	for i, a := range list {
		d.names[i] = a.Name
		if a.Maildrop == "" {
			d.sorted[i].Maildrop = a.Name
		}
	}
	slices.SortFunc(d.sorted, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
	for i, a := range d.sorted {
		if a.Name == "" || i > 0 && a.Name == d.sorted[i-1].Name {
			return fmt.Errorf("account %q is there twice, or has no name", a.Name)
		}
	}
	return nil
}
