package run

import (
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/plan"
)

// A Report is what became of a run. Its JSON is the machine-readable report;
// field names are fixed. Text from servers and messages stands in it as it
// came: strip controls before a person sees it.
type Report struct {
	Script   string    `json:"script"`
	DryRun   bool      `json:"dry_run"`         // by --dry-run, or since nothing was allowed that changes anything
	Rules    bool      `json:"rules,omitempty"` // of a rule file: popherd drove the session
	Accounts []Account `json:"accounts"`
	Error    *Fault    `json:"error,omitempty"`
}

// A Fault is why a run failed.
type Fault struct {
	Message string `json:"message"`
	Kind    string `json:"kind,omitempty"`  // of an error object, as scripts see it
	Where   string `json:"where,omitempty"` // "script.lua:12"
	Code    string `json:"code,omitempty"`  // the server's response code
	Status  int    `json:"exit_status"`     // of the command
}

// An Account is what became of one session.
type Account struct {
	Account  string `json:"account"`            // user@host
	Maildrop string `json:"maildrop,omitempty"` // the local mail, of several
	Messages int    `json:"messages"`           // that the maildrop held at the start
	Octets   int64  `json:"octets"`             // of those messages
	Plan     []Row  `json:"plan"`
	Deliver  int    `json:"deliver"`                     // messages to deliver
	Earlier  int    `json:"delivered_earlier,omitempty"` // messages to deliver that every target had from an earlier run
	Delete   int    `json:"delete"`                      // messages to delete
	Keep     int    `json:"keep"`                        // messages to keep
	Outcome  string `json:"outcome"`                     // "planned", "committed", "aborted" or "unknown"
	Why      string `json:"why,omitempty"`               // of an end without a commit; of a rehearsal, why the run itself would fail
	Failed   int    `json:"failed,omitempty"`            // messages that could not be delivered, and were kept
	Refused  int    `json:"refused,omitempty"`           // deletions that the server refused
	Alone    int    `json:"left_alone,omitempty"`        // messages that failed in several runs in a row, and were not looked at
	Error    *Fault `json:"error,omitempty"`             // why the run failed, of several

	// Run is the number of this session in the journal (popherd log, popherd
	// restore); 0 if nothing is remembered of it.
	Run int64 `json:"journal_run,omitempty"`

	// LoginDelay is how many seconds the server wants between two logins, if it
	// said so (RFC 2449's LOGIN-DELAY).
	LoginDelay int `json:"login_delay,omitempty"`
}

// A Row is what was decided about one message.
type Row struct {
	Number   int      `json:"num"`
	UniqueID string   `json:"uidl"`
	Octets   int64    `json:"size"`
	Decision string   `json:"decision"` // "keep", "delete", "deliver archive", "deliver archive, then delete"
	Reason   string   `json:"reason"`
	Rule     string   `json:"rule,omitempty"`              // the rule that decided
	Evidence string   `json:"evidence,omitempty"`          // what held of the message
	Earlier  []string `json:"delivered_earlier,omitempty"` // targets that had it from an earlier run, and are not in Decision
	Subject  string   `json:"subject,omitempty"`
	From     string   `json:"from,omitempty"`

	// Explain has, in an explained run, a line for each predicate asked.
	Explain []string `json:"explain,omitempty"`
}

// report puts together what the sessions know. A session that needed no plan
// has none to report.
func (r *run) report() *Report {
	report := &Report{Script: r.Program.Name(), DryRun: r.rehearses(), Rules: r.ruled, Accounts: []Account{}}
	for _, s := range r.sessions {
		report.DryRun = report.DryRun || s.rehearsed
		if s.plan != nil {
			a := s.report()
			a.Plan = s.rows()
			report.Accounts = append(report.Accounts, a)
		}
	}
	return report
}

// rehearses reports whether the run can change nothing.
func (r *run) rehearses() bool {
	return r.DryRun || r.Policy.Delete.IsZero() && len(r.Targets) == 0
}

// report is what became of the session, without the rows of its plan.
func (s *session) report() Account {
	counts := s.plan.Summary()
	a := Account{
		Account:  s.account(),
		Messages: s.plan.Len(),
		Octets:   s.plan.Octets(),
		Deliver:  counts.Deliver,
		Delete:   counts.Delete,
		Keep:     counts.Keep,
		Outcome:  s.plan.Outcome().String(),
		Why:      s.plan.Why(),
		Refused:  s.refusals,
		Alone:    s.quarantined,
		Failed:   len(s.failures),

		LoginDelay: int(s.client.LoginDelay() / time.Second),
	}
	if s.journal != nil {
		a.Run = int64(s.journal.run)
	}
	for n := range s.earlier {
		if d := s.rest(n, s.plan.Decided(n)); len(d.Deliver) == 0 {
			a.Earlier++
			a.Deliver--
			if !d.Mark {
				a.Keep++
			}
		}
	}
	if s.rehearsed && !s.run.Policy.Delete.IsZero() {
		if err := s.allowed(); err != nil {
			a.Why = err.Error()
		}
	}
	return a
}

// FewMessages is up to how many messages of a maildrop a report shows all, also
// those that nobody decided about.
const FewMessages = 50

// whole reports whether the report has every message of a maildrop.
func (r *run) whole(messages int) bool { return r.Whole || r.Explain || messages <= FewMessages }

// rows are those of the report.
func (s *session) rows() []Row {
	rows := []Row{}
	for m, d := range s.plan.All() {
		if d.Reason != plan.NoRule || s.run.whole(s.plan.Len()) {
			rows = append(rows, s.row(m, d))
		}
	}
	return rows
}

func (s *session) row(m plan.Message, d plan.Decision) Row {
	seen := s.glances.of(m.Number)
	d = s.rest(m.Number, d)
	return Row{
		Number:   m.Number,
		UniqueID: m.UniqueID,
		Octets:   m.Octets,
		Decision: d.String(),
		Reason:   d.Reason,
		Rule:     d.Rule,
		Evidence: d.Evidence,
		Earlier:  s.earlier[m.Number],
		Explain:  s.explained[m.Number],
		Subject:  seen.subject,
		From:     seen.from,
	}
}

// rest is a decision without what an earlier run has done of it, which is its
// reason then.
func (s *session) rest(n int, d plan.Decision) plan.Decision {
	earlier := s.earlier[n]
	if len(earlier) == 0 {
		return d
	}
	d.Deliver = slices.DeleteFunc(slices.Clone(d.Deliver), func(name string) bool { return slices.Contains(earlier, name) })
	if d.Reason != "" {
		d.Reason += "; "
	}
	d.Reason += "delivered earlier to " + strings.Join(earlier, " ")
	if s.rehearsed && d.Mark {
		d.Reason += ", which is asked before"
	}
	return d
}

// A Step is what can be said of a session's deletions from now on, should the
// run be cut off: "unknown" once QUIT is sent, "committed" once it was
// answered. Before the first step nothing is deleted.
type Step struct {
	Session int     `json:"session"` // counts the run's sessions from 0
	SoFar   Account `json:"so_far"`  // without the rows of its plan
}

// step tells Options.Step of a session that deletes.
func (s *session) step(outcome plan.Outcome) {
	if s.run.Step == nil || s.marks() == 0 {
		return
	}
	so := s.report()
	so.Outcome = outcome.String()
	s.run.Step(Step{slices.Index(s.run.sessions, s), so})
}
