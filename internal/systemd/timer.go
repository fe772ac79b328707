package systemd

import (
	"fmt"
	"time"
)

// A Timer says when one job runs without a daemon.
type Timer struct {
	Job      string         // its name
	Schedule string         // as schedule.Parse takes it
	Zone     string         // of the tz database; "" for the machine's own
	Local    *time.Location // which is that
	From     time.Time      // now; see [Calendar]
	Jitter   time.Duration
	CatchUp  string // "once", "skip" or "all"
}

// name is that of its files, without what they end with.
func (t *Timer) name() string { return "popherd-" + t.Job }

// file is the timer file.
func (t *Timer) file() (string, error) {
	lines, err := Calendar(t.Schedule, t.Zone, t.Local, t.From)
	if err != nil {
		return "", err
	}
	if err := t.checkJitter(); err != nil {
		return "", err
	}
	u := &unit{}
	u.note("Written by popherd systemd.")
	u.section("Unit")
	u.set("Description", "popherd, when the job "+t.Job+" runs")
	u.section("Timer")
	u.note(fmt.Sprintf("schedule = %q", t.Schedule))
	for _, line := range lines {
		u.set("OnCalendar", line)
	}
	u.note("Without it, up to a minute later.")
	u.set("AccuracySec", "1s")
	if t.Jitter > 0 {
		u.set("RandomizedDelaySec", span(t.Jitter))
	}
	if t.CatchUp == "all" {
		u.note("Of runs that were missed systemd makes up for the last one only, not for all.")
	}
	u.set("Persistent", fmt.Sprint(t.CatchUp != "skip"))
	u.section("Install")
	u.set("WantedBy", "timers.target")
	return u.String(), nil
}

// span is a duration as systemd.time(7) has it.
func span(d time.Duration) string {
	switch {
	case d%time.Minute == 0:
		return fmt.Sprintf("%dmin", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return fmt.Sprintf("%dus", max(1, d.Microseconds()))
}

// checkJitter refuses a delay that leads past the next time: systemd computes
// that one when the delay is over, so that it would be left out.
func (t *Timer) checkJitter() error {
	read, err := read(t.Schedule, t.Zone)
	if err != nil {
		return err
	}
	if closest := read.closest(); t.Jitter > closest {
		return &Error{fmt.Sprintf("jitter %s", t.Jitter), fmt.Sprintf("the job's times are %s apart, and systemd would leave out those within the jitter", closest),
			"write a shorter jitter; " + instead}
	}
	return nil
}
