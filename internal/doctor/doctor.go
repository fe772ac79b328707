// Package doctor looks at how popherd is set up, and says of each thing whether
// it is as it should be and what to do if it is not: the configuration, the
// accounts up to their logins, targets, folders, the state, and the machine. It
// changes nothing, asks nobody, and every check of it ends.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// A Level is how bad a finding is.
type Level string

// The levels, the best first.
const (
	OK      Level = "ok"
	Info    Level = "info"    // worth knowing
	Warning Level = "warning" // it works, but not well or not for long
	Error   Level = "error"   // it does not work
)

// A Finding is what one look has shown. Its texts may be foreign: whoever shows
// them to a person cleans them.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"` // "login"
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"`
}

// A Kind is what sort of thing a section is about.
type Kind string

// The kinds of sections.
const (
	Configuration Kind = "configuration"
	Account       Kind = "account"
	Target        Kind = "target"
	Folder        Kind = "folder"
	State         Kind = "state"
	Machine       Kind = "machine"
)

// A Section is all findings about one thing.
type Section struct {
	Kind     Kind      `json:"kind"`
	Name     string    `json:"name,omitempty"` // of the account, the target, the folder
	Findings []Finding `json:"findings"`
}

// Count is how many findings of a level there are.
func (s Section) Count(level Level) int {
	n := 0
	for _, f := range s.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// A Check is a look at one thing.
type Check struct {
	kind  Kind
	name  string
	limit time.Duration // of the whole look
	look  func(ctx context.Context, n *notes)
}

// mostAtOnce bounds how many checks run side by side. They mostly wait.
const mostAtOnce = 16

// Run makes all checks, several at once, and returns their sections in the
// order of the checks. Each ends at its limit, or when ctx does, with what it
// has found until then. progress, if it is not nil, is told how many are done.
func Run(ctx context.Context, checks []Check, progress func(done, all int)) []Section {
	sections := make([]Section, len(checks))
	free := make(chan struct{}, mostAtOnce)
	ended := make(chan struct{}, len(checks))
	for i := range checks {
		go func() {
			free <- struct{}{}
			sections[i] = checks[i].run(ctx)
			<-free
			ended <- struct{}{}
		}()
	}
	for i := range checks {
		<-ended
		if progress != nil {
			progress(i+1, len(checks))
		}
	}
	return sections
}

// run makes one check. What hangs in spite of its context is left behind.
func (c Check) run(ctx context.Context) Section {
	bounded, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	n := &notes{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.look(bounded, n)
	}()
	select {
	case <-done:
	case <-bounded.Done():
		select { // it may be about to say what it was stopped at
		case <-done:
		case <-time.After(grace):
			n.fail("time", fmt.Sprintf("the check did not end within %v", c.limit), "")
		}
	}
	return Section{Kind: c.kind, Name: c.name, Findings: n.close()}
}

// grace is how long a check that was stopped may take to say so.
const grace = 2 * time.Second

// notes gather the findings of one check.
type notes struct {
	mu     sync.Mutex
	list   []Finding
	closed bool
}

func (n *notes) add(f Finding) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		n.list = append(n.list, f)
	}
}

func (n *notes) ok(check, text string)           { n.add(Finding{OK, check, text, ""}) }
func (n *notes) info(check, text, advice string) { n.add(Finding{Info, check, text, advice}) }
func (n *notes) warn(check, text, advice string) { n.add(Finding{Warning, check, text, advice}) }
func (n *notes) fail(check, text, advice string) { n.add(Finding{Error, check, text, advice}) }

// failed notes an error, with the advice that it has or else this one.
func (n *notes) failed(check string, err error, advice string) {
	if own := hintOf(err); own != "" {
		advice = own
	}
	n.fail(check, err.Error(), advice)
}

// ofAccount is the text of an error without the name of the account, which the
// section has.
func ofAccount(name string, err error) string {
	text := strings.TrimPrefix(err.Error(), fmt.Sprintf("account %q: ", name))
	return strings.TrimPrefix(text, "account "+name+": ")
}

// close returns the findings; those that come later are lost.
func (n *notes) close() []Finding {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return append([]Finding{}, n.list...)
}
