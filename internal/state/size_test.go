package state

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const many = 100_000

// bigListing is a maildrop whose unique-ids are in no order, as with servers
// that make them of a digest.
func bigListing(n int) []Listed {
	listing := make([]Listed, n)
	for i := range listing {
		listing[i] = Listed{fmt.Sprintf("%016x%08x", uint64(i+1)*0x9e3779b97f4a7c15, i), int64(1000 + i%7)}
	}
	return listing
}

// BenchmarkObserve100000 looks at an unchanged listing; with everything
// delivered, or nothing.
func BenchmarkObserve100000(b *testing.B) {
	for _, delivered := range []bool{false, true} {
		b.Run(fmt.Sprintf("delivered=%v", delivered), func(b *testing.B) {
			a := newAccount(b)
			listing := bigListing(many)
			known := observe(b, a, listing...).Known
			if delivered {
				journal(b, a, begin(b, a), func(j *Journal) {
					for _, k := range known {
						j.Delivered(k.Key, "box", Digest{1})
					}
				})
			}
			b.ReportAllocs()
			for b.Loop() {
				observe(b, a, listing...)
			}
		})
	}
}

// BenchmarkFirst100000 is a listing that was never seen.
func BenchmarkFirst100000(b *testing.B) {
	listing := bigListing(many)
	for b.Loop() {
		observe(b, newAccount(b), listing...)
	}
}

// BenchmarkJournal is the three steps of a run that delivers and deletes 50
// messages, from opening the database to closing it.
func BenchmarkJournal(b *testing.B) {
	dir := b.TempDir()
	openStore(b, dir).Close()
	n := 0
	for b.Loop() {
		var listing []Listed
		for range 50 {
			n++
			listing = append(listing, Listed{fmt.Sprint("uid-", n), 1000})
		}
		s := openStore(b, dir)
		a := openAccount(b, s, home)
		run := begin(b, a)
		o := observe(b, a, listing...)
		journal(b, a, run, func(j *Journal) {
			for _, k := range o.Known {
				j.Delivered(k.Key, "box", Digest{1})
			}
		})
		journal(b, a, run, func(j *Journal) {
			for i, k := range o.Known {
				j.Plan(Row{Key: k.Key, Number: i + 1, UniqueID: listing[i].UniqueID, Decision: "delete", Reason: "old"})
				j.Wanted(k.Key)
			}
		})
		journal(b, a, run, func(j *Journal) {
			for _, k := range o.Known {
				j.Gone(k.Key)
			}
			j.End("committed", "")
		})
		a.Close()
		s.Close()
	}
}

// TestManyMessages: many messages are seen, delivered, wanted and gone, with
// the least memory that is known of each.
func TestManyMessages(t *testing.T) {
	n := 5000
	if testing.Short() {
		n = 2000
	}
	a := newAccount(t)
	listing := bigListing(n)
	run := begin(t, a)
	o := observe(t, a, listing...)
	journal(t, a, run, func(j *Journal) {
		for _, k := range o.Known {
			j.Delivered(k.Key, "box", Digest{1})
			j.Wanted(k.Key)
		}
	})
	if o = observe(t, a, listing...); o.Gone != 0 || len(o.Unsettled) != 1 || o.Unsettled[0].Left != n {
		t.Errorf("gone %d, unsettled %v; want all %d left", o.Gone, o.Unsettled, n)
	}
	for i, k := range o.Known {
		if !k.Delivered("box") || k.Wanted() != run || k.past != o.Known[0].past {
			t.Fatalf("message %d: %s", i, tell(k))
		}
	}
	if o = observe(t, a, listing[:n/2]...); o.Gone != n-n/2 || len(o.Unsettled) != 1 || o.Unsettled[0].Gone != n-n/2 {
		t.Errorf("gone %d, unsettled %v", o.Gone, o.Unsettled)
	}
	if o = observe(t, a, listing...); !o.Known[n-1].Doubtful || o.Known[0].Doubtful {
		t.Error("what is back is not doubtful")
	}
	file, err := os.Stat(filepath.Join(a.store.dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d octets a message", file.Size()/int64(n))
	if err := a.store.Purge(context.Background(), day.AddDate(0, 0, 1)); err != nil {
		t.Error(err)
	}
}
