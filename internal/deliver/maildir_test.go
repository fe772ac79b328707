package deliver_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
)

func TestReadersDoNotHideADelivery(t *testing.T) {
	dir := t.TempDir()
	box := filepath.Join(dir, "Maildir")
	mustDeliver(t, "maildir:"+box, 1, 2, 3)
	names, err := filepath.Glob(filepath.Join(box, "new", "*"))
	if err != nil || len(names) != 3 {
		t.Fatal(names, err)
	}
	for i, flags := range []string{":2,S", ",U=12:2,FRS", ":2,"} {
		if err := os.Rename(names[i], filepath.Join(box, "cur", filepath.Base(names[i])+flags)); err != nil {
			t.Fatal(err)
		}
	}
	if had := mustDeliver(t, "maildir:"+box, 1, 2, 3, 4); !slices.Equal(had, []int{1, 2, 3}) {
		t.Errorf("had %v, want 1, 2, 3", had)
	}
	info, err := os.Stat(box)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got mode %v, %v, want 0700", info.Mode(), err)
	}
}

func TestAMaildirIsNotMadeOfAHome(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "letter"), "x")
	_, err := deliver.Open(t.Context(), "maildir:"+dir, deliver.Options{})
	wantFault(t, err, false, "no Maildir, and not empty")
	box := filepath.Join(t.TempDir(), "Maildir")
	mustDeliver(t, "maildir:"+box, 1)
	_, err = deliver.Open(t.Context(), "eml:"+box, deliver.Options{})
	wantFault(t, err, false, "is a Maildir")
	_, err = deliver.Open(t.Context(), "maildir:"+filepath.Join(dir, "letter"), deliver.Options{})
	wantFault(t, err, false, "is not a folder")
}

// TestLeftovers: what a crash left goes when it is old, or when its message
// is delivered; what is another's stays.
func TestLeftovers(t *testing.T) {
	for _, test := range []struct{ spec, tmp, hidden string }{{"maildir:", "tmp", ""}, {"eml:", "", "."}} {
		dir := filepath.Join(t.TempDir(), "mail")
		mustDeliver(t, test.spec+dir, 0)
		path := func(name string) string { return filepath.Join(dir, test.tmp, test.hidden+name) }
		old, young, same, other := path("aa.0123.1.popherd"), path("bb.0123.1.popherd"), path(delivertest.ID(1)+".0123.1.popherd"), path("1.M2P3.host")
		for _, name := range []string{old, young, same, other} {
			writeFile(t, name, "half")
		}
		long := time.Now().Add(-37 * time.Hour)
		for _, name := range []string{old, other} {
			if err := os.Chtimes(name, long, long); err != nil {
				t.Fatal(err)
			}
		}
		mustDeliver(t, test.spec+dir, 1)
		for name, want := range map[string]bool{old: false, young: true, same: false, other: true} {
			if _, err := os.Stat(name); (err == nil) != want {
				t.Errorf("%s is there: %t, want %t", name, err == nil, want)
			}
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	p := inMaildir()
	p.Letters = 40 // more than are held open
	t.Run("power", func(t *testing.T) { delivertest.PowerCuts(t, p) })
}
