package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
)

// telling is moveAll, and prints what it sees.
const telling = `return { name = "move", rule = function(msg)
	print(msg.subject)
	msg:deliver("archive", "moved")
	msg:delete("moved")
end }`

// at returns the point of the nth operation of a sort, from 1, in a run like
// w's.
func (w *world) at(op string, nth int) int {
	w.t.Helper()
	like := newWorld(w.t, w.Kind, w.Backup, w.letters)
	defer like.close()
	like.Rules, like.change = w.Rules, w.change
	counter := &faults{}
	if _, err := like.run(counter); err != nil {
		w.t.Fatal(err)
	}
	for i, done := range counter.ops {
		if done == op {
			nth--
		}
		if nth == 0 {
			return i + 1
		}
	}
	w.t.Fatalf("a run has no such operation: %q", op)
	return 0
}

// wantTally checks where everything is.
func (w *world) wantTally(want tally) {
	w.t.Helper()
	if got := w.count(); got != want {
		w.t.Errorf("got %+v, want %+v", got, want)
	}
}

// outcomes are those of the journal's runs, the first run's first.
func (w *world) outcomes() (all []string) {
	w.t.Helper()
	store, err := state.Open(context.Background(), filepath.Join(w.Dir, "state"), state.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer store.Close()
	runs, err := store.Runs(context.Background(), state.Query{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range slices.Backward(runs) {
		all = append(all, r.Outcome)
	}
	return all
}

// When QUIT is not answered the outcome is unknown, and the next run settles
// it: what is gone is gone, and what is left is deleted, without the script
// seeing it again.
func TestLostQuitIsSettled(t *testing.T) {
	for _, arrived := range []bool{false, true} {
		t.Run(fmt.Sprint("arrived ", arrived), func(t *testing.T) {
			w := newWorld(t, deliver.Maildir, false, letters(0, manyLetters, false))
			w.Rules = telling
			report, err := w.run(&faults{at: w.at("send QUIT", 1), late: arrived})
			wantError(t, err, "QUIT")
			wantOutcome(t, only(t, report), "unknown", "QUIT")
			left := manyLetters
			if arrived {
				left = 0
			}
			w.wantTally(tally{left: left})
			w.add(letters(manyLetters, manyLetters+1, false))
			var seen bytes.Buffer
			w.change = func(o *Options) { o.Stdout = &seen }
			report, err = w.run(&faults{})
			wantError(t, err, "")
			if a := only(t, report); a.Outcome != "committed" || a.Delete != left+1 {
				t.Errorf("got %d deleted, %s; want %d, committed", a.Delete, a.Outcome, left+1)
			}
			if got, want := seen.String(), fmt.Sprintf("letter %d\n", manyLetters); got != want {
				t.Errorf("the script saw %q, want %q", got, want)
			}
			w.wantTally(tally{})
			if got, want := w.outcomes(), []string{"unknown", "committed"}; !slices.Equal(got, want) {
				t.Errorf("got outcomes %q, want %q", got, want)
			}
		})
	}
}

// A connection that is lost among the DELEs deletes nothing; the next run
// deletes, and delivers nothing again.
func TestLostMarks(t *testing.T) {
	for _, nth := range []int{1, 25, 50} {
		w := newWorld(t, deliver.Maildir, false, letters(0, manyLetters, false))
		report, err := w.run(&faults{at: w.at("send DELE", nth), late: nth == 25})
		if err == nil {
			t.Error("got no error")
		}
		wantOutcome(t, only(t, report), "aborted", "DELE")
		w.wantTally(tally{left: manyLetters})
		writes := &faults{}
		_, err = w.run(writes)
		wantError(t, err, "")
		w.wantTally(tally{})
		if slices.Contains(writes.ops, "write") {
			t.Error("the second run wrote to the target")
		}
	}
}

// Two instances never work one account at once: the second says who has it.
func TestTwoInstances(t *testing.T) {
	w := newWorld(t, deliver.Maildir, true, letters(0, manyLetters, false))
	other := task{Addr: w.Addr, Dir: w.Dir, Kind: w.Kind, Backup: true, Run: 1}
	tried := false
	w.change = func(o *Options) {
		o.Progress = func(string, int, int) {
			if tried {
				return
			}
			tried = true
			second, err := other.options(&faults{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Run(context.Background(), second)
			var locked *state.LockedError
			if !errors.As(err, &locked) || locked.PID != os.Getpid() {
				t.Errorf("got error %v, want that the account is locked", err)
			}
		}
	}
	_, err := w.run(&faults{})
	wantError(t, err, "")
	if !tried {
		t.Error("there was no second instance")
	}
	w.wantTally(tally{copies: manyLetters})
}

// denied is an FS that lets nobody write.
type denied struct{ atomicfile.OS }

func (denied) OpenFile(name string, flag int, perm fs.FileMode) (atomicfile.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EACCES}
	}
	return atomicfile.OS{}.OpenFile(name, flag, perm)
}

func (denied) Mkdir(name string, _ fs.FileMode) error {
	return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.EACCES}
}

// A target that may not be written keeps every message where it is.
func TestTargetDenied(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
			w.change = func(o *Options) { o.Files = denied{} }
			w.refused(syscall.EACCES.Error())
			w.change = nil
			w.recovers()
		})
	}
}

// refused is a run that can deliver nothing, and why.
func (w *world) refused(why string) {
	w.t.Helper()
	report, err := w.run(&faults{})
	var undelivered *UndeliveredError
	if !errors.As(err, &undelivered) || undelivered.Count != len(w.letters) || !strings.Contains(undelivered.First, why) {
		w.t.Errorf("got error %v, want that %d messages could not be delivered: %s", err, len(w.letters), why)
	}
	if a := report.Accounts[0]; a.Delete != 0 || a.Failed != len(w.letters) {
		w.t.Errorf("got %d deleted, %d failed, want 0, %d", a.Delete, a.Failed, len(w.letters))
	}
	if got := w.count(); got.left != len(w.letters) { // backups may be there
		w.t.Errorf("got %+v, want all left", got)
	}
}

// recovers is the run after the fault was put right.
func (w *world) recovers() {
	w.t.Helper()
	if _, err := w.run(&faults{}); err != nil {
		w.t.Error(err)
	}
	want := tally{}
	if w.Backup {
		want.copies = len(w.letters)
	}
	w.wantTally(want)
}

// Without what popherd remembers nothing is delivered and nothing is deleted:
// the error names the file, which stays as it is.
func TestDamagedState(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"empty":      func([]byte) []byte { return nil },
		"a text":     func([]byte) []byte { return []byte("Dear diary,\n") },
		"cut off":    func(db []byte) []byte { return db[:len(db)/2] },
		"zeros":      func(db []byte) []byte { return make([]byte, len(db)) },
		"zeros late": func(db []byte) []byte { return append(db[:4096:4096], make([]byte, len(db)-4096)...) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, deliver.Maildir, false, letters(0, manyLetters, false))
			w.run(&faults{at: w.at("send DELE", 10)})
			file := filepath.Join(w.Dir, "state", state.FileName)
			good, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			bad := damage(good)
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = w.run(&faults{})
			if err == nil || !strings.Contains(err.Error(), file) {
				t.Errorf("got error %v, want one that names %s", err, file)
			}
			w.wantTally(tally{left: manyLetters})
			if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, bad) {
				t.Errorf("the damaged file was changed (%v)", err)
			}
			if err := os.WriteFile(file, good, 0o600); err != nil {
				t.Fatal(err)
			}
			w.recovers()
		})
	}
}

// Without any memory of the first run, the target still knows what it has.
func TestLostState(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
			w.run(&faults{at: w.at("send DELE", 10)})
			if err := os.RemoveAll(filepath.Join(w.Dir, "state")); err != nil {
				t.Fatal(err)
			}
			w.recovers()
		})
	}
}

// A clock that jumps back between the runs, by years, loses and doubles nothing.
func TestClockJumpsBack(t *testing.T) {
	counter := &faults{}
	w := newWorld(t, deliver.Maildir, true, letters(0, manyLetters, false))
	if _, err := w.run(counter); err != nil {
		t.Fatal(err)
	}
	all := sum{of: len(counter.ops)}
	for i, at := range points(counter.ops, 2) {
		if raceEnabled && i%4 != 0 {
			continue
		}
		w := newWorld(t, deliver.Maildir, true, letters(0, manyLetters, false))
		w.task.Run = 100_000
		f := &faults{at: at, late: true}
		w.run(f) // its error is the fault
		w.task.Run = -100_000
		all.settled(w, fmt.Sprintf("%q at operation %d", f.failed, at))
		w.close()
	}
	t.Log(&all)
}
