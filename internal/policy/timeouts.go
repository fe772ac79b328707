package policy

import (
	"fmt"
	"time"
)

// The limits of every wait that is not set otherwise.
const (
	DefaultConnect = 30 * time.Second // see [Timeouts.Connect]
	DefaultCommand = 60 * time.Second // see [Timeouts.Command]
	DefaultRead    = 60 * time.Second // see [Timeouts.Read]
	DefaultRun     = 10 * time.Minute // see [Timeouts.Run]
)

// Timeouts limits every wait of a run. There is no way to wait for ever: zero
// means the default.
type Timeouts struct {
	// Connect limits name look-up and TCP connect, and once more the TLS
	// handshake. 0 means 30 s (--connect-timeout).
	Connect time.Duration
	// Command limits the wait from a command to its status line. 0 means 60 s
	// (--command-timeout).
	Command time.Duration
	// Read limits the wait between two reads of a multi-line response. 0 means
	// 60 s.
	Read time.Duration
	// Run limits the whole run, from the first line of the script to the
	// report. 0 means 10 min (--timeout).
	Run time.Duration
	// MaxScript is the most a script may ask for one session's waits. 0 means
	// as long as Run.
	MaxScript time.Duration
}

// OrDefaults returns the timeouts with every zero replaced by its default.
func (t Timeouts) OrDefaults() Timeouts {
	setDefault(&t.Connect, DefaultConnect)
	setDefault(&t.Command, DefaultCommand)
	setDefault(&t.Read, DefaultRead)
	setDefault(&t.Run, DefaultRun)
	setDefault(&t.MaxScript, t.Run)
	return t
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// ForScript returns the timeouts of a session for which the script asked for
// a timeout of its own: it takes the place of Connect, Command and Read, but
// is never longer than MaxScript. Nothing asked for, which is 0 or less,
// leaves the host's.
func (t Timeouts) ForScript(asked time.Duration) Timeouts {
	t = t.OrDefaults()
	if asked > 0 {
		asked = min(asked, t.MaxScript)
		t.Connect, t.Command, t.Read = asked, asked, asked
	}
	return t
}

// Check refuses a timeout below zero, naming it.
func (t Timeouts) Check() error {
	for _, each := range []struct {
		name  string
		value time.Duration
	}{
		{"connect timeout", t.Connect},
		{"command timeout", t.Command},
		{"read timeout", t.Read},
		{"run timeout", t.Run},
		{"script timeout", t.MaxScript},
	} {
		if each.value < 0 {
			return fmt.Errorf("%s %s: below zero; give a duration such as 30s or 10m", each.name, each.value)
		}
	}
	return nil
}
