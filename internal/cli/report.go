package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/luabind"
)

// report writes what became of the run: where --output asked for it, and else,
// for people, as a table if anything was planned.
func (sh *shell) report(path string, r *run.Report, f runFlags, err error) error {
	if r == nil {
		r = &run.Report{Script: path, DryRun: f.DryRun, Accounts: []run.Account{}}
	}
	r.Error = faultOf(err)
	switch f.Output {
	case "json":
		encoder := newEncoder(sh.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	case "ndjson":
		return writeLines(sh.Stdout, r)
	case "table":
		return sh.writeTable(r, f)
	}
	if sh.quiet {
		return nil
	}
	if f.DryRun || f.Explain || planned(r) || someFailed(r) {
		return sh.writeTable(r, f)
	}
	if r.Rules && err == nil { // a person who ran rules wants to know that they ran
		return sh.writeNothing(r)
	}
	return nil
}

// faultOf is err as the report has it.
func faultOf(err error) *run.Fault {
	if err == nil {
		return nil
	}
	fault := &run.Fault{Message: err.Error(), Status: exitStatus(err)}
	var crossed *failure
	var object *luabind.Error
	switch {
	case errors.As(err, &crossed):
		fault.Kind, fault.Where, fault.Code = crossed.Kind, crossed.Where, crossed.Code
	case errors.As(err, &object):
		fault.Kind, fault.Where, fault.Code = object.Kind, object.Where, object.Code
	}
	return fault
}

// newEncoder leaves <addresses> readable.
func newEncoder(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder
}

// planned reports whether the run meant to change anything.
func planned(r *run.Report) bool {
	for _, a := range r.Accounts {
		if a.Delete+a.Deliver+a.Refused+a.Failed > 0 {
			return true
		}
	}
	return false
}

// someFailed reports whether one of several maildrops failed.
func someFailed(r *run.Report) bool {
	return slices.ContainsFunc(r.Accounts, func(a run.Account) bool { return a.Error != nil })
}

// writeLines writes one JSON object for each message, then one for each
// account: the same fields as in json, the account's name in every line.
func writeLines(w io.Writer, r *run.Report) error {
	encoder := newEncoder(w)
	for _, a := range r.Accounts {
		for _, row := range a.Plan {
			line := struct {
				Account  string `json:"account"`
				Maildrop string `json:"maildrop,omitempty"`
				run.Row
			}{a.Account, a.Maildrop, row}
			if err := encoder.Encode(line); err != nil {
				return err
			}
		}
		summary := struct {
			DryRun bool `json:"dry_run"`
			run.Account
			Plan *int `json:"plan,omitempty"` // hides the rows, which came before
		}{DryRun: r.DryRun, Account: a}
		if err := encoder.Encode(summary); err != nil {
			return err
		}
	}
	if r.Error == nil {
		return nil
	}
	return encoder.Encode(struct {
		Error *run.Fault `json:"error"`
	}{r.Error})
}

func (sh *shell) writeTable(r *run.Report, f runFlags) error {
	var b strings.Builder
	for _, a := range r.Accounts {
		fmt.Fprintf(&b, "account %s   %s, %d octets\n", clean(title(a)), messages(a.Messages), a.Octets)
		sh.writeRows(&b, a, f.Explain)
		fmt.Fprintf(&b, "plan: %d deliver, %d delete, %d keep%s   (%s)\n", a.Deliver, a.Delete, a.Keep, earlier(a), clean(outcome(a, f)))
	}
	_, err := io.WriteString(sh.Stdout, b.String())
	return err
}

// writeNothing says of each account that its rules decided nothing.
func (sh *shell) writeNothing(r *run.Report) error {
	for _, a := range r.Accounts {
		if _, err := fmt.Fprintf(sh.Stdout, "account %s   %s, %d octets: nothing to do%s\n", clean(title(a)), messages(a.Messages), a.Octets, earlier(a)); err != nil {
			return err
		}
	}
	return nil
}

// earlier says what is not counted as delivered, since that was done before, and
// what was not looked at.
func earlier(a run.Account) string {
	text := ""
	if a.Earlier > 0 {
		text = fmt.Sprintf(", %d delivered earlier", a.Earlier)
	}
	if a.Alone > 0 {
		text += fmt.Sprintf(", %d left alone that failed again and again: --quarantine 0 tries them", a.Alone)
	}
	return text
}

// title names an account, and where several are local the maildrop.
func title(a run.Account) string {
	if a.Maildrop == "" || a.Maildrop == a.Account {
		return a.Account
	}
	return a.Account + " of " + a.Maildrop
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

// writeRows lines up one row for each message.
func (sh *shell) writeRows(b *strings.Builder, a run.Account, explain bool) {
	rows := shownRows(a, sh.verbose || explain)
	var number, id, size, action, reason int
	for _, r := range rows {
		number = max(number, len(fmt.Sprint(r.Number)))
		id = max(id, text.StringWidth(clean(r.UniqueID)))
		size = max(size, len(fmt.Sprint(r.Octets)))
		action = max(action, len("deliver"), text.StringWidth(clean(r.Decision)))
		reason = max(reason, text.StringWidth(clean(r.Reason)))
	}
	for _, r := range rows {
		line := fmt.Sprintf("  %*d  %s  %*d  %s  %s   %s", number, r.Number, text.Pad(clean(r.UniqueID), id, ' '),
			size, r.Octets, sh.decision(r.Decision, action), text.Pad(clean(r.Reason), reason, ' '), evidence(r))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		for _, why := range r.Explain {
			fmt.Fprintf(b, "  %*s    %s\n", number, "", clean(why))
		}
	}
	if left := a.Messages - len(rows); left > 0 && a.Plan != nil {
		fmt.Fprintf(b, "  and %s kept (show them with -v)\n", messages(left))
	}
}

// shownRows leaves out what a person need not see of a large maildrop.
func shownRows(a run.Account, all bool) []run.Row {
	if all || a.Messages <= run.FewMessages {
		return a.Plan
	}
	var rows []run.Row
	for _, r := range a.Plan {
		if r.Decision != "keep" {
			rows = append(rows, r)
		}
	}
	return rows
}

// decision is a decision in its column, coloured.
func (sh *shell) decision(d string, width int) string {
	padded := text.Pad(clean(d), width, ' ')
	if sh.colored(sh.Stdout) && d != "keep" {
		return "\x1b[31m" + padded + "\x1b[0m"
	}
	return padded
}

// evidence is what a person recognises the message by: "subject" <address>.
func evidence(r run.Row) string {
	if r.Subject == "" && r.From == "" {
		return ""
	}
	from := r.From
	if open := strings.LastIndexByte(from, '<'); open >= 0 {
		from = strings.TrimSuffix(from[open+1:], ">")
	}
	return fmt.Sprintf("%q <%s>", clean(r.Subject), clean(from))
}

// outcome says in one phrase what became of an account's plan.
func outcome(a run.Account, f runFlags) string {
	switch a.Outcome {
	case plan.Committed.String():
		return done(a, f)
	case plan.Aborted.String():
		return "nothing changed: " + a.Why
	case plan.Unknown.String():
		return "unknown: " + a.Why
	}
	switch {
	case f.Rehearsal && a.Deliver > 0:
		return "dry run: nothing changed; targets of the configuration get no local mail, name one with --target"
	case a.Why != "":
		return "dry run: nothing changed; the run itself would be aborted: " + a.Why
	case a.Delete == 0 && a.Deliver == 0:
		return "dry run: nothing changed"
	case a.Delete == 0:
		return "dry run: nothing changed; run without --dry-run to carry it out"
	case f.DenyDelete:
		return "dry run: nothing changed; --deny-delete forbids it"
	case f.Delete == "" || !f.DryRun: // "0" allows nothing, too
		return "dry run: nothing changed; run with --allow-delete to carry it out"
	}
	return "dry run: nothing changed; run without --dry-run to carry it out"
}

// done says what was done.
func done(a run.Account, f runFlags) string {
	switch {
	case a.Refused > 0:
		return fmt.Sprintf("done, but the server refused to delete %d more", a.Refused)
	case a.Failed > 0:
		return fmt.Sprintf("done, but %s could not be delivered and are kept", messages(a.Failed))
	case len(f.Maildrops) > 0 && a.Delete > 0:
		return "done in the local maildrop, whose files stay as they are"
	}
	return "done"
}
