package delivertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/deliver"
)

// The messages of a run with faults: letter 0 is there from an earlier run,
// the others are to come, number 3 of them too large for memory. Number 6 is
// given up, and comes in the second run.
const fewLetters = 8

func (p Place) letters() int {
	if p.Letters > 0 {
		return p.Letters
	}
	return fewLetters
}

// memorySize is less than letter 3 has.
const memorySize = 4096

func runLetter(n int) []byte {
	if n == 3 {
		return append(Letter(n), strings.Repeat("A long line for a large message.\r\n", 1000)...)
	}
	return Letter(n)
}

// Faulted lets each file operation of a run fail, in turn and in each way, and
// then runs again without faults: no message is lost, none is there twice, and
// what the first run promised was there.
func Faulted(t *testing.T, p Place) {
	dry := p.bench(t)
	counter := &Faults{FS: atomicfile.OS{}}
	dry.run(counter)
	steps := counter.Steps()
	points, failed := 0, map[string]int{}
	for _, fault := range []Fault{Once, Full, Crash} {
		for at := 1; at <= steps; at++ {
			b := p.bench(t)
			faults := &Faults{FS: atomicfile.OS{}, Fault: fault, At: at}
			promised := b.run(faults)
			faults.Kill()
			failed[faults.Failed()]++
			points++
			b.survived(promised, fmt.Sprintf("fault %d at operation %d, %s", fault, at, faults.Failed()))
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d operations, %d points, 0 lost, 0 twice: %v", steps, points, failed)
}

// PowerCuts cuts the power at each file operation of a run, with each loss.
func PowerCuts(t *testing.T, p Place) {
	dry := p.bench(t)
	counter := &Faults{FS: atomicfile.OS{}}
	dry.run(counter)
	points := 0
	for loss := range Losses {
		for at := 1; at <= counter.Steps()+1; at++ {
			b := p.bench(t)
			disk := &Disk{Root: b.dir}
			faults := &Faults{FS: disk, Fault: Crash, At: at}
			promised := b.run(faults)
			faults.Kill()
			if err := disk.Cut(loss); err != nil {
				t.Fatal(err)
			}
			points++
			b.survived(promised, fmt.Sprintf("power cut with loss %d at operation %d, %s", loss, at, faults.Failed()))
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d points, 0 lost, 0 twice", points)
}

// Relapse kills a run at each file operation, lets a second one deliver, and
// then cuts the power: what the second one found there must last as well.
func Relapse(t *testing.T, p Place) {
	dry := p.bench(t)
	counter := &Faults{FS: atomicfile.OS{}}
	dry.run(counter)
	for at := 1; at <= counter.Steps(); at++ {
		b := p.bench(t)
		disk := &Disk{Root: b.dir}
		faults := &Faults{FS: disk, Fault: Crash, At: at}
		b.run(faults)
		faults.Kill()
		promised := b.deliverOn(disk)
		if want := b.letters() - 1; len(promised) != want {
			t.Fatalf("killed at operation %d: the second run promised %d letters, want %d", at, len(promised), want)
		}
		if err := disk.Cut(All); err != nil {
			t.Fatal(err)
		}
		b.kept(promised, fmt.Sprintf("killed at operation %d, %s, then a power cut", at, faults.Failed()))
	}
}

// run delivers letter 0 without faults, then the rest on fsys, and returns
// what was promised to last.
func (b *bench) run(fsys atomicfile.FS) map[int]bool {
	b.t.Helper()
	first := b.open()
	b.put(first, 0)
	b.close(first)
	return b.deliverOn(fsys)
}

// deliverOn delivers the letters on fsys.
func (b *bench) deliverOn(fsys atomicfile.FS) map[int]bool {
	b.t.Helper()
	o := b.with()
	o.FS, o.Timeout, o.Memory = fsys, time.Second, memorySize
	target, err := deliver.Open(b.t.Context(), b.spec, o)
	if err != nil {
		var why *deliver.Error
		if !errors.As(err, &why) {
			b.t.Errorf("got error %v, want an *Error", err)
		}
		return nil
	}
	promised := b.deliverAll(b.t.Context(), target)
	target.Close() // its error is a fault of ours
	return promised
}

// deliverAll delivers what it can, with two syncs.
func (b *bench) deliverAll(ctx context.Context, target deliver.Target) map[int]bool {
	promised := map[int]bool{}
	var committed []int
	sync := func() {
		if target.Sync(ctx) == nil {
			for _, n := range committed {
				promised[n] = true
			}
		}
		committed = nil
	}
	for n := range b.letters() {
		if n == 6 {
			if d, err := target.Begin(ctx, Envelope(n)); err == nil {
				d.Write([]byte("half of it"))
				d.Abort()
			}
			continue
		}
		had, err := Put(ctx, target, Envelope(n), runLetter(n), 64<<10)
		switch {
		case had:
			promised[n] = true
		case err == nil:
			committed = append(committed, n)
		}
		if n == b.letters()-4 {
			sync()
		}
	}
	sync()
	return promised
}

// survived checks what was promised, runs once more, and checks everything.
func (b *bench) survived(promised map[int]bool, story string) {
	b.t.Helper()
	b.kept(promised, story)
	target := b.open()
	var want [][]byte
	for n := range b.letters() {
		if _, err := Put(b.t.Context(), target, Envelope(n), runLetter(n), 64<<10); err != nil {
			b.t.Errorf("%s: the second run: letter %d: %v", story, n, err)
		}
		want = append(want, b.form(runLetter(n)))
	}
	if err := target.Sync(b.t.Context()); err != nil {
		b.t.Errorf("%s: the second run: %v", story, err)
	}
	if err := target.Close(); err != nil {
		b.t.Errorf("%s: the second run: %v", story, err)
	}
	if lost, more := differ(b.Stored(b.t, b.dir), want); lost != "" || more != "" {
		b.t.Errorf("%s: lost: %s; twice or in part: %s", story, lost, more)
	}
}

// kept checks that what was promised is there.
func (b *bench) kept(promised map[int]bool, story string) {
	b.t.Helper()
	// A part of the next message may follow, which the next run cuts off.
	there := b.Stored(b.t, b.dir)
	for n := range promised {
		msg := b.form(runLetter(n))
		if !slices.ContainsFunc(there, func(stored []byte) bool { return bytes.HasPrefix(stored, msg) }) {
			b.t.Errorf("%s: letter %d was promised and is not there", story, n)
		}
	}
}
