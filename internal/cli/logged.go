package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/state"
)

// A loggedRun is a run as log tells of it.
type loggedRun struct {
	Run     state.RunID `json:"run"`
	Account string      `json:"account"`
	Script  string      `json:"script"`
	Started time.Time   `json:"started"`
	Ended   *time.Time  `json:"ended,omitempty"` // nil: it goes on, or was cut off
	Outcome string      `json:"outcome"`         // "" likewise
	Why     string      `json:"why,omitempty"`
	*decided
	Plan []loggedRow `json:"plan,omitempty"`
}

// decided counts a whole plan.
type decided struct {
	Deliver int `json:"deliver"` // messages to deliver, deleted or not
	Delete  int `json:"delete"`  // messages to delete
	Keep    int `json:"keep"`    // messages to keep because a rule said so
}

// A loggedRow is a row of a plan, and what became of its message.
type loggedRow struct {
	run.Row
	Backup string     `json:"backup,omitempty"` // a file
	Gone   *time.Time `json:"gone,omitempty"`
}

func logRun(r state.Run) loggedRun {
	return loggedRun{Run: r.ID, Account: r.Account, Script: r.Script, Started: r.Started.UTC(), Ended: known(r.Ended), Outcome: r.Outcome, Why: r.Why}
}

// known is a time for JSON: nil if it is not known.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// logRows are rows with the backups of their runs.
func logRows(rows []state.Row, backups []state.Backup) []loggedRow {
	type message struct {
		run state.RunID
		uid string
	}
	files := map[message]string{}
	for _, b := range backups {
		files[message{b.Run, b.UniqueID}] = b.File
	}
	logged := []loggedRow{}
	for _, r := range rows {
		row := run.Row{
			Number: r.Number, UniqueID: r.UniqueID, Octets: r.Octets, Decision: r.Decision, Reason: r.Reason,
			Rule: r.Rule, Evidence: r.Evidence, Subject: r.Subject, From: r.From,
		}
		file := ""
		if r.UniqueID != "" {
			file = files[message{r.Run, r.UniqueID}]
		}
		logged = append(logged, loggedRow{row, file, known(r.Gone)})
	}
	return logged
}

func countRows(rows []state.Row) *decided {
	var d decided
	for _, r := range rows {
		// As plan.Decision writes them: "deliver archive, then delete".
		deliver, remove := strings.HasPrefix(r.Decision, "deliver"), strings.HasSuffix(r.Decision, "delete")
		switch {
		case deliver && remove:
			d.Deliver++
			d.Delete++
		case deliver:
			d.Deliver++
		case remove:
			d.Delete++
		default:
			d.Keep++
		}
	}
	return &d
}

// logLines writes one JSON object for each row, with its run and account, then
// one for each run.
func logLines(w io.Writer, runs []loggedRun) error {
	encoder := newEncoder(w)
	for _, r := range runs {
		for _, row := range r.Plan {
			line := struct {
				Run     state.RunID `json:"run"`
				Account string      `json:"account"`
				loggedRow
			}{r.Run, r.Account, row}
			if err := encoder.Encode(line); err != nil {
				return err
			}
		}
		r.Plan = nil
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// logText is the log for people: a line for each run, or where there are plans
// a paragraph.
func (sh *shell) logText(runs []loggedRun, f logFlags) string {
	var b strings.Builder
	plans := f.run != 0 || f.UniqueID != ""
	var number, account, script, outcome int
	for _, r := range runs {
		number = max(number, len(fmt.Sprint(r.Run)))
		account = max(account, text.StringWidth(clean(r.Account)))
		script = max(script, text.StringWidth(clean(r.Script)))
		outcome = max(outcome, len(r.state()))
	}
	for _, r := range runs {
		line := fmt.Sprintf("run %*d  %s  %s  %s  %s", number, r.Run, moment(r.Started), text.Pad(clean(r.Account), account, ' '),
			text.Pad(clean(r.Script), script, ' '), text.Pad(r.state(), outcome, ' '))
		if r.decided != nil && !plans {
			line += "  " + r.decided.String()
		}
		if r.Why != "" {
			line += "   " + clean(r.Why)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if plans {
			sh.writeRows(&b, run.Account{Plan: told(r.Plan)}, f.UniqueID != "")
		}
		if r.decided != nil && plans {
			fmt.Fprintf(&b, "plan: %s\n", r.decided)
		}
	}
	return b.String()
}

// state is a run's outcome in a word or two.
func (r loggedRun) state() string {
	if r.Outcome == "" {
		return "not ended"
	}
	return r.Outcome
}

// String is as the report of a run has it, less the messages that no rule spoke
// of: nothing is remembered of them.
func (d *decided) String() string {
	text := fmt.Sprintf("%d deliver, %d delete", d.Deliver, d.Delete)
	if d.Keep > 0 {
		text += fmt.Sprintf(", %d kept by a rule", d.Keep)
	}
	return text
}

// told puts below each row what the columns have no room for.
func told(rows []loggedRow) []run.Row {
	var all []run.Row
	for _, r := range rows {
		row := r.Row
		add := func(what, value string) {
			if value != "" {
				row.Explain = append(row.Explain, what+": "+value)
			}
		}
		add("rule", r.Rule)
		add("because", r.Evidence)
		add("backup", r.Backup)
		if r.Gone != nil {
			add("gone", moment(*r.Gone))
		}
		all = append(all, row)
	}
	return all
}

// moment is a time for people, where they are.
func moment(t time.Time) string { return t.Local().Format(time.DateTime) }
