package run

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/popherd/popherd/internal/deliver"
)

// mount puts a disk into a world, for root only.
func (w *world) mount(t *testing.T, folder, options string) (disk string) {
	t.Helper()
	disk = filepath.Join(w.Dir, folder)
	if err := os.MkdirAll(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", disk, "tmpfs", 0, options); err != nil {
		t.Skip("cannot mount a disk: ", err)
	}
	t.Cleanup(func() { unix.Unmount(disk, unix.MNT_DETACH) })
	return disk
}

// A disk that is full takes what fits; the rest stays on the server until there
// is room.
func TestTargetFull(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
			w.Folder = "disk"
			disk := w.mount(t, w.Folder, map[bool]string{false: "size=128k", true: "size=64k"}[p.kind == deliver.Mbox])
			_, err := w.run(&faults{})
			wantError(t, err, unix.ENOSPC.Error())
			if got := w.count(); got.lost > 0 || got.twice > 0 || got.left == 0 {
				t.Errorf("got %+v, want some left and none lost", got)
			}
			if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, "size=4m"); err != nil {
				t.Fatal(err)
			}
			w.recovers()
		})
	}
}

// So does a disk of backups: nothing is deleted without one.
func TestBackupFull(t *testing.T) {
	w := newWorld(t, deliver.Maildir, true, letters(0, manyLetters, false))
	disk := w.mount(t, "backup", "size=128k")
	_, err := w.run(&faults{})
	wantError(t, err, unix.ENOSPC.Error())
	got := w.count()
	if got.lost > 0 || got.twice > 0 || got.left == 0 || got.copies+got.left < manyLetters {
		t.Errorf("got %+v", got)
	}
	if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, "size=4m"); err != nil {
		t.Fatal(err)
	}
	w.recovers()
}

// So does a disk that has no room for what popherd remembers.
func TestStateFull(t *testing.T) {
	for kilobytes := 16; kilobytes <= 256; kilobytes += 16 {
		size := fmt.Sprint(kilobytes, "k")
		t.Run(size, func(t *testing.T) {
			w := newWorld(t, deliver.Maildir, true, letters(0, manyLetters, false))
			disk := w.mount(t, "state", "size="+size)
			if _, err := w.run(&faults{}); err == nil {
				w.wantTally(tally{copies: manyLetters}) // it fits
				return
			}
			if got := w.count(); got.lost > 0 {
				t.Errorf("got %+v, want none lost", got)
			}
			if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, "size=4m"); err != nil {
				t.Fatal(err)
			}
			w.recovers()
		})
	}
}

// A target that is mounted read-only takes nothing.
func TestTargetReadOnly(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
			w.Folder = "disk"
			disk := w.mount(t, w.Folder, "size=4m")
			if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
				t.Fatal(err)
			}
			w.refused(unix.EROFS.Error())
			if err := unix.Mount("none", disk, "tmpfs", unix.MS_REMOUNT, ""); err != nil {
				t.Fatal(err)
			}
			w.recovers()
		})
	}
}

// A target on another file system than the state is like any other, with
// faults too.
func TestTargetOnAnotherDisk(t *testing.T) {
	for _, p := range places() {
		t.Run(p.String(), func(t *testing.T) {
			var all sum
			for _, op := range []string{"", "rename", "link", "syncfs", "send QUIT"} {
				w := newWorld(t, p.kind, p.backup, letters(0, manyLetters, false))
				w.Folder = "disk"
				disk := w.mount(t, w.Folder, "size=4m")
				w.run(&faults{sort: op, late: true}) // its error is the fault
				all.settled(w, "at "+op)
				w.close()
				unix.Unmount(disk, unix.MNT_DETACH)
			}
			t.Logf("%d points, %d messages lost, %d delivered twice", all.points, all.lost, all.twice)
		})
	}
}
