package state

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func scanText(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

func TestValues(t *testing.T) {
	a := newAccount(t)
	ctx := context.Background()
	set := func(values ...Value) error { return a.Set(ctx, day, values...) }
	get := func(now time.Time, name string) string {
		v, ok, err := a.Get(ctx, now, name)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return "none"
		}
		return string(v.Value)
	}
	want := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	odd := "\x00\xff"
	if err := set(Value{"a", []byte("1"), time.Time{}}, Value{odd, []byte(odd), day.Add(time.Hour)}, Value{"", []byte{}, time.Time{}}); err != nil {
		t.Fatal(err)
	}
	want("a", get(day, "a"), "1")
	want("odd", get(day, odd), odd)
	want("empty", get(day, ""), "")
	want("expired", get(day.Add(time.Hour), odd), "none")
	want("before it expires, by a clock that jumped back", get(day, odd), odd)
	if err := set(Value{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	want("removed", get(day, "a"), "none")
	for i, by := range []int64{5, -7, math.MaxInt64} {
		if n, err := a.Incr(ctx, day, "n", by); err != nil || n != []int64{5, -2, math.MaxInt64 - 2}[i] {
			t.Errorf("incr %d: got %d, %v", by, n, err)
		}
	}
	if _, err := a.Incr(ctx, day, "n", 3); !errors.Is(err, ErrLimit) {
		t.Errorf("incr past the end: got %v", err)
	}
	if _, err := a.Incr(ctx, day, odd, 3); err == nil {
		t.Error("incr of no number succeeded")
	}
	want("n", get(day, "n"), fmt.Sprint(math.MaxInt64-2))
	if ok, err := a.Expire(ctx, day, "n", day.Add(time.Minute)); !ok || err != nil {
		t.Errorf("expire: %v, %v", ok, err)
	}
	want("n, expired", get(day.Add(time.Minute), "n"), "none")
	if ok, err := a.Expire(ctx, day, "none", day); ok || err != nil {
		t.Errorf("expire of none: %v, %v", ok, err)
	}
	// A step that is over a limit changes nothing.
	for _, v := range []Value{{Name: "big", Value: make([]byte, MaxValue+1)}, {Name: strings.Repeat("n", MaxName+1), Value: []byte("x")}} {
		if err := set(Value{Name: "with it", Value: []byte("x")}, v); !errors.Is(err, ErrLimit) {
			t.Errorf("%d octets: got %v", len(v.Value), err)
		}
	}
	want("with it", get(day, "with it"), "none")
	var all []Value
	for i := range MaxValues - 3 {
		all = append(all, Value{Name: fmt.Sprint("v", i), Value: []byte("x"), Expires: day.Add(time.Minute)})
	}
	if err := set(all...); err != nil {
		t.Fatal(err)
	}
	more := Value{Name: "more", Value: []byte("x")}
	if err := set(more); !errors.Is(err, ErrLimit) {
		t.Errorf("one more: got %v", err)
	}
	if err := a.Set(ctx, day.Add(time.Minute), more); err != nil {
		t.Errorf("one more, as others expired: %v", err)
	}
	want("more", get(day, "more"), "x")
	other := openAccount(t, a.store, "berta@pop.example.org")
	if _, ok, _ := other.Get(ctx, day, "more"); ok {
		t.Error("another account has the value")
	}
}

func TestBackups(t *testing.T) {
	a := newAccount(t)
	ctx := context.Background()
	var runs []RunID
	for i := range 3 {
		runs = append(runs, begin(t, a))
		if err := a.Journal(ctx, day.AddDate(0, 0, i), runs[i], func(j *Journal) {
			j.BackedUp(Backup{UniqueID: "same", Octets: 10, Digest: Digest{byte(i)}, File: fmt.Sprint("f", i)})
			j.BackedUp(Backup{UniqueID: fmt.Sprint("\xff", i), Octets: 10, File: fmt.Sprint("g", i)})
		}); err != nil {
			t.Fatal(err)
		}
	}
	files := func(found []Backup, err error) (names []string) {
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range found {
			names = append(names, b.File)
		}
		return names
	}
	want := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	s := a.store
	want("by run", files(s.Backups(ctx, Query{Run: runs[1]})), "g1", "f1")
	want("by unique-id", files(s.Backups(ctx, Query{UniqueID: "same"})), "f2", "f1", "f0")
	want("by odd unique-id", files(s.Backups(ctx, Query{UniqueID: "\xff2"})), "g2")
	want("the latest", files(s.Backups(ctx, Query{Account: home, Limit: 1})), "g2")
	want("of nobody", files(s.Backups(ctx, Query{Account: "nobody"})))
	want("old", files(s.OldBackups(ctx, day.AddDate(0, 0, 1), math.MaxInt64)), "f0", "g0")
	want("over 25 octets", files(s.OldBackups(ctx, time.Time{}, 25)), "f0", "g0", "f1", "g1")
	if b, err := s.Backups(ctx, Query{Run: runs[2], UniqueID: "same"}); err != nil || len(b) != 1 || b[0].Digest != (Digest{2}) || !b[0].Made.Equal(day.AddDate(0, 0, 2)) || b[0].Account != home {
		t.Errorf("backup %+v, %v", b, err)
	}
	old, err := s.OldBackups(ctx, time.Time{}, 25)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ForgetBackups(ctx, old[0].ID, old[1].ID); err != nil {
		t.Fatal(err)
	}
	a.Close()
	if err := s.Forget(ctx, home, day); err != nil {
		t.Fatal(err)
	}
	want("of a forgotten account", files(s.Backups(ctx, Query{})), "g2", "f2", "g1", "f1")
}

// TestForgetAndPurge: what is forgotten is gone, and nothing else.
func TestForgetAndPurge(t *testing.T) {
	ctx := context.Background()
	s := openStore(t, t.TempDir())
	a, other := openAccount(t, s, home), openAccount(t, s, "berta@pop.example.org")
	for _, account := range []*Account{a, other} {
		old, lost := begin(t, account), begin(t, account)
		o := observe(t, account, one, two, three)
		journal(t, account, old, func(j *Journal) {
			j.Plan(Row{Key: o.Known[0].Key, Number: 1, UniqueID: "a1", Decision: "delete"})
			j.Gone(o.Known[0].Key)
			j.End("committed", "")
		})
		journal(t, account, lost, func(j *Journal) { j.Wanted(o.Known[1].Key); j.End("unknown", "") })
	}
	a.Close()
	if err := s.Forget(ctx, home, day); err != nil {
		t.Fatal(err)
	}
	a = openAccount(t, s, home)
	wantKnown(t, observe(t, a, one, two).Known, "new=true", "new=true")
	wantKnown(t, observe(t, other, two, three).Known, "new=false wanted by 4", "new=false")
	if rows, err := s.Rows(ctx, Query{UniqueID: "a1"}); err != nil || len(rows) != 1 || !rows[0].Gone.Equal(day) {
		t.Errorf("rows %+v, %v", rows, err)
	}
	if err := s.Purge(ctx, day); err != nil { // nothing is older
		t.Fatal(err)
	}
	if runs, err := s.Runs(ctx, Query{}); err != nil || len(runs) != 2 {
		t.Errorf("runs %+v, %v", runs, err)
	}
	if err := s.Purge(ctx, day.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if runs, err := s.Runs(ctx, Query{}); err != nil || len(runs) != 1 || runs[0].Outcome != "unknown" {
		t.Errorf("runs %+v, %v; want that of unknown outcome", runs, err)
	}
	wantKnown(t, observe(t, other, one, two, three).Known, "new=true", "new=false wanted by 4", "new=false")
	if err := s.Vacuum(ctx); err != nil {
		t.Error(err)
	}
}

// TestOddFolders: names that mean something in a URI.
func TestOddFolders(t *testing.T) {
	for _, name := range []string{"a b", "50%25?mode=memory", "#x&y;z", "caf\u00e9"} {
		dir := filepath.Join(t.TempDir(), name, "deeper")
		s := openStore(t, dir)
		begin(t, openAccount(t, s, home))
		s.Close()
		if runs, err := openStore(t, dir).Runs(context.Background(), Query{}); err != nil || len(runs) != 1 {
			t.Errorf("%s: runs %v, %v", name, runs, err)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".new*")); left != nil {
			t.Errorf("left %v", left)
		}
	}
}

// TestExportOfNothing can be imported.
func TestExportOfNothing(t *testing.T) {
	var out bytes.Buffer
	if err := openStore(t, t.TempDir()).Export(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	if err := Import(context.Background(), t.TempDir(), &out); err != nil {
		t.Error(err)
	}
}
