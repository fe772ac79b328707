//go:build unix

package run

import (
	"testing"

	"github.com/popherd/popherd/internal/deliver"
)

// A name that stood for a command, and now stands for a Maildir, and the other
// way round: each gets every message, once.
func TestTargetBecomesAnotherKind(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, fewLetters, false))
	taken := w.command(t)
	asCommand := w.change
	w.change = func(o *Options) {
		asCommand(o)
		o.Targets["archive"] = o.Targets["command"]
	}
	wantCounts(t, w.does(deliverAll), fewLetters, 0, 0, 0)
	wantCounts(t, w.does(deliverAll), 0, fewLetters, 0, fewLetters)
	w.wantOnce(t, taken)
	asPipe := w.change
	w.change = nil
	wantCounts(t, w.does(deliverAll), fewLetters, 0, 0, 0)
	if got := len(stored(t, deliver.Maildir, w.target())); got != fewLetters {
		t.Errorf("the Maildir has %d messages, want %d", got, fewLetters)
	}
	// By the journal both have it: the command cannot be asked, and is believed.
	w.change = asPipe
	wantCounts(t, w.does(moveAll), 0, fewLetters, fewLetters, 0)
	w.wantOnce(t, taken)
	w.wantTally(tally{})
}
