package deliver_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
)

const benchMessages = 10_000

// benchMessage has 4 KB.
var benchMessage = []byte("From: ann@example.org\r\nSubject: benchmark\r\n\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 52))

// BenchmarkMaildir and BenchmarkMbox deliver 10,000 messages of 4 KB with one
// Sync at the end, in memory where there is such a file system, beside a
// program that does the least. Only the ratio counts.
func BenchmarkMaildir(b *testing.B) {
	compare(b, "maildir:", func(dir string) {
		for _, part := range []string{"", "tmp", "new", "cur"} {
			os.Mkdir(filepath.Join(dir, "raw", part), 0o700)
		}
		for i := range benchMessages {
			name := fmt.Sprintf("1700000000.M%dP1.host", i)
			tmp := filepath.Join(dir, "raw", "tmp", name)
			f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				b.Fatal(err)
			}
			f.Write(benchMessage)
			f.Close()
			if err := os.Rename(tmp, filepath.Join(dir, "raw", "new", name)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkMbox: see BenchmarkMaildir.
func BenchmarkMbox(b *testing.B) {
	compare(b, "mbox:", func(dir string) {
		f, err := os.Create(filepath.Join(dir, "raw"))
		if err != nil {
			b.Fatal(err)
		}
		for range benchMessages {
			f.WriteString("From ann@example.org Thu Jan  1 00:00:00 1970\n")
			f.Write(benchMessage)
			f.WriteString("\n")
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	})
}

func compare(b *testing.B, kind string, raw func(dir string)) {
	ids := make([]string, benchMessages)
	for i := range ids {
		ids[i] = delivertest.ID(i)
	}
	var ours, least time.Duration
	for b.Loop() {
		dir := delivertest.TempDir(b)
		start := time.Now()
		raw(dir)
		middle := time.Now()
		deliverAll(b, kind+filepath.Join(dir, "ours"), ids)
		least, ours = least+middle.Sub(start), ours+time.Since(middle)
		os.RemoveAll(dir)
	}
	b.ReportMetric(least.Seconds()*1000/float64(b.N), "ms-least")
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "ms-ours")
	b.ReportMetric(ours.Seconds()/least.Seconds(), "ratio")
	b.ReportMetric((ours-least).Seconds()*1e6/float64(b.N)/benchMessages, "us-more/message")
}

func deliverAll(b *testing.B, spec string, ids []string) {
	target, err := deliver.Open(b.Context(), spec, deliver.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, id := range ids {
		d, err := target.Begin(b.Context(), deliver.Envelope{ID: id, Sender: "ann@example.org"})
		if err != nil {
			b.Fatal(err)
		}
		d.Write(benchMessage)
		if err := d.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := target.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := target.Close(); err != nil {
		b.Fatal(err)
	}
}
