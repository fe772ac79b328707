//go:build unix

package run

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
)

// A message that goes to two targets, of which one fails, is kept, and comes to
// the other one once, though that cannot be asked what it has.
func TestOneOfTwoTargetsFails(t *testing.T) {
	w := newWorld(t, deliver.Maildir, false, letters(0, 5, false))
	w.Rules = `return { name = "two", rule = function(msg) msg:deliver("command") msg:deliver("archive") msg:delete() end }`
	taken := w.command(t)
	_, err := w.run(&faults{sort: "write"})
	wantError(t, err, "1 messages could not be delivered")
	if got := w.count(); got.left != 1 || got.lost > 0 {
		t.Errorf("got %+v, want 1 left", got)
	}
	_, err = w.run(&faults{})
	wantError(t, err, "")
	w.wantTally(tally{})
	w.wantOnce(t, taken)
}

// What a command took before the connection was lost, it is not given again.
func TestCommandThenLostConnection(t *testing.T) {
	for _, op := range []string{"receive", "send DELE", "send QUIT"} {
		w := newWorld(t, deliver.Maildir, false, letters(0, 5, false))
		w.Rules = `return { name = "command", rule = function(msg) msg:deliver("command") msg:delete() end }`
		taken := w.command(t)
		f := &faults{sort: op}
		if op == "receive" {
			f = &faults{at: w.at("receive", 40)} // within the third message
			os.Remove(taken)
		}
		if _, err := w.run(f); err == nil {
			t.Errorf("%s: got no error", op)
		}
		_, err := w.run(&faults{})
		wantError(t, err, "")
		w.wantOnce(t, taken)
		if left := w.count().left; left > 0 {
			t.Errorf("%s: %d messages are left", op, left)
		}
	}
}

// command adds a target that is a command, and returns the file to which that
// appends.
func (w *world) command(t *testing.T) (file string) {
	t.Helper()
	file = filepath.Join(w.Dir, "taken")
	spec, err := deliver.Parse(fmt.Sprintf(`pipe:["/bin/sh", "-c", "cat >>%s"]`, file))
	if err != nil {
		t.Fatal(err)
	}
	w.change = func(o *Options) { o.Targets["command"] = spec }
	return file
}

// wantOnce checks that each message came to a file once.
func (w *world) wantOnce(t *testing.T, file string) {
	t.Helper()
	octets, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for n, m := range w.letters {
		if got := strings.Count(string(octets), string(m)); got != 1 {
			t.Errorf("message %d came to the command %d times, want once", n, got)
		}
	}
}
