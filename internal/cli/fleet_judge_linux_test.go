package cli_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// A tallySheet is the table that a story ends with.
type tallySheet struct {
	t    *testing.T
	rows []string
}

// row has a count that must be what is wanted.
func (s *tallySheet) row(what string, got, want int) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: got %d, want %d", what, got, want)
	}
	s.rows = append(s.rows, fmt.Sprintf("%s\t%d\twant %d", what, got, want))
}

// note has something that is only told.
func (s *tallySheet) note(what, value string) {
	s.rows = append(s.rows, fmt.Sprintf("%s\t%s\t", what, value))
}

func (s *tallySheet) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	for _, row := range s.rows {
		fmt.Fprintln(w, row)
	}
	w.Flush()
	return trailing.ReplaceAllString(b.String(), "")
}

var trailing = regexp.MustCompile(`(?m) +$`)

// judge holds everything against what was promised.
func (f *fleet) judge() {
	f.t.Helper()
	sheet := &tallySheet{t: f.t}
	runs := f.history()
	f.judgeFires(sheet, runs)
	f.judgeRuns(sheet, runs)
	f.judgeWitness(sheet, runs)
	f.judgeMail(sheet, runs)
	f.judgeLogs(sheet, runs)
	f.t.Logf("%d daemons, %d workers each, %d maildrops, the clock %d times as fast\n%s", fleetDaemons, fleetWorkers, fleetAccounts, f.size.rate, sheet)
}

// history is every run there is.
func (f *fleet) history() (all []jobs.Run) {
	f.t.Helper()
	q := jobs.Query{Limit: 1000}
	for {
		page, err := f.engine.History(f.t.Context(), q)
		must(f.t, err)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		q.Before = page[len(page)-1].ID
	}
}

// judgeFires: each fire of the hour once for each account.
func (f *fleet) judgeFires(sheet *tallySheet, runs []jobs.Run) {
	f.t.Helper()
	for _, j := range f.jobs {
		times := map[time.Time]map[string]int{}
		for _, r := range runs {
			if r.Job == j.name {
				if times[r.Fire] == nil {
					times[r.Fire] = map[string]int{}
				}
				times[r.Fire][r.Account]++
			}
		}
		want := f.fires(j, times)
		missing, twice, strange := 0, 0, 0
		for _, fire := range want {
			for _, account := range j.accounts {
				n := times[fire][account]
				missing += max(0, 1-n)
				twice += max(0, n-1)
				delete(times[fire], account)
			}
		}
		for _, rest := range times {
			strange += len(rest)
		}
		if strange > 0 {
			f.t.Errorf("job %s: %d runs of no such fire or account", j.name, strange)
		}
		name := fmt.Sprintf("job %s (%s): %d fires x %d accounts, ", j.name, strings.TrimSpace(j.schedule+" "+j.zone), len(want), len(j.accounts))
		sheet.row(name+"run once", len(want)*len(j.accounts)-missing-twice, len(want)*len(j.accounts))
	}
}

// fires are those of a job. One that is not bound to the hour has all from the
// first to the last, and those of the hour at least.
func (f *fleet) fires(j fleetJob, times map[time.Time]map[string]int) (list []time.Time) {
	f.t.Helper()
	for _, m := range j.minutes {
		list = append(list, f.hour.Add(time.Duration(m)*time.Minute))
	}
	if len(j.minutes) > 0 {
		return list
	}
	every, err := time.ParseDuration(strings.TrimPrefix(j.schedule, "@every "))
	must(f.t, err)
	first, last := f.hour, f.hour.Add(time.Hour-every)
	for fire := range times {
		if fire.Before(first) {
			first = fire
		}
		if fire.After(last) {
			last = fire
		}
	}
	for fire := first; !fire.After(last); fire = fire.Add(every) {
		list = append(list, fire)
	}
	return list
}

// judgeRuns: all ended well, those of the killed daemon in their second
// attempt; and no two of one maildrop were under way at once.
func (f *fleet) judgeRuns(sheet *tallySheet, runs []jobs.Run) {
	f.t.Helper()
	open, failed, again, dry, wrong := 0, 0, 0, 0, 0
	outcomes := map[string]int{}
	first := map[string]int64{} // the first run of each account of a job, which is dry
	for _, r := range slices.Backward(runs) {
		if r.State != "done" {
			open++
		} else if r.Class != jobs.Done {
			failed++
			if failed <= 10 {
				f.t.Errorf("run %d of %s for %s: %s, %s: %s", r.ID, r.Job, r.Account, r.Outcome, r.Class, r.Message)
			}
		}
		again += r.Attempt - 1
		outcomes[r.Outcome]++
		if r.DryRun {
			dry++
		}
		key := r.Job + "/" + r.Account
		if first[key] == 0 {
			first[key] = r.ID
		}
	}
	for _, r := range runs {
		j := f.jobs[slices.IndexFunc(f.jobs, func(j fleetJob) bool { return j.name == r.Job })]
		if !j.dry && r.DryRun || j.dry && first[r.Job+"/"+r.Account] == r.ID && !r.DryRun {
			wrong++
		}
	}
	sheet.note("runs", fmt.Sprint(len(runs)))
	sheet.row("runs that did not end", open, 0)
	sheet.row("runs that ended badly", failed, 0)
	sheet.note("of them dry", fmt.Sprint(dry))
	sheet.note("their outcomes", strings.TrimPrefix(fmt.Sprint(outcomes), "map"))
	sheet.row("runs that were dry, or real, against the configuration", wrong, 0)
	sheet.row("runs that ran again (of the killed daemon)", again, len(f.orphans))
	sheet.row("runs of one maildrop that overlap in the history", f.overlapping(runs), 0)
}

// overlapping counts runs that began before the one before of their maildrop
// had ended, as the database has it.
func (f *fleet) overlapping(runs []jobs.Run) (n int) {
	f.t.Helper()
	byMaildrop := map[string][]jobs.Run{}
	for _, r := range runs {
		user := maildropOf(r.Account)
		byMaildrop[user] = append(byMaildrop[user], r)
	}
	for user, list := range byMaildrop {
		slices.SortFunc(list, func(a, b jobs.Run) int { return a.Started.Compare(b.Started) })
		for i := 1; i < len(list); i++ {
			if list[i].Started.Before(list[i-1].Finished) {
				f.t.Errorf("%s: run %d began %v before run %d had ended", user, list[i].ID, list[i-1].Finished.Sub(list[i].Started), list[i-1].ID)
				n++
			}
		}
	}
	return n
}

// judgeWitness: what was seen on the wire and what Dovecot wrote down.
func (f *fleet) judgeWitness(sheet *tallySheet, runs []jobs.Run) {
	f.t.Helper()
	w := f.witness
	w.lock.Lock()
	sessions, most, overlaps, refused := w.sessions, w.most, w.overlaps, w.refused
	w.lock.Unlock()
	for _, o := range slices.Concat(overlaps, refused)[:min(10, len(overlaps)+len(refused))] {
		f.t.Error(o)
	}
	sheet.row("sessions on the wire (one for each run, and each that was killed)", sessions, len(runs)+len(f.orphans))
	sheet.note("sessions at once, at most", fmt.Sprint(most))
	sheet.row("sessions of one maildrop at once, on the wire", len(overlaps), 0)
	sheet.row("logins refused", len(refused), 0)
	logins, logouts, _ := f.dovecotLog()
	sheet.row("logins in Dovecot's log", logins, sessions)
	sheet.row("ends of sessions in Dovecot's log", logouts, sessions)
	// Whoever finds a process dead waits for its lease first.
	const lease = 20 * time.Second
	soonest, at := time.Hour, map[string]int{}
	for _, s := range f.orphans {
		next := w.after(s.user, f.killed)
		if next.IsZero() {
			f.t.Errorf("%s: no session after the one that was killed", s.user)
			continue
		}
		soonest = min(soonest, next.Sub(f.killed))
		at[s.held]++
		if s.quit {
			at["arrived"]++
		}
	}
	if soonest < lease {
		f.t.Errorf("a maildrop of the killed daemon was worked again after %v", soonest)
	}
	sheet.row("runs that were reading when their daemon was killed", at["RETR"], fleetWorkers/2)
	sheet.row("runs that had delivered and marked, and were about to QUIT", at["QUIT"], fleetWorkers/2)
	sheet.row("of these, QUITs that still came to the server", at["arrived"], fleetWorkers/4)
	sheet.note("their maildrops were worked again", fmt.Sprintf("%.1f s later at the soonest", soonest.Seconds()))
}

var (
	loginLine  = regexp.MustCompile(`pop3-login: Info: Login: user=<`)
	logoutLine = regexp.MustCompile(`pop3\([^)]+\)<\d+><[^>]+>: Info: (?:Disconnected|Logged out).* del=(\d+)/`)
)

// dovecotLog counts in what Dovecot wrote down: logins, ends of sessions, and
// messages that they deleted. Its lines come from two processes by two pipes, so
// that a login may stand before the end of the session before it: whether two
// were open at once is told by its lock of the maildrop.
func (f *fleet) dovecotLog() (logins, logouts, deleted int) {
	f.t.Helper()
	text, err := os.ReadFile(f.log)
	must(f.t, err)
	for line := range strings.Lines(string(text)) {
		if loginLine.MatchString(line) {
			logins++
		} else if m := logoutLine.FindStringSubmatch(line); m != nil {
			logouts++
			n := 0
			fmt.Sscan(m[1], &n)
			deleted += n
		}
	}
	return logins, logouts, deleted
}

// judgeMail: everything is where it belongs, once.
func (f *fleet) judgeMail(sheet *tallySheet, runs []jobs.Run) {
	f.t.Helper()
	c := f.mail.count(runs)
	sheet.note("messages", fmt.Sprintf("%d, of which %d came within the hour", c.kept+c.deleted, f.arrivals))
	sheet.row("messages to keep, with their octets", c.kept-c.lost, c.kept)
	sheet.row("messages to delete that are gone", c.deleted-c.left, c.deleted)
	sheet.row("messages to deliver that are in their target, with their octets", c.delivered-c.missing, c.delivered)
	sheet.row("copies too many", c.twice, 0)
	sheet.row("messages in targets that are none", c.strange, 0)
	sheet.note("messages that came after the last run that could delete them", fmt.Sprint(c.late))
	_, _, deleted := f.dovecotLog()
	sheet.row("deletions that Dovecot wrote down", deleted, c.deleted)
	told, delivered := 0, 0
	for _, r := range runs {
		if !r.DryRun {
			told += r.Deleted
			delivered += r.Delivered
		}
	}
	for _, s := range f.orphans { // of what they did nobody can tell but the journal
		delivered += s.marked // first delivered, then marked, both by archive
		if s.quit {
			told += s.marked
		}
	}
	sheet.row("deletions in the history, and by QUITs without a daemon", told, c.deleted)
	sheet.row("deliveries in the history, and by runs that were killed after it", delivered, c.delivered)
}
