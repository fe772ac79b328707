package statuspage

import (
	"bytes"
	"encoding/json"
	"fmt"
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
		Error    *fault          `json:"error"`
	} `json:"accounts"`
	Error *fault `json:"error"`
}

type fault struct {
	Message string `json:"message"`
}

// A session is what became of one account, with a page of its plan.
type session struct {
	Account, Summary, Why string
	Rows                  []row
}

// A row is a message of a plan, ready to be shown.
type row struct {
	Number                                int
	Size                                  string
	Decision                              badge
	Reason, Rule, Evidence, Subject, From string
	Explain                               []string
}

// readReport returns the sessions of a report with that page of all their
// rows, and whether there is a page after it.
func readReport(text []byte, number int) (sessions []session, more bool, err error) {
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
	window := window{skip: (number - 1) * rowsPerPage, left: rowsPerPage}
	for _, a := range r.Accounts {
		s := session{Account: clean(a.Account, cellLimit), Why: clean(a.Why, messageLimit)}
		if a.Maildrop != "" {
			s.Account = clean(a.Maildrop, cellLimit)
		}
		if a.Error != nil {
			s.Why = clean(a.Error.Message, messageLimit)
		}
		s.Summary = summary(a.Outcome, []amount{
			{a.Messages, "message", "messages"}, {a.Delete, "to delete", "to delete"}, {a.Deliver, "to deliver", "to deliver"},
			{a.Keep, "to keep", "to keep"}, {a.Failed, "not delivered", "not delivered"}, {a.Refused, "deletion refused", "deletions refused"},
		}) + ", " + size(a.Octets)
		if s.Rows, err = window.rows(a.Plan); err != nil {
			return nil, false, err
		}
		sessions = append(sessions, s)
	}
	return sessions, window.more, nil
}

type amount struct {
	n         int
	one, many string
}

// summary is an outcome and what of the amounts is not zero; the first is told
// always.
func summary(outcome string, amounts []amount) string {
	parts := []string{}
	for i, a := range amounts {
		if i == 0 || a.n != 0 {
			parts = append(parts, count(a.n, a.one, a.many))
		}
	}
	return clean(outcome, cellLimit) + ": " + strings.Join(parts, ", ")
}

// A window is the part of all rows that a page shows.
type window struct {
	skip, left int
	more       bool
}

// rows reads the rows of one plan that lie in the window, and holds no others.
func (w *window) rows(plan json.RawMessage) (rows []row, err error) {
	d := json.NewDecoder(bytes.NewReader(plan))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, nil // null, or none
	}
	for d.More() {
		if w.left == 0 {
			w.more = true
			return rows, nil
		}
		if w.skip > 0 {
			var skipped struct{}
			err = d.Decode(&skipped)
			w.skip--
		} else {
			var one row
			one, err = readRow(d)
			rows = append(rows, one)
			w.left--
		}
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// linesExplained is how many lines of an explanation are shown.
const linesExplained = 50

func readRow(d *json.Decoder) (row, error) {
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
	if err := d.Decode(&r); err != nil {
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
	case strings.HasSuffix(decision, "delete"):
		b.Kind = "bad"
	case strings.HasPrefix(decision, "deliver"):
		b.Kind = "busy"
	}
	return b
}
