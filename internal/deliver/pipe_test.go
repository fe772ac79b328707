package deliver_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
)

// shell is a spec of a command with arguments of its own.
func shell(t testing.TB, script string, arguments ...string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are written for a Unix shell")
	}
	argv, err := json.Marshal(append([]string{"/bin/sh", "-c", script, "sh"}, arguments...))
	if err != nil {
		t.Fatal(err)
	}
	return "pipe:" + string(argv)
}

func TestPipe(t *testing.T) {
	delivertest.Run(t, delivertest.Place{
		Spec: func(t *testing.T, dir string) string { return shell(t, `cat >"$1/$POPHERD_ID.eml"`, dir) },
		Stored: func(t *testing.T, dir string) [][]byte {
			paths, err := filepath.Glob(filepath.Join(dir, "*.eml"))
			if err != nil {
				t.Fatal(err)
			}
			var all [][]byte
			for _, path := range paths {
				octets, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, octets)
			}
			return all
		},
	}, corpus(t))
}

func TestExitStatus(t *testing.T) {
	for _, test := range []struct {
		script    string
		temporary bool
		words     string
	}{
		{"cat >/dev/null; exit 75", true, "exit status 75"},
		{"cat >/dev/null; echo no such user >&2; exit 67", false, "no such user"},
		{"exit 1", false, "exit status 1"},
		{"kill -9 $$", true, "killed"},
		{`printf 'a\033[31m\nb' >&2; exit 1`, false, "a?[31m b"},
		{`yes >&2 & sleep 0.01; kill $!; exit 3`, false, "y y y"},
	} {
		err := send(t, shell(t, test.script), deliver.Options{}, 1)
		why := wantFault(t, err, test.temporary, test.words)
		if n := len(why.Error()); n > 2000 {
			t.Errorf("%s: the error has %d octets", test.script, n)
		}
	}
	wantFault(t, send(t, `pipe:["/nowhere/at/all"]`, deliver.Options{}, 1), false, "no such file")
}

// TestComplaintsAreHeardWhole: an error has only their start.
func TestComplaintsAreHeardWhole(t *testing.T) {
	var said bytes.Buffer
	err := send(t, shell(t, `yes | head -c 100000 >&2; echo end >&2; exit 1`), deliver.Options{Complaints: &said}, 1)
	wantFault(t, err, false, "y y y")
	if text := said.String(); len(text) != 100_004 || !strings.HasSuffix(text, "end\n") {
		t.Errorf("%d octets were heard, the last of them %q", len(text), text[max(0, len(text)-10):])
	}
}

func TestACommandThatDoesNotEndIsKilledWithItsChildren(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := exec.Command("mkfifo", fifo).Run(); err != nil {
		t.Skip("cannot make a pipe for the test: ", err)
	}
	over := make(chan error, 1)
	go func() { // ends when nobody has the fifo open for writing any more
		f, err := os.Open(fifo)
		if err == nil {
			_, err = io.Copy(io.Discard, f)
			f.Close()
		}
		over <- err
	}()
	o := deliver.Options{Timeout: time.Second}
	err := send(t, shell(t, `sleep 1000 >"$1" & wait`, fifo), o, 1)
	wantFault(t, err, true, "did not end within 1s")
	select {
	case err := <-over:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the child is there still")
	}
}

func TestACommandSeesNoMoreThanItMust(t *testing.T) {
	t.Setenv("SECRET", "word")
	dir := t.TempDir()
	o := deliver.Options{Environ: []string{"HOME=/srv/ann"}}
	if err := send(t, shell(t, `env >"$1/env"; cat >/dev/null`, dir), o, 1); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"HOME=/srv/ann", "POPHERD_ID=" + delivertest.ID(1), "POPHERD_SENDER=ann@example.org", "PATH=/usr/local/bin:/usr/bin:/bin"} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("%q is not in %q", want, text)
		}
	}
	if strings.Contains(string(text), "SECRET") {
		t.Errorf("the command sees %q", text)
	}
}

func TestHalfAMessageStartsNoCommand(t *testing.T) {
	dir := t.TempDir()
	target, err := deliver.Open(t.Context(), shell(t, `touch "$1/started"`, dir), deliver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	d, err := target.Begin(t.Context(), delivertest.Envelope(1))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(d, strings.Repeat("half of it\r\n", 200_000))
	if err := d.Abort(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "started")); err == nil {
		t.Error("the command was started")
	}
}
