package cli_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/jobs"
)

// fleetEvent is a line of a daemon's log.
type fleetEvent struct {
	Time, Level, Msg, Job, Account, UIDL, Action, Outcome, Error string

	Run     int64
	Attempt int
	Runs    int
}

// events are the lines of a log, each of which must be an object.
func (f *fleet) events(m *member) (list []fleetEvent) {
	f.t.Helper()
	for line := range strings.Lines(m.log.String()) {
		var e fleetEvent
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			f.t.Errorf("log: %v in %q", err, line)
			continue
		}
		list = append(list, e)
	}
	return list
}

// judgeLogs: each attempt is told once, each deletion once, nothing else went
// wrong.
func (f *fleet) judgeLogs(sheet *tallySheet, runs []jobs.Run) {
	f.t.Helper()
	begun, ended, rescued, lines := map[string]int{}, map[int64]int{}, 0, 0
	deletions := map[string]int{}
	var share, bad []string
	for i, m := range f.daemons {
		n := 0
		for _, e := range f.events(m) {
			lines++
			switch e.Msg {
			case "jobs: run begins":
				begun[fmt.Sprint(e.Run, "/", e.Attempt)]++
				n++
			case "jobs: run ends":
				ended[e.Run]++
			case "jobs: a process died; what it was at runs again":
				rescued += e.Runs
				continue
			case "action":
				if e.Outcome == "committed" {
					deletions[maildropOf(e.Account)+" "+e.UIDL]++
				}
			}
			if e.Level != "INFO" {
				bad = append(bad, fmt.Sprintf("daemon %d: %s %s %s %s %d %s", i+1, e.Level, e.Msg, e.Job, e.Account, e.Run, e.Error))
			}
		}
		share = append(share, fmt.Sprint(n))
	}
	for _, line := range bad[:min(10, len(bad))] {
		f.t.Error(line)
	}
	twice, ends := 0, 0
	for _, n := range begun {
		twice += n - 1
	}
	for _, n := range ended {
		twice += n - 1
		ends += n
	}
	again := 0
	for _, n := range deletions {
		again += n - 1
	}
	sheet.note("attempts by each daemon (the second was killed, the fourth took its place)", strings.Join(share, ", "))
	if slices.Contains(share, "0") {
		f.t.Errorf("a daemon worked nothing: %v", share)
	}
	sheet.row("attempts that began in the logs", len(begun), len(runs)+len(f.orphans))
	sheet.row("runs that ended in the logs", ends, len(runs))
	sheet.row("attempts told twice", twice, 0)
	sheet.row("runs taken over from the dead", rescued, len(f.orphans))
	sheet.row("deletions told twice", again, 0)
	sheet.row("warnings and errors in the logs", len(bad), 0)
	sheet.note("lines of log, all objects", fmt.Sprint(lines))
}
