package statuspage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// reportSize is the largest report that is shown, in octets: some 50,000
// messages. The engine keeps none that is larger.
const reportSize = 16 << 20

// rowsPerPage is how many messages of a plan stand on one page.
const rowsPerPage = 200

// report is run.Report's JSON, as far as it is shown.
type report struct {
	Accounts []struct {
		Account  string          `json:"account"`
		Maildrop string          `json:"maildrop"`
		Messages int             `json:"messages"`
		Octets   int64           `json:"octets"`
		Plan     json.RawMessage `json:"plan"` // rows; read one by one, for there may be many
		Deliver  int             `json:"deliver"`
		Delete   int             `json:"delete"`
		Keep     int             `json:"keep"`
		Outcome  string          `json:"outcome"`
		Why      string          `json:"why"`
		Failed   int             `json:"failed"`
		Refused  int             `json:"refused"`
		Alone    int             `json:"left_alone"`
		Error    *fault          `json:"error"`
	} `json:"accounts"`
	Error *fault `json:"error"`
}

type fault struct {
	Message string `json:"message"`
}

// A session is what became of one account, with a page of its plan.
type session struct {
	Account  string
	Outcome  badge
	Tally    []tallied
	Note     string // what the outcome means for the plan
	Why      string
	Rows     []row
	Unlisted int // messages that the report has no row of; told behind the last row
}

// A row is a message of a plan, ready to be shown.
type row struct {
	Number                                int
	Size                                  string
	Decision                              badge
	Reason, Rule, Evidence, Subject, From string
	Explain                               []string
}

// A part says which rows of a plan are wanted: a page, from 1, of those with a
// decision, or of all.
type part struct {
	number int
	only   string // "delete", "deliver", "keep" or ""
}

// readReport returns the sessions of a report with that part of all their
// rows, and whether there is a page after it.
func readReport(text []byte, wanted part) (sessions []session, more bool, err error) {
	if len(text) == 0 {
		return nil, false, nil
	}
	if len(text) > reportSize {
		return nil, false, fmt.Errorf("it has %s, more than %s", size(int64(len(text))), size(reportSize))
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, false, err
	}
	window := window{only: wanted.only, skip: (wanted.number - 1) * rowsPerPage, left: rowsPerPage}
	for _, a := range r.Accounts {
		s := session{Account: clean(a.Account, cellLimit), Why: clean(a.Why, messageLimit), Outcome: planBadge(a.Outcome), Note: notes[a.Outcome]}
		if a.Maildrop != "" {
			s.Account = clean(a.Maildrop, cellLimit)
		}
		if a.Error != nil {
			s.Why = clean(a.Error.Message, messageLimit)
		}
		words := [...]string{"to delete", "to deliver", "to keep"}
		if a.Outcome == "committed" {
			words = [...]string{"deleted", "delivered", "kept"}
		}
		s.Tally = []tallied{
			{strconv.Itoa(a.Messages), plural(a.Messages, "message", "messages") + ", " + size(a.Octets), false},
			{strconv.Itoa(a.Delete), words[0], a.Delete > 0}, {strconv.Itoa(a.Deliver), words[1], false}, {strconv.Itoa(a.Keep), words[2], false},
		}
		for _, ill := range []tallied{
			{strconv.Itoa(a.Failed), "not delivered, and kept", a.Failed > 0}, {strconv.Itoa(a.Refused), plural(a.Refused, "deletion refused", "deletions refused"), a.Refused > 0},
			{strconv.Itoa(a.Alone), "left alone after failures", a.Alone > 0},
		} {
			if ill.Bad {
				s.Tally = append(s.Tally, ill)
			}
		}
		if s.Rows, err = window.rows(a.Plan); err != nil {
			return nil, false, err
		}
		if wanted.only == "" && !window.more && window.listed > 0 {
			s.Unlisted = max(0, a.Messages-window.listed)
		}
		sessions = append(sessions, s)
	}
	return sessions, window.more, nil
}

// notes say what an outcome means for a plan.
var notes = map[string]string{
	"planned": "This is what would be done. Nothing was changed.",
	"aborted": "Nothing of this was done: the run ended before its commit.",
	"unknown": "The server did not say whether it deleted them. The next run finds out.",
}

func planBadge(outcome string) badge {
	b := badge{Word: clean(outcome, cellLimit)}
	switch outcome {
	case "committed":
		b.Kind = "good"
	case "planned":
		b.Kind = "busy"
	case "aborted", "unknown":
		b.Kind = "warn"
	}
	return b
}

// A window is the part of all rows that a page shows.
type window struct {
	only       string
	skip, left int
	more       bool
	listed     int // rows of the last plan, if it was read to its end
}

// rows reads the rows of one plan that lie in the window, and holds no others.
func (w *window) rows(plan json.RawMessage) (rows []row, err error) {
	w.listed = 0
	d := json.NewDecoder(bytes.NewReader(plan))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, nil // null, or none
	}
	for d.More() && !w.more {
		var octets json.RawMessage
		if err := d.Decode(&octets); err != nil {
			return nil, err
		}
		w.listed++
		switch wanted, err := w.wants(octets); {
		case err != nil:
			return nil, err
		case !wanted:
		case w.skip > 0:
			w.skip--
		case w.left == 0:
			w.more = true
		default:
			one, err := readRow(octets)
			if err != nil {
				return nil, err
			}
			rows = append(rows, one)
			w.left--
		}
	}
	return rows, nil
}

// wants reports whether a row has the decision that is asked for.
func (w *window) wants(octets []byte) (bool, error) {
	if w.only == "" {
		return true, nil
	}
	var r struct {
		Decision string `json:"decision"`
	}
	err := json.Unmarshal(octets, &r)
	switch w.only {
	case "delete":
		return deletes(r.Decision), err
	case "deliver":
		return delivers(r.Decision), err
	}
	return !deletes(r.Decision) && !delivers(r.Decision), err
}

func deletes(decision string) bool  { return strings.HasSuffix(decision, "delete") }
func delivers(decision string) bool { return strings.HasPrefix(decision, "deliver") }

// linesExplained is how many lines of an explanation are shown.
const linesExplained = 50

func readRow(octets []byte) (row, error) {
	var r struct {
		Number   int      `json:"num"`
		Octets   int64    `json:"size"`
		Decision string   `json:"decision"`
		Reason   string   `json:"reason"`
		Rule     string   `json:"rule"`
		Evidence string   `json:"evidence"`
		Subject  string   `json:"subject"`
		From     string   `json:"from"`
		Explain  []string `json:"explain"`
	}
	if err := json.Unmarshal(octets, &r); err != nil {
		return row{}, err
	}
	shown := row{
		Number: r.Number, Size: size(r.Octets), Decision: decisionBadge(r.Decision),
		Reason: clean(r.Reason, cellLimit), Rule: clean(r.Rule, cellLimit), Evidence: clean(r.Evidence, cellLimit),
		Subject: clean(r.Subject, cellLimit), From: clean(r.From, cellLimit),
	}
	for _, line := range r.Explain[:min(len(r.Explain), linesExplained)] {
		shown.Explain = append(shown.Explain, clean(line, cellLimit))
	}
	return shown, nil
}

func decisionBadge(decision string) badge {
	b := badge{Word: clean(decision, cellLimit)}
	switch {
	case deletes(decision):
		b.Kind = "bad"
	case delivers(decision):
		b.Kind = "busy"
	}
	return b
}
