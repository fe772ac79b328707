// Package delivertest is what every target of package deliver must pass: one
// suite of stories, the faults that can befall a file system, and a disk that
// loses what was not synced when the power is cut.
package delivertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
)

// A Place is a kind of target, and how a reader sees what was delivered.
type Place struct {
	// Spec returns the spec of an empty target, in dir if it has files.
	Spec func(t *testing.T, dir string) string
	// Stored returns the messages that are there.
	Stored func(t *testing.T, dir string) [][]byte
	// Form returns what a message is stored as; nil: unchanged.
	Form func(msg []byte) []byte
	// Refuses reports whether a message cannot be delivered unchanged; nil:
	// none.
	Refuses func(msg []byte) bool
	// Files says that the target has files, finds what earlier runs have
	// delivered, and keeps nothing without Sync.
	Files bool
	// Letters is how many messages a run with faults has; 0 is 8.
	Letters int
	// Options are for Open; the zero value will do.
	Options deliver.Options
}

// Letter is the nth message of stories: CR LF, and of more than one line.
func Letter(n int) []byte {
	return fmt.Appendf(nil, "From: ann@example.org\r\nSubject: letter %d\r\n\r\n%sFrom here on %d.\r\n.\r\n", n, strings.Repeat("Dear Bob,\r\n", n%7), n)
}

// Torture are messages that are easily damaged on their way.
func Torture() [][]byte {
	var all [][]byte
	for _, text := range []string{
		"", "x", "\r\n", "\r", "\n", "\x00", ".", ".\r\n", "a\r\n.\r\n", "a\r\n.\r\n.\r\nb\r\n..\r\n...\r\n",
		"a\n.\nb\n", "a\r\n.\rb\r\n", "a\r\n\r.\r\nb\r\n", "a\n.\r\nMAIL FROM:<x@y>\r\n", "a\r.\r\nRSET\r\n", "no line end",
		"From a@b Thu Jan  1 00:00:00 1970\r\nSubject: x\r\n\r\nFrom x\r\n>From y\r\n>>From z\r\n",
		"Subject: 8-bit\r\n\r\n\xe4\xf6\xfc\xff\x80\r\n", "Subject: NUL\r\n\r\na\x00b\x00\r\n", "Subject: bare CR\r\n\r\na\rb\r\n", "Subject: bare LF\r\n\r\na\nb\r\n",
		"Subject: lines\r\n\r\n" + strings.Repeat("x", 997) + "\r\n" + strings.Repeat("x", 998) + "\r\n" + strings.Repeat("x", 999) + "\r\n" + strings.Repeat("y", 100_000) + "\r\n",
		"Subject: empty lines\r\n\r\n\r\n\r\n\r\n", strings.Repeat("Subject: many lines\r\n", 60_000),
	} {
		all = append(all, []byte(text))
	}
	return all
}

// ID is the delivery id of the nth letter, or of another thing.
func ID(of any) string { return fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, of)))[:32] }

// Now is the time of the stories.
var Now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// Envelope is the nth letter's.
func Envelope(n int) deliver.Envelope {
	return deliver.Envelope{ID: ID(n), Octets: int64(len(Letter(n))), Received: Now.Add(-time.Hour), Sender: "ann@example.org"}
}

// Put delivers one message, in pieces, up to Commit. It returns true with nil if the
// target had it.
func Put(ctx context.Context, target deliver.Target, e deliver.Envelope, msg []byte, piece int) (had bool, err error) {
	d, err := target.Begin(ctx, e)
	if errors.Is(err, deliver.ErrHave) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for rest := msg; len(rest) > 0; {
		n := min(piece, len(rest))
		if _, err := d.Write(rest[:n]); err != nil {
			return false, errors.Join(err, d.Abort())
		}
		rest = rest[n:]
	}
	return false, d.Commit(ctx)
}

// bench is one place under test.
type bench struct {
	Place
	t    *testing.T
	dir  string
	spec string
}

func (p Place) bench(t *testing.T) *bench {
	t.Helper()
	dir := TempDir(t)
	return &bench{p, t, dir, p.Spec(t, dir)}
}

// with returns the options for a story.
func (b *bench) with() deliver.Options {
	o := b.Options
	if o.Now == nil {
		o.Now = func() time.Time { return Now }
	}
	if o.Temp == "" {
		o.Temp = b.t.TempDir()
	}
	return o
}

func (b *bench) open() deliver.Target {
	b.t.Helper()
	target, err := deliver.Open(b.t.Context(), b.spec, b.with())
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { target.Close() })
	return target
}

// put delivers letters and syncs.
func (b *bench) put(target deliver.Target, letters ...int) {
	b.t.Helper()
	for _, n := range letters {
		if _, err := Put(b.t.Context(), target, Envelope(n), Letter(n), 100); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := target.Sync(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) close(target deliver.Target) {
	b.t.Helper()
	if err := target.Close(); err != nil {
		b.t.Fatal(err)
	}
}

func (p Place) form(msg []byte) []byte {
	if p.Form == nil {
		return msg
	}
	return p.Form(msg)
}

// holds checks that these letters are there, once each, and nothing else.
func (b *bench) holds(letters ...int) {
	b.t.Helper()
	var want [][]byte
	for _, n := range letters {
		want = append(want, b.form(Letter(n)))
	}
	Same(b.t, b.Stored(b.t, b.dir), want)
}

// Same checks that got and want are the same messages, in any order.
func Same(t *testing.T, got, want [][]byte) {
	t.Helper()
	if lost, more := differ(got, want); lost != "" || more != "" {
		t.Errorf("%d messages, want %d; not there: %s; not wanted: %s", len(got), len(want), lost, more)
	}
}

func differ(got, want [][]byte) (lost, more string) {
	got = slices.Clone(got)
	for _, w := range want {
		i := slices.IndexFunc(got, func(g []byte) bool { return bytes.Equal(g, w) })
		if i < 0 {
			lost += fmt.Sprintf("%.80q ", w)
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, g := range got {
		more += fmt.Sprintf("%.80q (%d octets) ", g, len(g))
	}
	return lost, more
}
