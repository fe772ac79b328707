package cli_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/maildir"
)

// kinds of mail: one that no job is for, and one for each job.
var fleetKinds = []string{"keep", "move", "old", "junk", "stale", "move"}

// letter is a message, and for which job it is.
type letter struct {
	kind   string
	octets []byte
	at     time.Time // when it came, by the daemons' clock
}

// fleetMail is all the mail that ever was.
type fleetMail struct {
	t       *testing.T
	f       *fleet
	users   []*dovecottest.User
	letters map[string][]letter // by user
	n       int
}

// newFleetMail gives each account some messages.
func newFleetMail(t *testing.T, f *fleet) *fleetMail {
	t.Helper()
	m := &fleetMail{t: t, f: f, letters: map[string][]letter{}}
	for i, name := range fleetNames(0, fleetAccounts) {
		u := f.server.AddUser(name, "secret")
		m.users = append(m.users, u)
		for _, kind := range fleetKinds {
			m.deliver(u, kind)
		}
		for range i % 5 { // 6 to 10
			m.deliver(u, "keep")
		}
	}
	return m
}

func (m *fleetMail) deliver(u *dovecottest.User, kind string) {
	m.n++
	shape := m.n % 9
	if shape == 2 {
		shape = 3 // its lines are of 8 KB
	}
	octets := fmt.Appendf(nil, "From: Anna <anna@example.org>\r\nSubject: %s %d\r\nMessage-ID: <%d@example.org>\r\n\r\n%s", kind, m.n, m.n, body(shape))
	u.Deliver(octets)
	m.letters[u.Name] = append(m.letters[u.Name], letter{kind, octets, m.f.clock.now()})
}

// arrive delivers mail to some, as long as there is a fire to come for it.
func (m *fleetMail) arrive(after time.Duration) (n int) {
	for i, u := range m.users {
		if (i+m.n)%7 != 0 && i >= 10 {
			continue
		}
		kinds := []string{"keep"}
		for _, j := range m.f.jobs {
			last := time.Hour
			if len(j.minutes) > 0 {
				last = time.Duration(j.minutes[len(j.minutes)-1]) * time.Minute
			} else if last = 50 * time.Minute; m.f.size.long {
				last = 58 * time.Minute
			}
			// Well before the fire, by the clock that the daemons have now.
			if slices.Contains(j.accounts, u.Name) && m.f.clock.now().Before(m.f.hour.Add(last-2*time.Minute)) {
				kinds = append(kinds, j.kind)
			}
		}
		m.deliver(u, kinds[m.n%len(kinds)])
		n++
	}
	return n
}

// isFor reports whether a letter is for a job that works the maildrop.
func (m *fleetMail) isFor(user, kind string) *fleetJob {
	for i, j := range m.f.jobs {
		if j.kind == kind && slices.Contains(j.accounts, user) {
			return &m.f.jobs[i]
		}
	}
	return nil
}

// mailCount is what became of all mail.
type mailCount struct {
	kept, deleted, delivered int // letters, as it should be
	late                     int // letters for a job that did not come to them
	lost                     int // to keep, and not there or changed
	left                     int // to delete, and there
	missing, twice           int // to deliver, and not in the target, or there too often
	strange                  int // in a target, and no letter for it
}

// count compares all maildrops and targets with what is to be there, after
// these runs.
func (m *fleetMail) count(runs []jobs.Run) (c mailCount) {
	m.t.Helper()
	copies := map[string]map[[sha256.Size]byte]int{"archive": m.copies("archive"), "junk": m.copies("junk")}
	real := realRuns(runs)
	for _, u := range m.users {
		there := map[string]int{}
		for _, octets := range u.Messages() {
			there[string(octets)]++
		}
		for _, l := range m.letters[u.Name] {
			j := m.isFor(u.Name, l.kind)
			if j != nil && !real.cameTo(j.name, u.Name, l.at, there[string(l.octets)] > 0) {
				c.late++
				j = nil
			}
			if j == nil {
				c.kept++
				if there[string(l.octets)]--; there[string(l.octets)] < 0 {
					c.lost++
				}
				continue
			}
			c.deleted++
			if j.target == "" {
				continue
			}
			c.delivered++
			sum := sha256.Sum256(sent(l.octets))
			n := copies[j.target][sum]
			c.missing += max(0, 1-n)
			c.twice += max(0, n-1)
			delete(copies[j.target], sum)
		}
		for _, n := range there {
			c.left += max(0, n)
		}
	}
	for _, rest := range copies {
		for _, n := range rest {
			c.strange += n
		}
	}
	return c
}

// runsOf are the runs that were not dry, by job and maildrop.
type runsOf map[string][]jobs.Run

func realRuns(runs []jobs.Run) runsOf {
	real := runsOf{}
	for _, r := range runs {
		if !r.DryRun {
			key := r.Job + "/" + maildropOf(r.Account)
			real[key] = append(real[key], r)
		}
	}
	return real
}

// cameTo reports whether a run must have seen a letter. If it came while the
// last one was under way, either will do.
func (real runsOf) cameTo(job, user string, at time.Time, there bool) bool {
	for _, r := range real[job+"/"+user] {
		if r.Started.After(at) || r.Finished.After(at) && !there {
			return true
		}
	}
	return false
}

// copies counts what a target has, octet for octet.
func (m *fleetMail) copies(target string) map[[sha256.Size]byte]int {
	m.t.Helper()
	copies := map[[sha256.Size]byte]int{}
	dir := filepath.Join(m.f.dir, target)
	list, err := maildir.List(dir)
	if os.IsNotExist(err) {
		return copies
	}
	must(m.t, err)
	for _, each := range list {
		file, err := maildir.Open(dir, each)
		must(m.t, err)
		octets, err := io.ReadAll(file)
		file.Close()
		must(m.t, err)
		copies[sha256.Sum256(octets)]++
	}
	return copies
}
