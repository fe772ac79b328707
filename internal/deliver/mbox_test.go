package deliver_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
)

// deliverTo delivers letters to a target and syncs.
func deliverTo(t *testing.T, spec string, o deliver.Options, letters ...int) (had []int, err error) {
	t.Helper()
	target, err := deliver.Open(t.Context(), spec, o)
	if err != nil {
		return nil, err
	}
	defer target.Close()
	for _, n := range letters {
		found, err := delivertest.Put(t.Context(), target, delivertest.Envelope(n), delivertest.Letter(n), 100)
		if err != nil {
			return nil, err
		}
		if found {
			had = append(had, n)
		}
	}
	return had, target.Sync(t.Context())
}

func mustDeliver(t *testing.T, spec string, letters ...int) (had []int) {
	t.Helper()
	had, err := deliverTo(t, spec, deliver.Options{}, letters...)
	if err != nil {
		t.Fatal(err)
	}
	return had
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantStored checks what a place holds.
func wantStored(t *testing.T, p delivertest.Place, dir string, want ...string) {
	t.Helper()
	var list [][]byte
	for _, text := range want {
		list = append(list, []byte(text))
	}
	delivertest.Same(t, p.Stored(t, dir), list)
}

const othersMail = "From eve@example.org Thu Jan  1 00:00:00 1970\nSubject: others' mail\n\n>From eve\n"

func TestMailOfOthersStays(t *testing.T) {
	for _, end := range []string{"", "\n", "\n\n", "no line end", "\r\n\r\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "inbox")
		writeFile(t, path, othersMail+end)
		mustDeliver(t, "mbox:"+path, 1)
		if got := readFile(t, path); !strings.HasPrefix(got, othersMail+end) {
			t.Errorf("end %q: got %q", end, got)
		}
		if got := len(inMbox().Stored(t, dir)); got != 2 {
			t.Errorf("end %q: %d messages, want 2", end, got)
		}
		mustDeliver(t, "mbox:"+path, 2)
		if text := readFile(t, path); strings.Contains(text, "\n\n\nFrom ") && end != "\n\n" {
			t.Errorf("end %q: too many empty lines in %q", end, text)
		}
	}
}

func TestWhatIsNoMboxIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	letter, link := filepath.Join(dir, "letter.txt"), filepath.Join(dir, "null")
	writeFile(t, letter, "Dear Bob,\n")
	_, err := deliver.Open(t.Context(), "mbox:"+letter, deliver.Options{})
	wantFault(t, err, false, "not an mbox")
	_, err = deliver.Open(t.Context(), "mbox:"+dir, deliver.Options{})
	wantFault(t, err, false, "is a folder")
	if os.Symlink("/dev/null", link) == nil {
		_, err = deliver.Open(t.Context(), "mbox:"+link, deliver.Options{})
		wantFault(t, err, false, "not a regular file")
	}
	_, err = deliver.Open(t.Context(), "mbox:"+filepath.Join(dir, "none", "inbox"), deliver.Options{})
	wantFault(t, err, false, "no such file")
	if got := readFile(t, letter); got != "Dear Bob,\n" {
		t.Errorf("the letter is now %q", got)
	}
}

func TestAReaderThatRewritesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inbox")
	mustDeliver(t, "mbox:"+path, 1, 2)
	text := readFile(t, path)
	// Flags are written into a message: it is not known again, and comes
	// twice. Mail before it is removed: the same.
	writeFile(t, path, strings.Replace(text, "Subject: letter 2", "Status: RO\r\nSubject: letter 2", 1))
	if had := mustDeliver(t, "mbox:"+path, 1, 2); !slices.Equal(had, []int{1}) {
		t.Errorf("had %v, want 1", had)
	}
	// The file is emptied: nothing is there any more, whatever the journal says.
	writeFile(t, path, "")
	if had := mustDeliver(t, "mbox:"+path, 1, 2); had != nil {
		t.Errorf("had %v, want none", had)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if had := mustDeliver(t, "mbox:"+path, 1, 2); had != nil {
		t.Errorf("had %v, want none", had)
	}
	wantStored(t, inMbox(), dir, string(delivertest.Letter(1)), string(delivertest.Letter(2)))
}

func TestAReaderThatRewritesTheFileDuringADelivery(t *testing.T) {
	for name, change := range map[string]func(path, text string) error{
		"shorter":  func(path, text string) error { return os.WriteFile(path, []byte(text[:len(text)-10]), 0o600) },
		"moved on": func(path, text string) error { return os.WriteFile(path, []byte(othersMail+"\n"+text), 0o600) },
		"replaced": func(path, text string) error {
			if err := os.WriteFile(path+"2", []byte(text), 0o600); err != nil {
				return err
			}
			return os.Rename(path+"2", path)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "inbox")
			target, err := deliver.Open(t.Context(), "mbox:"+path, deliver.Options{Memory: 100})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 2 {
				if _, err := delivertest.Put(t.Context(), target, delivertest.Envelope(n), delivertest.Letter(n), 100); err != nil {
					t.Fatal(err)
				}
			}
			before := readFile(t, path)
			if err := change(path, before); err != nil {
				t.Fatal(err)
			}
			changed := readFile(t, path)
			wantFault(t, target.Sync(t.Context()), true, "rewritten")
			if err := target.Close(); err != nil && name != "replaced" {
				t.Error(err)
			}
			if got := readFile(t, path); name == "moved on" && got != changed {
				t.Errorf("got %q, want %q", got, changed)
			}
		})
	}
}

// killed leaves an mbox as a run leaves it that is killed while it appends
// letter 6 to it.
func killed(t *testing.T, path string) {
	t.Helper()
	for n := 1; n < 200; n++ {
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".inbox.*"))
		for _, name := range append(left, path+".lock") {
			os.Remove(name)
		}
		writeFile(t, path, othersMail)
		faults := &delivertest.Faults{FS: atomicfile.OS{}, Fault: delivertest.Crash, At: n}
		_, err := deliverTo(t, "mbox:"+path, deliver.Options{FS: faults}, 6)
		faults.Kill()
		if err != nil && strings.Contains(readFile(t, path), "From: ann") {
			return
		}
	}
	t.Fatal("no such point")
}

func TestMailThatCameAfterACrashIsNotCutOff(t *testing.T) {
	for _, next := range []string{"", "\n", "\n\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "inbox")
		killed(t, path)
		part := readFile(t, path)
		if strings.HasSuffix(part, ".\r\n\n") {
			t.Fatal("nothing is cut short")
		}
		writeFile(t, path, part+next+strings.Replace(othersMail, "1970", "1999", 1))
		mustDeliver(t, "mbox:"+path, 1)
		if got := readFile(t, path); !strings.HasPrefix(got, part) || strings.Count(got, "From eve@example.org") != 2 {
			t.Errorf("got %q", got)
		}
	}
}

func TestWhatACrashHasLeftIsCutOff(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inbox")
	killed(t, path)
	mustDeliver(t, "mbox:"+path, 6)
	wantStored(t, inMbox(), dir, strings.TrimPrefix(strings.Replace(othersMail, ">From", "From", 1), "From eve@example.org Thu Jan  1 00:00:00 1970\n"), string(delivertest.Letter(6)))
	mustDeliver(t, "mbox:"+path, 8)
	if got := len(inMbox().Stored(t, dir)); got != 3 {
		t.Errorf("%d messages, want 3", got)
	}
}

func TestLocks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inbox")
	lock := path + ".lock"
	o := deliver.Options{Timeout: 50 * time.Millisecond}
	old := func() {
		t.Helper()
		when := time.Now().Add(-time.Hour)
		if err := os.Chtimes(lock, when, when); err != nil {
			t.Fatal(err)
		}
	}
	const nobody = 1<<30 + 1
	host, _ := os.Hostname()
	for _, test := range []struct {
		text   string
		old    bool
		breaks bool
	}{
		{"", false, false}, {"0\n", false, false}, {"", true, true}, {"0", true, true},
		{fmt.Sprint(os.Getpid()), true, false}, {fmt.Sprint(nobody), false, false}, {fmt.Sprint(nobody), true, true},
		{fmt.Sprintf("%d popherd@%s\n", nobody, host), false, true},
		{fmt.Sprintf("%d popherd@other.example\n", nobody), true, false},
	} {
		writeFile(t, lock, test.text)
		if test.old {
			old()
		}
		_, err := deliverTo(t, "mbox:"+path, o, 1)
		if test.breaks {
			if err != nil {
				t.Errorf("lock %q, old %t: %v", test.text, test.old, err)
			}
			if _, err := os.Stat(lock); err == nil {
				t.Errorf("lock %q is there still", test.text)
			}
			continue
		}
		why := wantFault(t, err, true, "locked by another program")
		if !strings.Contains(why.Error(), lock) || readFile(t, lock) != test.text {
			t.Errorf("lock %q: got error %v", test.text, err)
		}
		os.Remove(lock)
	}
}

func TestTheRecordLockIsWaitedFor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("record locks of one program exclude each other on Linux only")
	}
	path := filepath.Join(t.TempDir(), "inbox")
	writeFile(t, path, othersMail)
	f, err := atomicfile.OS{}.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Lock(); err != nil {
		t.Fatal(err)
	}
	_, err = deliverTo(t, "mbox:"+path, deliver.Options{Timeout: 50 * time.Millisecond}, 1)
	wantFault(t, err, true, "locked by another program")
	if err := f.Unlock(); err != nil {
		t.Fatal(err)
	}
	mustDeliver(t, "mbox:"+path, 1)
}

func TestADamagedJournal(t *testing.T) {
	dir := t.TempDir()
	path, journal := filepath.Join(dir, "inbox"), filepath.Join(dir, ".inbox.popherd")
	mustDeliver(t, "mbox:"+path, 1, 2)
	text := readFile(t, journal)
	head, rest, _ := strings.Cut(text, "\n")
	for name, damaged := range map[string]string{
		"cut short":     text[:len(text)-7],
		"garbage":       text + "\x00\xff\nid\nid a b c d\nbatch -1 -2 x \"\nbatch 0 99999999 0000000000000000 \"From \"\ndone\n",
		"a long line":   text + strings.Repeat("x", 100_000) + "\n",
		"a huge batch":  text + "batch 0 9223372036854775807 e3b0c44298fc1c14 \"From ann\"\n",
		"huge messages": text + "id a 9223372036854775807 9223372036854775807 00000000000000000000000000000000\n",
	} {
		writeFile(t, journal, damaged)
		if had := mustDeliver(t, "mbox:"+path, 1, 2); len(had) != 2 {
			t.Errorf("%s: had %v", name, had)
		}
		if got := len(inMbox().Stored(t, dir)); got != 2 {
			t.Fatalf("%s: %d messages, want 2", name, got)
		}
	}
	writeFile(t, journal, strings.Replace(head, "1", "2", 1)+"\n"+rest)
	_, err := deliver.Open(t.Context(), "mbox:"+path, deliver.Options{})
	wantFault(t, err, false, "move it away")
}

func TestALargeMessageIsAppendedFromAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "inbox")
	target, err := deliver.Open(t.Context(), "mbox:"+path, deliver.Options{Memory: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for i, size := range []int{10, 5000, 900, 900, 50_000, 1} {
		msg := bytes.Repeat([]byte("From x\r\n"), size)
		d, err := target.Begin(t.Context(), deliver.Envelope{ID: fmt.Sprint("n", i)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(d, bytes.NewReader(msg)); err != nil {
			t.Fatal(err)
		}
		if err := d.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		want = append(want, msg)
	}
	if err := target.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	delivertest.Same(t, inMbox().Stored(t, dir), want)
	left, _ := filepath.Glob(filepath.Join(dir, ".*-tmp"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
