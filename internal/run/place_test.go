package run

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
)

// deliverAll is moveAll without the deletion.
const deliverAll = `return { name = "copy", rule = rule.always(), deliver = "archive" }`

const fewLetters = 8

func parse(t testing.TB, spec string) deliver.Spec {
	t.Helper()
	s, err := deliver.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// does is a run by rules, without faults, and returns what became of the account.
func (w *world) does(rules string) Account {
	w.t.Helper()
	w.Rules = rules
	report, err := w.run(&faults{})
	if err != nil {
		w.t.Fatal(err)
	}
	return report.Accounts[0]
}

// wantCounts checks the numbers of a report.
func wantCounts(t *testing.T, a Account, deliver, earlier, deleted, keep int) {
	t.Helper()
	if a.Deliver != deliver || a.Earlier != earlier || a.Delete != deleted || a.Keep != keep {
		t.Errorf("got %d deliver, %d earlier, %d delete, %d keep; want %d, %d, %d, %d",
			a.Deliver, a.Earlier, a.Delete, a.Keep, deliver, earlier, deleted, keep)
	}
}

// What a target is decides, not what it is called: mail that reached another
// place under this name is delivered before it is deleted.
func TestTargetNamesAnotherPlace(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, fewLetters, false))
			wantCounts(t, w.does(deliverAll), fewLetters, 0, 0, 0)
			if err := os.Mkdir(filepath.Join(w.Dir, "elsewhere"), 0o700); err != nil {
				t.Fatal(err)
			}
			w.Folder = "elsewhere"
			wantCounts(t, w.does(moveAll), fewLetters, 0, fewLetters, 0)
			want := tally{}
			if p.backup {
				want.copies = fewLetters
			}
			w.wantTally(want)
		})
	}
}

// The same place under another name has what it has.
func TestTargetHasAnotherName(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, fewLetters, false))
	w.does(deliverAll)
	w.change = func(o *Options) { o.Targets = map[string]deliver.Spec{"box": o.Targets["archive"]} }
	wantCounts(t, w.does(strings.ReplaceAll(deliverAll, "archive", "box")), 0, fewLetters, 0, fewLetters)
	wantCounts(t, w.does(strings.ReplaceAll(moveAll, "archive", "box")), 0, fewLetters, fewLetters, 0)
	w.wantTally(tally{})
}

// What a target has lost since it was delivered there is not deleted before it is
// there again; what it still has is not delivered twice.
func TestTargetLostMail(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, fewLetters, false))
			w.does(deliverAll)
			if err := os.RemoveAll(w.target()); err != nil {
				t.Fatal(err)
			}
			w.add(letters(fewLetters, fewLetters+1, false))
			wantCounts(t, w.does(moveAll), fewLetters+1, 0, fewLetters+1, 0)
			want := tally{}
			if p.backup {
				want.copies = fewLetters + 1
			}
			w.wantTally(want)
		})
	}
}

// Of several, only what is gone is delivered again, and the report says which.
func TestTargetLostOneMessage(t *testing.T) {
	w := newWorld(t, deliver.EML, false, letters(0, fewLetters, false))
	w.does(deliverAll)
	files, err := filepath.Glob(filepath.Join(w.target(), "*.eml"))
	if err != nil || len(files) != fewLetters {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	a := w.does(moveAll)
	wantCounts(t, a, 1, fewLetters-1, fewLetters, 0)
	w.wantTally(tally{})
	count := map[string]int{}
	for _, row := range a.Plan {
		count[fmt.Sprintf("%s %s %v", row.Decision, row.Earlier, strings.HasSuffix(row.Reason, "delivered earlier to archive"))]++
	}
	if count["deliver archive, then delete [] false"] != 1 || count["delete [archive] true"] != fewLetters-1 {
		t.Errorf("got rows %v", count)
	}
}

// A reader that removes a message from an mbox moves all that follow; they are
// there all the same.
func TestMboxThatWasEdited(t *testing.T) {
	w := newWorld(t, deliver.Mbox, false, letters(0, fewLetters, false))
	w.does(deliverAll)
	octets, err := os.ReadFile(w.target())
	if err != nil {
		t.Fatal(err)
	}
	second := bytes.Index(octets[1:], []byte("\nFrom ")) + 2
	if err := os.WriteFile(w.target(), octets[second:], 0o600); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, w.does(moveAll), 0, fewLetters, fewLetters, 0)
}

// Nor is a backup believed to be there by the journal alone: not that of a run
// whose deletions were lost.
func TestBackupLost(t *testing.T) {
	for _, op := range []string{"send DELE", "send QUIT"} {
		w := newWorld(t, deliver.Maildir, true, letters(0, fewLetters, false))
		if _, err := w.run(&faults{sort: op}); err == nil {
			t.Fatal("got no error")
		}
		if err := os.RemoveAll(filepath.Join(w.Dir, "backup")); err != nil {
			t.Fatal(err)
		}
		w.does(moveAll)
		w.wantTally(tally{copies: fewLetters})
	}
}

// What an earlier run was cut off at is deleted only where the target still has
// it, also where the rules have nothing to say about it any more.
func TestTargetLostMailOfLostQuit(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, fewLetters, false))
			if _, err := w.run(&faults{sort: "send QUIT"}); err == nil {
				t.Fatal("got no error")
			}
			if err := os.RemoveAll(w.target()); err != nil {
				t.Fatal(err)
			}
			a := w.does(`return function(msg) end`)
			wantCounts(t, a, fewLetters, 0, fewLetters, 0)
			if got := a.Plan[0].Decision; got != "deliver archive, then delete" {
				t.Errorf("got decision %q", got)
			}
			want := tally{}
			if p.backup {
				want.copies = fewLetters
			}
			w.wantTally(want)
		})
	}
}

// A target that cannot be asked is not known to have anything: the mail stays.
func TestTargetCannotBeAsked(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, fewLetters, false))
	w.does(deliverAll)
	if err := os.RemoveAll(w.target()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.target(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.Rules = moveAll
	report, err := w.run(&faults{})
	wantError(t, err, "not known whether archive has it")
	if a := only(t, report); a.Delete != 0 || a.Failed != fewLetters {
		t.Errorf("got %d deleted, %d failed", a.Delete, a.Failed)
	}
	if got := len(w.drop.Messages()); got != fewLetters {
		t.Errorf("%d messages are left, want all %d", got, fewLetters)
	}
}

// A run that delivers nothing new says so, and so does its rehearsal.
func TestDeliveredEarlierIsReported(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, fewLetters, false))
	w.change = func(o *Options) { o.DryRun = w.task.Run == 2 }
	w.does(deliverAll)
	w.add(letters(fewLetters, fewLetters+1, false))
	for _, run := range []string{"rehearsal", "run"} {
		a := w.does(deliverAll)
		wantCounts(t, a, 1, fewLetters, 0, fewLetters)
		first, last := a.Plan[0], a.Plan[fewLetters]
		if first.Decision != "keep" || !strings.HasSuffix(first.Reason, "delivered earlier to archive") || !slices.Equal(first.Earlier, []string{"archive"}) {
			t.Errorf("%s: got %+v, want it kept and delivered earlier", run, first)
		}
		if last.Decision != "deliver archive" || strings.Contains(last.Reason, "earlier") || last.Earlier != nil {
			t.Errorf("%s: got %+v, want it delivered", run, last)
		}
	}
	wantCounts(t, w.does(deliverAll), 0, fewLetters+1, 0, fewLetters+1)
	w.wantTally(tally{left: fewLetters + 1})
}

// What a run that was cut off had delivered is not doubled, and not told to be
// delivered by the next.
func TestDeliveredByRunCutOff(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, fewLetters, false))
	if _, err := w.run(&faults{sort: "send DELE"}); err == nil {
		t.Fatal("got no error")
	}
	if err := os.RemoveAll(filepath.Join(w.Dir, "state")); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, w.does(moveAll), 0, fewLetters, fewLetters, 0)
	w.wantTally(tally{})
}

// A state of earlier versions says that a name has the mail. That does not count.
func TestNamesOfEarlierVersionsDoNotCount(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, fewLetters, false))
	w.Rules = `return function(msg) end`
	w.does(w.Rules) // so that the journal knows the messages
	store, err := state.Open(t.Context(), filepath.Join(w.Dir, "state"), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	account, err := store.Account(t.Context(), "mrose@pop.example.org", faultDay)
	if err != nil {
		t.Fatal(err)
	}
	err = account.Journal(t.Context(), faultDay, 1, func(j *state.Journal) {
		for n, m := range w.letters {
			j.Delivered(state.Key(n+1), "archive", sha256.Sum256(m))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	account.Close()
	store.Close()
	wantCounts(t, w.does(moveAll), fewLetters, 0, fewLetters, 0)
	w.wantTally(tally{})
}

func TestPlaceOf(t *testing.T) {
	here := filepath.Join(t.TempDir(), "here")
	for spec, want := range map[string]string{
		"maildir:" + here:           "maildir:" + here,
		"mbox:" + here + "/../here": "mbox:" + here,
		"eml:/a\nb":                 `eml:"/a\nb"`,
		"smtp://ann@MX.example/?rcpt=b@c&rcpt=a@b&from=x@y":   "smtp://mx.example:587/?rcpt=a@b,b@c",
		"smtps://mx.example:466/?rcpt=a@b":                    "smtps://mx.example:466/?rcpt=a@b",
		"lmtp://[::1]:24/?rcpt=a":                             "lmtp://::1:24/?rcpt=a",
		"lmtp:unix:/run/lmtp?rcpt=a":                          "lmtp:unix:/run/lmtp?rcpt=a",
		"smtp://mx.example/?rcpt=a@b&insecure-plain-text=yes": "smtp://mx.example:587/?rcpt=a@b",
	} {
		if got := placeOf(parse(t, spec)); got != want {
			t.Errorf("%s: got %s, want %s", spec, got, want)
		}
	}
	one, other := placeOf(parse(t, `pipe:["/bin/x", "hush"]`)), placeOf(parse(t, `pipe:["/bin/x", "hu", "sh"]`))
	if one == other || !strings.HasPrefix(one, "pipe:/bin/x#") || strings.Contains(one, "hush") {
		t.Errorf("got %s and %s, want the command, and hashes that differ", one, other)
	}
	t.Chdir(t.TempDir())
	if got, want := placeOf(parse(t, "eml:in")), placeOf(parse(t, "maildir:in")); filepath.Base(got) != "in" || !filepath.IsAbs(strings.TrimPrefix(got, "eml:")) || got == want {
		t.Errorf("got %s and %s, want whole paths, and the kinds", got, want)
	}
}
