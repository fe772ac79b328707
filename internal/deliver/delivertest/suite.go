package delivertest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
)

// Run runs the suite; corpus is ordinary mail.
func Run(t *testing.T, p Place, corpus [][]byte) {
	story := func(name string, f func(b *bench)) {
		t.Run(name, func(t *testing.T) { f(p.bench(t)) })
	}
	t.Run("octets", func(t *testing.T) { octets(t, p, corpus) })
	story("once in a run", onceInARun)
	story("abort leaves nothing", abort)
	story("one at a time", oneAtATime)
	story("odd envelopes", oddEnvelopes)
	story("cancel", cancel)
	story("after close", afterClose)
	if p.Files {
		story("once in all runs", onceInAllRuns)
		story("nothing without sync", needsSync)
		story("two at once", twoAtOnce)
		t.Run("faults", func(t *testing.T) { Faulted(t, p) })
		t.Run("power", func(t *testing.T) { PowerCuts(t, p) })
		t.Run("relapse", func(t *testing.T) { Relapse(t, p) })
	}
}

// octets: every message comes back as it was, or is refused.
func octets(t *testing.T, p Place, corpus [][]byte) {
	b := p.bench(t)
	target := b.open()
	var want [][]byte
	for i, msg := range slices.Concat(corpus, Torture()) {
		e := deliver.Envelope{ID: ID(fmt.Sprint("octets", i)), Sender: "ann@example.org"}
		_, err := Put(t.Context(), target, e, msg, []int{1, 7, 512, 4096, 1 << 16, 1 << 22}[i%6])
		refused := b.Refuses != nil && b.Refuses(msg)
		var why *deliver.Error
		switch {
		case err == nil && !refused:
			want = append(want, b.form(msg))
		case err == nil:
			t.Errorf("message %d, %.60q: was taken", i, msg)
		case !refused:
			t.Errorf("message %d, %.60q: %v", i, msg, err)
		case !errors.As(err, &why) || why.Temporary:
			t.Errorf("message %d: got error %v, want a permanent *Error", i, err)
		}
	}
	if err := target.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.close(target)
	Same(t, b.Stored(t, b.dir), want)
}

// had begins a delivery that must not be needed.
func (b *bench) had(target deliver.Target, n int) {
	b.t.Helper()
	if d, err := target.Begin(b.t.Context(), Envelope(n)); !errors.Is(err, deliver.ErrHave) {
		b.t.Errorf("letter %d again: got error %v, want %v", n, err, deliver.ErrHave)
		if err == nil {
			d.Abort()
		}
	}
}

func onceInARun(b *bench) {
	target := b.open()
	b.put(target, 1)
	b.had(target, 1)
	if _, err := Put(b.t.Context(), target, Envelope(2), Letter(2), 100); err != nil {
		b.t.Fatal(err)
	}
	b.had(target, 2) // which makes it last
	b.close(target)
	b.holds(1, 2)
}

func onceInAllRuns(b *bench) {
	target := b.open()
	b.put(target, 1, 2)
	b.close(target)
	again := b.open()
	b.had(again, 1)
	b.put(again, 3)
	b.had(again, 2)
	b.close(again)
	third := b.open()
	for n := 1; n <= 3; n++ {
		b.had(third, n)
	}
	b.close(third)
	b.holds(1, 2, 3)
}

func abort(b *bench) {
	target := b.open()
	b.put(target, 1)
	before := tree(b.t, b.dir)
	for _, size := range []int{0, 10, 3 << 20} {
		d, err := target.Begin(b.t.Context(), Envelope(2))
		if err != nil {
			b.t.Fatal(err)
		}
		if _, err := d.Write([]byte(strings.Repeat("x\r\n", size/3))); err != nil {
			b.t.Fatal(err)
		}
		if err := errors.Join(d.Abort(), d.Abort()); err != nil {
			b.t.Error(err)
		}
		if _, err := d.Write([]byte("x")); err == nil {
			b.t.Error("octets were taken after Abort")
		}
		if err := d.Commit(b.t.Context()); err == nil {
			b.t.Error("Commit after Abort succeeded")
		}
		if after := tree(b.t, b.dir); after != before {
			b.t.Errorf("abort of %d octets leaves %s, want %s", size, after, before)
		}
	}
	b.put(target, 2)
	b.close(target)
	b.holds(1, 2)
}

func oneAtATime(b *bench) {
	target := b.open()
	d, err := target.Begin(b.t.Context(), Envelope(1))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := target.Begin(b.t.Context(), Envelope(2)); err == nil || errors.Is(err, deliver.ErrHave) {
		b.t.Errorf("a second delivery: got error %v", err)
	}
	if err := target.Sync(b.t.Context()); err == nil {
		b.t.Error("Sync in a delivery succeeded")
	}
	if _, err := d.Write(Letter(1)); err != nil {
		b.t.Fatal(err)
	}
	if err := d.Commit(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if err := d.Abort(); err != nil {
		b.t.Errorf("Abort after Commit: %v", err)
	}
	b.put(target, 2)
	b.close(target)
	b.holds(1, 2)
}

func oddEnvelopes(b *bench) {
	target := b.open()
	for _, id := range []string{"", "a/b", "..", "a b", "a\n", "a.b", "\u00e4", strings.Repeat("a", 65)} {
		_, err := target.Begin(b.t.Context(), deliver.Envelope{ID: id})
		var why *deliver.Error
		if !errors.As(err, &why) || why.Temporary || strings.Contains(err.Error(), "\n") {
			b.t.Errorf("id %q: got error %v, want a permanent *Error of one line", id, err)
		}
	}
	for i, sender := range []string{"", "a b", "a\r\nRCPT TO:<x@y>", "<>", "a@b> SIZE=1", "\u00e4@b", strings.Repeat("a", 300) + "@b", "\x00"} {
		e := deliver.Envelope{ID: ID(i), Sender: sender, Received: Now.AddDate(i*40-100, 0, 0)}
		if _, err := Put(b.t.Context(), target, e, Letter(i), 100); err != nil {
			b.t.Errorf("sender %q: %v", sender, err)
		}
	}
	if err := target.Sync(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.close(target)
	b.holds(0, 1, 2, 3, 4, 5, 6, 7)
}

func cancel(b *bench) {
	target := b.open()
	ctx, stop := context.WithCancel(b.t.Context())
	d, err := target.Begin(ctx, Envelope(1))
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := d.Write([]byte("x\r\n")); err != nil {
		b.t.Fatal(err)
	}
	stop()
	canceled := func(what string, err error) {
		b.t.Helper()
		var why *deliver.Error
		if !errors.Is(err, context.Canceled) || !errors.As(err, &why) || !why.Temporary {
			b.t.Errorf("%s: got error %v, want a temporary %v", what, err, context.Canceled)
		}
	}
	_, err = d.Write([]byte("y\r\n"))
	canceled("Write", err)
	canceled("Commit", d.Commit(b.t.Context()))
	_, err = target.Begin(ctx, Envelope(1))
	canceled("Begin", err)
	_, err = deliver.Open(ctx, b.spec, b.with())
	canceled("Open", err)
	if d, err = target.Begin(b.t.Context(), Envelope(1)); err != nil {
		b.t.Fatal(err)
	}
	canceled("Commit", d.Commit(ctx))
	if !b.Files {
		b.put(target, 1)
		b.close(target)
		b.holds(1)
		return
	}
	if _, err := Put(b.t.Context(), target, Envelope(2), Letter(2), 100); err != nil {
		b.t.Fatal(err)
	}
	canceled("Sync", target.Sync(ctx))
	b.close(target)
	b.holds()
}

func afterClose(b *bench) {
	target := b.open()
	d, err := target.Begin(b.t.Context(), Envelope(1))
	if err != nil {
		b.t.Fatal(err)
	}
	b.close(target)
	b.close(target)
	if err := d.Commit(b.t.Context()); err == nil {
		b.t.Error("Commit after Close succeeded")
	}
	if _, err := target.Begin(b.t.Context(), Envelope(1)); err == nil {
		b.t.Error("Begin after Close succeeded")
	}
	if err := target.Sync(b.t.Context()); err == nil {
		b.t.Error("Sync after Close succeeded")
	}
	b.holds()
}

func needsSync(b *bench) {
	target := b.open()
	for n := range 5 {
		if _, err := Put(b.t.Context(), target, Envelope(n), Letter(n), 100); err != nil {
			b.t.Fatal(err)
		}
	}
	b.holds()
	b.close(target)
	b.holds()
	again := b.open()
	b.put(again, 1)
	b.close(again)
	b.holds(1)
}

func twoAtOnce(b *bench) {
	one, two := b.open(), b.open()
	both := func(n int) {
		b.t.Helper()
		for i, target := range []deliver.Target{one, two} {
			e := Envelope(n)
			e.Received = e.Received.Add(time.Duration(i) * time.Minute)
			if _, err := Put(b.t.Context(), target, e, Letter(n), 100); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	both(1)
	b.put(one, 2)
	b.put(two, 3)
	both(4)
	b.put(two)
	b.put(one)
	b.put(two, 5)
	b.put(one, 5)
	b.close(one)
	b.close(two)
	b.holds(1, 2, 3, 4, 5)
}

// tree lists the files in dir with their sizes.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			list = append(list, fmt.Sprintf("%s %d", strings.TrimPrefix(path, dir), info.Size()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(list, "\n")
}

// memory is a file system that is in memory on Linux: a sync costs nothing.
const memory = "/dev/shm"

// TempDir is t.TempDir, in memory where that is possible.
func TempDir(t testing.TB) string {
	t.Helper()
	if info, err := os.Stat(memory); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "popherd-deliver-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
