package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// soundDatabase returns the octets of a sound database of 300 messages, of
// which those with an even number were delivered, and every fifth is wanted
// by a run of unknown outcome.
func soundDatabase(t testing.TB) (octets []byte, listing []Listed) {
	t.Helper()
	dir := t.TempDir()
	a := openAccount(t, openStore(t, dir), home)
	for i := range 300 {
		listing = append(listing, Listed{fmt.Sprintf("%08d", i), 1000})
	}
	run := begin(t, a)
	o := observe(t, a, listing...)
	journal(t, a, run, func(j *Journal) {
		for i, k := range o.Known {
			if i%2 == 0 {
				j.Delivered(k.Key, "box", Digest{byte(i)})
			}
			if i%5 == 0 {
				j.Wanted(k.Key)
				j.Plan(Row{Key: k.Key, Number: i, UniqueID: listing[i].UniqueID, Decision: "delete", Reason: "old"})
			}
		}
		j.End("unknown", "")
	})
	a.Close()
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	octets, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	return octets, listing
}

// work opens a database and goes through all that a run asks of it. It reports
// whether some message counts as delivered or wanted that is not.
func work(t testing.TB, dir string, listing []Listed) (wrong string, err error) {
	t.Helper()
	ctx := context.Background()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		return "", err
	}
	defer s.Close()
	a, err := s.Account(ctx, home, day)
	if err != nil {
		return "", err
	}
	defer a.Close()
	run, err := a.Begin(ctx, day, "test.lua")
	if err != nil {
		return "", err
	}
	o, err := a.Observe(ctx, day, listing)
	if err != nil {
		return "", err
	}
	for i, k := range o.Known {
		if k.Delivered("box") && i%2 != 0 || k.Wanted() != 0 && i%5 != 0 {
			wrong = fmt.Sprintf("message %d: %s", i, tell(k))
		}
	}
	return wrong, a.Journal(ctx, day, run, func(j *Journal) {
		for _, k := range o.Known {
			j.Failed(k.Key, "x")
		}
		j.End("aborted", "")
	})
}

func TestDamagedFile(t *testing.T) {
	sound, listing := soundDatabase(t)
	seed := uint64(os.Getpid())
	random := rand.New(rand.NewPCG(seed, 0))
	kinds := map[string]func(b []byte) []byte{
		"text":             func(b []byte) []byte { return []byte(strings.Repeat("dear diary\n", 1000)) },
		"empty":            func(b []byte) []byte { return nil },
		"zeroed":           func(b []byte) []byte { clear(b); return b },
		"zeroed header":    func(b []byte) []byte { clear(b[:100]); return b },
		"truncated page":   func(b []byte) []byte { return b[:len(b)-4096] },
		"truncated octets": func(b []byte) []byte { return b[:len(b)/2+1000] },
		"short":            func(b []byte) []byte { return b[:50] },
		"another's":        func(b []byte) []byte { copy(b[68:72], "zzzz"); return b },
	}
	for name, harm := range kinds {
		dir, harmed := plant(t, harm(bytes.Clone(sound)))
		_, err := work(t, dir, listing)
		var damage *DamagedError
		if !errors.As(err, &damage) || damage.File != filepath.Join(dir, FileName) || damage.Hint() == "" {
			t.Errorf("%s: got %v, want that it is damaged", name, err)
		}
		if now, err := os.ReadFile(filepath.Join(dir, FileName)); err != nil || !bytes.Equal(now, harmed) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
	}
	found, silent := 0, 0
	trials := 60
	if testing.Short() {
		trials = 30
	}
	for range trials {
		octets := bytes.Clone(sound)
		at, bit := random.IntN(len(octets)), random.IntN(8)
		octets[at] ^= 1 << bit
		dir, _ := plant(t, octets)
		wrong, err := work(t, dir, listing)
		var damage *DamagedError
		var version *VersionError
		switch {
		case errors.As(err, &damage), errors.As(err, &version):
			found++
		case err != nil:
			t.Logf("seed %d: bit %d of octet %d: %v", seed, bit, at, err)
		case wrong != "":
			t.Errorf("seed %d: bit %d of octet %d: %s", seed, bit, at, wrong)
		default:
			silent++
		}
	}
	t.Logf("%d bits flipped: %d noticed, %d without a wrong answer", trials, found, silent)
}

func plant(t testing.TB, octets []byte) (dir string, planted []byte) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, FileName), octets, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, octets
}

// TestTurnedUniqueID: a message must not pass for another one unnoticed.
func TestTurnedUniqueID(t *testing.T) {
	for _, harm := range []string{
		"UPDATE message SET uid = 'a2' WHERE uid = 'a1'",
		"UPDATE message SET uid = 'a4' WHERE uid = 'a1'",
		"UPDATE message SET octets = 400 WHERE uid = 'a1'",
		"INSERT INTO message (account, uid, octets, checksum, first_seen) SELECT account, uid, octets, checksum, first_seen FROM message",
	} {
		a := newAccount(t)
		observe(t, a, one, two)
		if _, err := a.store.db.Exec(harm); err != nil {
			t.Fatal(err)
		}
		var damage *DamagedError
		if _, err := a.Observe(context.Background(), day, []Listed{one, two, {"a4", 100}}); !errors.As(err, &damage) {
			t.Errorf("%s: got %v, want that it is damaged", harm, err)
		}
	}
}

// TestDamageAfterACrash: a log that was left behind makes Open look at all of
// the file.
func TestDamageAfterACrash(t *testing.T) {
	sound, _ := soundDatabase(t)
	dir, _ := plant(t, sound)
	s := openStore(t, dir)
	openAccount(t, s, "berta@pop.example.org")
	left := t.TempDir()
	for _, name := range []string{FileName, FileName + "-wal"} { // as a crash leaves them
		octets, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == FileName {
			clear(octets[len(octets)-4096:])
		}
		if err := os.WriteFile(filepath.Join(left, name), octets, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var damage *DamagedError
	if _, err := Open(context.Background(), left, Options{}); !errors.As(err, &damage) {
		t.Errorf("got %v, want that it is damaged", err)
	}
}

// TestDamagedFileIsExported: what can be read is saved, and can be imported.
func TestDamagedFileIsExported(t *testing.T) {
	sound, listing := soundDatabase(t)
	// The last page is one of the plan or of an index.
	clear(sound[len(sound)-4096:])
	dir, _ := plant(t, sound)
	s, err := Open(context.Background(), dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	if err := s.Export(context.Background(), &out); err != nil {
		t.Log(err)
	}
	fresh := t.TempDir()
	if err := Import(context.Background(), fresh, &out); err != nil {
		t.Fatal(err)
	}
	if wrong, err := work(t, fresh, listing); wrong != "" || err != nil {
		t.Error(wrong, err)
	}
}

func TestNotAFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, FileName), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), dir, Options{})
	if err == nil || !strings.HasSuffix(err.Error(), FileName+": not a file") {
		t.Errorf("got %v", err)
	}
}

func TestReadOnlyStore(t *testing.T) {
	sound, _ := soundDatabase(t)
	dir, _ := plant(t, sound)
	s, err := Open(context.Background(), dir, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if runs, err := s.Runs(context.Background(), Query{}); err != nil || len(runs) != 1 {
		t.Errorf("runs %v, %v", runs, err)
	}
	if err := s.Purge(context.Background(), day); err == nil {
		t.Error("it was written to")
	}
	if _, err := Open(context.Background(), t.TempDir(), Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no database: got %v", err)
	}
}

// TestExportAndImport: everything is there again, odd octets and all.
func TestExportAndImport(t *testing.T) {
	a := newAccount(t)
	ctx := context.Background()
	odd := "caf\xe9 \x00\x1b[31m"
	run := begin(t, a)
	o := observe(t, a, one, two)
	journal(t, a, run, func(j *Journal) {
		j.Delivered(o.Known[0].Key, "box", Digest{255})
		j.Plan(Row{Number: 1, Key: o.Known[0].Key, UniqueID: odd, Subject: odd, Reason: "plain", Decision: "keep"})
		j.BackedUp(Backup{UniqueID: odd, File: odd, Octets: 3, Digest: Digest{1}})
		j.End("committed", odd)
	})
	if err := a.Set(ctx, day, Value{Name: odd, Value: []byte(odd)}); err != nil {
		t.Fatal(err)
	}
	if err := a.store.Purge(ctx, day.AddDate(-1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := a.store.Export(ctx, &first); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Import(ctx, dir, bytes.NewReader(first.Bytes())); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, dir)
	if err := s.Export(ctx, &second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() {
		t.Errorf("got\n%s\nwant\n%s", second.String(), first.String())
	}
	b := openAccount(t, s, home)
	wantKnown(t, observe(t, b, one, two, three).Known, "new=false delivered [box]", "new=false", "new=true")
	rows, err := s.Rows(ctx, Query{UniqueID: odd})
	if err != nil || len(rows) != 1 || rows[0].Subject != odd || rows[0].Account != home {
		t.Errorf("rows %+v, %v", rows, err)
	}
	if v, ok, err := b.Get(ctx, day, odd); !ok || string(v.Value) != odd {
		t.Errorf("value %q, %v", v.Value, err)
	}
	wantNoImport(t, dir, first.String(), "exists")
	whole := first.String()
	lines := strings.SplitAfter(whole, "\n")
	wantNoImport(t, t.TempDir(), strings.Join(lines[:len(lines)-2], ""), "EOF")
	wantNoImport(t, t.TempDir(), lines[0]+strings.Join(lines[2:], ""), "")
	wantNoImport(t, t.TempDir(), "", "not an export")
	wantNoImport(t, t.TempDir(), "{}", "no version")
	wantNoImport(t, t.TempDir(), `{"popherd_state":99}`, "version 99")
	wantNoImport(t, t.TempDir(), `{"popherd_state":1}{"table":"sqlite_master","row":{}}`, "not one of")
	wantNoImport(t, t.TempDir(), `{"popherd_state":1}{"table":"account","row":{"id":1,"name":"x","seen); --":1}}`, "no column")
}

func wantNoImport(t *testing.T, dir, export, want string) {
	t.Helper()
	err := Import(context.Background(), dir, io.LimitReader(strings.NewReader(export), 1<<20))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("import of %.60q: got %v, want %q", export, err, want)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); want != "exists" && len(left) != 0 {
		t.Errorf("import of %.60q leaves %v", export, left)
	}
}
