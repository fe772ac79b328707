package run

import (
	"github.com/popherd/popherd/internal/plan"
)

// A Report is what became of a run. Its JSON is the machine-readable report;
// field names are fixed. Text from servers and messages stands in it as it
// came: strip controls before a person sees it.
type Report struct {
	Script   string    `json:"script"`
	DryRun   bool      `json:"dry_run"` // by --dry-run, or since no deletion was allowed
	Accounts []Account `json:"accounts"`
}

// An Account is what became of one session.
type Account struct {
	Account  string `json:"account"`  // user@host
	Messages int    `json:"messages"` // that the maildrop held at the start
	Octets   int64  `json:"octets"`   // of those messages
	Plan     []Row  `json:"plan"`
	Deliver  int    `json:"deliver"` // messages to deliver
	Delete   int    `json:"delete"`  // messages to delete
	Keep     int    `json:"keep"`    // messages to keep
	Outcome  string `json:"outcome"` // "planned", "committed", "aborted" or "unknown"
	Why      string `json:"why,omitempty"`
	Refused  int    `json:"refused,omitempty"` // deletions that the server refused
}

// A Row is what was decided about one message.
type Row struct {
	Number   int    `json:"num"`
	UniqueID string `json:"uidl"`
	Octets   int64  `json:"size"`
	Decision string `json:"decision"` // "keep" or "delete"
	Reason   string `json:"reason"`
	Subject  string `json:"subject,omitempty"`
	From     string `json:"from,omitempty"`
}

// report puts together what the sessions know. A session that needed no plan
// has none to report.
func (r *run) report() *Report {
	report := &Report{Script: r.Program.Name(), DryRun: r.DryRun || r.Policy.Delete.IsZero(), Accounts: []Account{}}
	for _, s := range r.sessions {
		if s.plan != nil {
			report.Accounts = append(report.Accounts, s.report())
		}
	}
	return report
}

func (s *session) report() Account {
	counts := s.plan.Summary()
	a := Account{
		Account:  s.account(),
		Messages: s.plan.Len(),
		Octets:   s.plan.Octets(),
		Plan:     make([]Row, 0, s.plan.Len()),
		Deliver:  counts.Deliver,
		Delete:   counts.Delete,
		Keep:     counts.Keep,
		Outcome:  s.plan.Outcome().String(),
		Why:      s.plan.Why(),
		Refused:  s.refusals,
	}
	for m, d := range s.plan.All() {
		a.Plan = append(a.Plan, s.row(m, d))
	}
	return a
}

func (s *session) row(m plan.Message, d plan.Decision) Row {
	seen := s.glances[m.Number]
	return Row{
		Number:   m.Number,
		UniqueID: m.UniqueID,
		Octets:   m.Octets,
		Decision: d.String(),
		Reason:   d.Reason,
		Subject:  seen.subject,
		From:     seen.from,
	}
}
