package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullDisk: a step that does not fit is refused, and nothing of it or of
// the steps before is lost.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	ctx := context.Background()
	s := openStore(t, dir)
	a := openAccount(t, s, home)
	o := observe(t, a, one, two)
	steps := 0
	var full error
	for run := begin(t, a); full == nil && steps < 10000; steps++ {
		full = a.Journal(ctx, day, run, func(j *Journal) {
			j.Delivered(o.Known[0].Key, fmt.Sprint("box", steps), Digest{1})
			for i := range 20 {
				j.Plan(Row{Number: 100*steps + i, Reason: fmt.Sprintf("%01000d", i)})
			}
		})
	}
	if !errors.Is(full, ErrFull) {
		t.Fatalf("after %d steps: got %v, want that the disk is full", steps, full)
	}
	wantAll := func(k Known) {
		t.Helper()
		if len(k.Targets()) != steps-1 {
			t.Errorf("%d steps are known, want %d", len(k.Targets()), steps-1)
		}
	}
	wantAll(observe(t, a, one, two).Known[0])
	a.Close()
	s.Close()
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600); err == nil {
		t.Error("there is room")
	}
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		if !errors.Is(err, ErrFull) {
			t.Errorf("opened on a full disk: got %v", err)
		}
		os.Remove(filepath.Join(dir, "filler"))
		s = openStore(t, dir)
	}
	defer s.Close()
	os.Remove(filepath.Join(dir, "filler"))
	a = openAccount(t, s, home)
	wantAll(observe(t, a, one, two).Known[0])
	if _, err := Open(ctx, filepath.Join(dir, "other"), Options{}); err != nil && !errors.Is(err, ErrFull) && !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a new one on a full disk: got %v", err)
	}
}

// TestFolderWithoutPermission: a clear error, and the file as it was.
func TestFolderWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		dir := t.TempDir()
		openStore(t, dir).Close()
		if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
			t.Skip("cannot mount: ", err)
		}
		t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
		if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
			t.Skip("cannot mount: ", err)
		}
		wantNoOpen(t, dir)
		return
	}
	dir := t.TempDir()
	openStore(t, dir).Close()
	os.Chmod(dir, 0o500)
	os.Chmod(filepath.Join(dir, FileName), 0o400)
	t.Cleanup(func() { os.Chmod(dir, 0o700) })
	wantNoOpen(t, dir)
}

func wantNoOpen(t *testing.T, dir string) {
	t.Helper()
	s, err := Open(context.Background(), dir, Options{})
	if err == nil {
		defer s.Close()
		_, err = s.Account(context.Background(), home, day)
	}
	var damage *DamagedError
	if err == nil || errors.As(err, &damage) {
		t.Errorf("got %v, want that it cannot be written", err)
	}
	t.Log(err)
}
