package run

import (
	"fmt"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
)

// An idStory is a server whose unique-ids do not hold, or not in full.
type idStory struct {
	name   string
	equal  bool // all messages have the same size
	take   int  // messages that another client takes between the runs
	more   int  // messages that come then
	twice  bool // ids do not hold: a message may be delivered twice
	before *renaming
	after  func(w *world) *renaming // in the second run; nil: as before
}

// numbered is a server that takes message-numbers for unique-ids: after each
// deletion the ids stand for other messages.
func numbered(w *world) *renaming {
	ids := map[int]string{}
	for i, m := range w.drop.Messages() {
		for n, sent := range w.letters {
			if string(sent) == string(m) {
				ids[n+1] = fmt.Sprint(i + 1)
			}
		}
	}
	return &renaming{id: func(n int) string { return ids[n] }}
}

func idStories() []idStory {
	number := func(format string) *renaming {
		return &renaming{id: func(n int) string { return fmt.Sprintf(format, n) }}
	}
	return []idStory{
		{name: "renewed", twice: true, after: func(*world) *renaming { return number("renewed.%d") }},
		{name: "two of each", before: &renaming{id: func(n int) string { return fmt.Sprintf("pair.%d", n/2) }}},
		{name: "all the same", before: &renaming{id: func(int) string { return "same" }}},
		{name: "absent", before: &renaming{refuse: true}},
		{name: "absent later", twice: true, after: func(*world) *renaming { return &renaming{refuse: true} }},
		{name: "there later", twice: true, before: &renaming{refuse: true}, after: func(*world) *renaming { return nil }},
		{name: "too long", before: number(strings.Repeat("long", 20) + ".%d")},
		{name: "odd octets", before: number("caf\xe9 \x01.%d")},
		{name: "empty", before: &renaming{id: func(int) string { return "" }}},
		{name: "used again", more: 10, twice: true, before: number("%d"), after: numbered},
		{name: "used again, equal sizes", equal: true, more: 10, twice: true, before: number("%d"), after: numbered},
		{name: "used again, others taken, equal sizes", equal: true, take: 5, more: 5, twice: true, before: number("%d"), after: numbered},
		{name: "used again at once, equal sizes", equal: true, more: manyLetters, twice: true, before: number("%d"), after: numbered},
	}
}

// Whatever a server makes of its unique-ids: no message is lost, and only where
// ids do not hold a message may be delivered twice.
func TestFaultsAndUniqueIDs(t *testing.T) {
	each := thorough(t, 3, 5)
	for _, story := range idStories() {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			counter := &faults{}
			w := story.world(t)
			if _, err := w.run(counter); err != nil {
				t.Fatal(err)
			}
			all := sum{of: len(counter.ops)}
			for i, at := range points(counter.ops, each) {
				if raceEnabled && i%4 != 0 {
					continue
				}
				w := story.world(t)
				f := &faults{at: at, late: i%2 == 0 || counter.ops[at-1] == "send QUIT"}
				w.run(f) // its error is the fault
				w.take(story.take)
				w.add(letters(manyLetters, manyLetters+story.more, story.equal))
				if story.after != nil {
					w.ids = story.after(w)
				}
				all.unsettled(w, story.twice, fmt.Sprintf("%q at operation %d, late %v", f.failed, at, f.late))
				w.close()
			}
			t.Log(&all)
		})
	}
}

func (s idStory) world(t *testing.T) *world {
	w := newWorld(t, deliver.Maildir, false, letters(0, manyLetters, s.equal))
	w.ids = s.before
	return w
}

// unsettled checks a world after a fault at a point, and after a clean run, in
// which messages may be delivered twice.
func (s *sum) unsettled(w *world, twice bool, point string) {
	w.t.Helper()
	s.points++
	if _, err := w.run(&faults{}); err != nil {
		w.t.Errorf("%s: the second run: %v", point, err)
	}
	end := w.count()
	s.lost += end.lost
	s.twice += end.twice
	if end.left > 0 || end.lost > 0 || end.other > 0 || end.twice > 0 && !twice {
		w.t.Errorf("%s: in the end %+v", point, end)
	}
}
