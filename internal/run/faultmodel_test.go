package run

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/internal/policy"
)

// What a model's rules do with a message.
const (
	keeps    = "keep"
	deletes  = "delete"
	delivers = "deliver"
	moves    = "move"
)

// A model is a world with what its rules want.
type model struct {
	*world
	t      *rapid.T
	wants  map[string]string // what is done with a message, by its octets
	most   int               // deletions that are allowed in a run
	unsure bool              // the last run's outcome is unknown: its deletions come on top
}

func newModel(t *rapid.T, outer *testing.T) *model {
	p := rapid.SampledFrom(places()).Draw(t, "place")
	m := &model{world: newWorld(outer, p.kind, p.backup, nil), t: t, wants: map[string]string{}}
	m.most = rapid.IntRange(1, 12).Draw(t, "cap")
	m.Cap = fmt.Sprint(m.most)
	m.arrive(rapid.IntRange(0, 12).Draw(t, "messages"))
	return m
}

// arrive brings messages, and makes the rules that decide about all.
func (m *model) arrive(count int) {
	from := len(m.letters)
	m.add(letters(from, from+count, false))
	for _, text := range m.letters[from:] {
		m.wants[string(text)] = rapid.SampledFrom([]string{keeps, deletes, delivers, moves}).Draw(m.t, "action")
	}
	var table strings.Builder
	for n, text := range m.letters {
		fmt.Fprintf(&table, "[%q] = %q, ", fmt.Sprintf("letter %02d", n), m.wants[string(text)])
	}
	m.Rules = fmt.Sprintf(`local wants = { %s}
		return { name = "model", rule = function(msg)
			local want = wants[msg.subject]
			if want == "deliver" or want == "move" then msg:deliver("archive") end
			if want == "delete" or want == "move" then msg:delete() end
		end }`, &table)
}

// There is what is on the server and in the target.
func (m *model) there() (left, stands map[string]int) {
	left, stands = map[string]int{}, map[string]int{}
	for _, text := range m.drop.Messages() {
		left[string(text)]++
	}
	for _, text := range stored(m.world.t, m.Kind, m.target()) {
		stands[string(text)]++
	}
	return left, stands
}

// step is one run: what it deleted was wanted, allowed, delivered before, and
// has a backup; nothing is there twice or without being wanted.
func (m *model) step(f *faults) (*Report, error) {
	before, _ := m.there()
	report, err := m.world.run(f)
	left, stands := m.there()
	backups := map[string]int{}
	if m.Backup {
		for _, text := range m.backups() {
			backups[string(text)]++
		}
	}
	deleted := 0
	for _, text := range slices.Sorted(maps.Keys(before)) {
		if left[text] > 0 {
			continue
		}
		deleted++
		switch want := m.wants[text]; {
		case want == keeps || want == delivers:
			m.t.Fatalf("deleted though %q was wanted: %q", want, text)
		case want == moves && stands[text] == 0:
			m.t.Fatalf("deleted, and not delivered: %q", text)
		case m.Backup && backups[text] != 1:
			m.t.Fatalf("deleted, with %d backups: %q", backups[text], text)
		}
	}
	if most := m.most; deleted > most && (!m.unsure || deleted > 2*most) {
		m.t.Fatalf("%d deletions, want at most %d", deleted, most)
	}
	for _, a := range report.Accounts {
		m.unsure = a.Outcome == "unknown" || m.unsure && a.Outcome != "committed"
	}
	if f.failed == "" { // else an mbox may end with a part of a message
		for text, n := range stands {
			if want := m.wants[text]; n > 1 || want != moves && want != delivers {
				m.t.Fatalf("%d times in the target, where %q was wanted: %q", n, want, text)
			}
		}
	}
	return report, err
}

// finished checks the end: a clean run does all that is wanted, or refuses it
// all for the cap, and to repeat it changes nothing.
func (m *model) finished() {
	wanted := 0
	for text := range m.current() {
		if want := m.wants[text]; want == deletes || want == moves {
			wanted++
		}
	}
	before := m.current()
	_, err := m.step(&faults{})
	var refused *policy.Error
	switch {
	case errors.As(err, &refused) && wanted > m.most:
		if !maps.Equal(before, m.current()) {
			m.t.Fatalf("a run over the cap deleted something")
		}
		return
	case err != nil:
		m.t.Fatalf("the clean run: %v", err)
	}
	m.complete()
	again := &faults{}
	if _, err := m.step(again); err != nil {
		m.t.Fatalf("the run after it: %v", err)
	}
	m.complete()
	for _, op := range []string{"write", "send DELE", "send RETR"} {
		if slices.Contains(again.ops, op) {
			m.t.Fatalf("a run with nothing to do: %q", op)
		}
	}
}

// current is what the server has.
func (m *model) current() map[string]int {
	left, _ := m.there()
	return left
}

// complete checks that everything is where it is wanted.
func (m *model) complete() {
	left, stands := m.there()
	for text, want := range m.wants {
		onServer, inTarget := 0, 0
		if want == keeps || want == delivers {
			onServer = 1
		}
		if want == moves || want == delivers {
			inTarget = 1
		}
		if left[text] != onServer || stands[text] != inTarget {
			m.t.Fatalf("%q: %d on the server, %d in the target; want %d, %d: %q", want, left[text], stands[text], onServer, inTarget, text)
		}
	}
}

// Whatever the rules, the cap and the failures: nothing is deleted that was not
// wanted, allowed, delivered and backed up, nothing is delivered twice, and to
// run again changes nothing.
func TestFaultsModel(t *testing.T) {
	points, deleted := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt, t)
		defer m.close()
		for range rapid.IntRange(1, 4).Draw(rt, "runs") {
			at := rapid.IntRange(1, 60+20*len(m.letters)).Draw(rt, "at")
			f := &faults{at: at, late: rapid.Bool().Draw(rt, "late")}
			if rapid.Bool().Draw(rt, "near the end") {
				f = &faults{sort: rapid.SampledFrom([]string{"send DELE", "send QUIT", "rename", "syncfs", "fsync"}).Draw(rt, "sort"), late: f.late}
			}
			m.step(f) // its error is the fault
			points++
			m.arrive(rapid.IntRange(0, 3).Draw(rt, "more"))
		}
		m.finished()
		deleted += len(m.letters) - len(m.drop.Messages())
	})
	t.Logf("%d faults, %d messages deleted, 0 lost, 0 delivered twice", points, deleted)
}
