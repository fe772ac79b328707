package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oldDatabase makes the database that an earlier version left.
func oldDatabase(t *testing.T, fixture string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	statements, err := os.ReadFile(filepath.Join("testdata", fixture))
	if err != nil {
		t.Fatal(err)
	}
	s := &Store{dir: dir, file: filepath.Join(dir, FileName)}
	if err := s.create(func(fresh *Store) error {
		_, err := fresh.db.Exec(string(statements))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func shape(t *testing.T, s *Store) (shape []string) {
	t.Helper()
	shape, err := collect(context.Background(), s, scanText, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

// TestVersion1 opens what version 1 wrote, with this version and with one to
// come: everything is still known.
func TestVersion1(t *testing.T) {
	ctx := context.Background()
	for _, steps := range [][]string{migrations(), append(migrations(), "ALTER TABLE run ADD COLUMN job TEXT NOT NULL DEFAULT ''")} {
		dir := oldDatabase(t, "version1.sql")
		s, err := open(ctx, dir, Options{}, steps)
		if err != nil {
			t.Fatal(err)
		}
		a := openAccount(t, s, home)
		wantKnown(t, observe(t, a, one, two, three).Known, "new=false delivered [box]", "new=false wanted by 1", "new=true failed 2")
		runs, err := s.Runs(ctx, Query{})
		if err != nil || len(runs) != 1 || runs[0].Outcome != "unknown" || runs[0].Script != "old.lua" {
			t.Errorf("runs %+v, %v", runs, err)
		}
		rows, err := s.Rows(ctx, Query{Run: 1})
		if err != nil || len(rows) != 1 || rows[0].Subject != "Hi" || rows[0].Reason != "old" {
			t.Errorf("rows %+v, %v", rows, err)
		}
		backups, err := s.Backups(ctx, Query{UniqueID: "a2"})
		if err != nil || len(backups) != 1 || backups[0].File != "2026/a2.eml" {
			t.Errorf("backups %+v, %v", backups, err)
		}
		if v, ok, err := a.Get(ctx, day, "n"); !ok || string(v.Value) != "42" {
			t.Errorf("value %q, %v, %v", v.Value, ok, err)
		}
		a.Close()
		s.Close()
		// Back to the program of before, if the other one changed something.
		var version *VersionError
		if _, err := open(ctx, dir, Options{}, migrations()); len(steps) > 1 && (!errors.As(err, &version) || version.Version != 2 || version.Hint() == "") {
			t.Errorf("a database from the future: got %v", err)
		}
	}
}

// TestReleasedSchemaStays: who changes it must add a migration instead.
func TestReleasedSchemaStays(t *testing.T) {
	old, err := open(context.Background(), oldDatabase(t, "version1.sql"), Options{}, migrations()[:1])
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	fresh, err := open(context.Background(), t.TempDir(), Options{}, migrations()[:1])
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	if got, want := shape(t, fresh), shape(t, old); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestFailedMigration leaves the version that was there.
func TestFailedMigration(t *testing.T) {
	dir := oldDatabase(t, "version1.sql")
	bad := append(migrations(), "DROP TABLE value", "CREATE TABLE account (x)")
	if _, err := open(context.Background(), dir, Options{}, bad); err == nil || !strings.Contains(err.Error(), "version 3") {
		t.Errorf("got %v, want that version 3 failed", err)
	}
	a := openAccount(t, openStore(t, dir), home)
	if v, ok, err := a.Get(context.Background(), day, "n"); !ok {
		t.Errorf("value %q, %v", v.Value, err)
	}
}

func TestAnotherProgramsDatabase(t *testing.T) {
	dir := t.TempDir()
	s := &Store{dir: dir, file: filepath.Join(dir, FileName)}
	if err := s.create(func(fresh *Store) error {
		_, err := fresh.db.Exec("CREATE TABLE account (x); PRAGMA user_version = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var damage *DamagedError
	if _, err := Open(context.Background(), dir, Options{}); !errors.As(err, &damage) {
		t.Errorf("got %v", err)
	}
}
