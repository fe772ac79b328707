package run

import (
	"fmt"
	"os"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
)

// A place is a kind of target, with or without backups.
type place struct {
	kind   deliver.Kind
	backup bool
}

func (p place) String() string {
	if p.backup {
		return string(p.kind) + " with backups"
	}
	return string(p.kind)
}

func places() (all []place) {
	for _, kind := range []deliver.Kind{deliver.Maildir, deliver.Mbox, deliver.EML} {
		all = append(all, place{kind, false}, place{kind, true})
	}
	return all
}

// somePlaces are those for tests of many points: two, where each takes long.
func somePlaces() []place {
	if raceEnabled {
		return places()[1:3]
	}
	return places()
}

// points chooses which operations of a run are to fail, counted from 1: of each
// sort the first and the last, and so many in all, evenly.
func points(ops []string, each int) (at []int) {
	sorts := map[string][]int{}
	for i, op := range ops {
		sorts[op] = append(sorts[op], i+1)
	}
	for i, op := range ops {
		of := sorts[op]
		if len(of) <= each {
			at = append(at, i+1)
			continue
		}
		for k := range each {
			if of[k*(len(of)-1)/(each-1)] == i+1 {
				at = append(at, i+1)
				break
			}
		}
	}
	return at
}

// thorough is how many points of a sort are tried, of which there are many. All
// are with POPHERD_EVERY_POINT=1, which takes many minutes.
func thorough(t *testing.T, few, more int) int {
	switch {
	case os.Getenv("POPHERD_EVERY_POINT") == "1":
		return 1 << 20
	case raceEnabled || testing.Short():
		return max(2, few/3)
	case os.Getenv("POPHERD_REAL_SERVERS") == "1":
		return more
	}
	return few
}

// A sum adds up the points of a test.
type sum struct {
	points, of  int
	lost, twice int
}

func (s *sum) String() string {
	return fmt.Sprintf("%d points of %d tried, %d messages lost, %d delivered twice", s.points, s.of, s.lost, s.twice)
}

// settled checks a world after a fault at a point, and after a clean run.
func (s *sum) settled(w *world, point string) {
	w.t.Helper()
	s.points++
	after := w.count()
	if after.lost > 0 {
		w.t.Errorf("%s: %d messages are lost: %+v", point, after.lost, after)
	}
	report, err := w.run(&faults{})
	if err != nil {
		w.t.Errorf("%s: the second run: %v", point, err)
	}
	if a := report.Accounts; len(a) != 1 || a[0].Outcome != "committed" {
		w.t.Errorf("%s: the second run is not committed: %+v", point, a)
	}
	end := w.count()
	s.lost += end.lost
	s.twice += end.twice
	want := tally{}
	if w.Backup {
		want.copies = len(w.letters)
	}
	if end != want {
		w.t.Errorf("%s: in the end %+v, want %+v", point, end, want)
	}
}

// Whatever fails, once and anywhere in a run that delivers and deletes 50
// messages: no message is lost, and after a clean run each was delivered once.
func TestEveryFault(t *testing.T) {
	each := thorough(t, 4, 20)
	for _, p := range somePlaces() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			counter := &faults{}
			w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
			if _, err := w.run(counter); err != nil {
				t.Fatal(err)
			}
			var all sum
			for i, at := range points(counter.ops, each) {
				for _, late := range []bool{false, true} {
					if raceEnabled && late == (i%2 == 0) {
						continue
					}
					w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
					f := &faults{at: at, late: late}
					w.run(f) // its error is the fault
					all.settled(w, fmt.Sprintf("%q at operation %d, late %v", f.failed, at, late))
					w.close()
				}
			}
			all.of = 2 * len(counter.ops)
			t.Log(&all)
		})
	}
}
