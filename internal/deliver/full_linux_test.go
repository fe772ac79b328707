package deliver_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
)

// mount mounts a small file system in memory, or skips.
func mount(t *testing.T, flags uintptr, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, options); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestFullDisk fills a disk, makes room, and delivers the rest: nothing is lost
// and nothing is there twice or in part.
func TestFullDisk(t *testing.T) {
	for name, place := range map[string]delivertest.Place{"maildir": inMaildir(), "eml": inFiles(), "mbox": inMbox()} {
		t.Run(name, func(t *testing.T) {
			dir := mount(t, 0, "size=1m")
			spec := place.Spec(t, dir)
			ballast := filepath.Join(dir, "ballast")
			writeFile(t, ballast, strings.Repeat("x", 512<<10))
			msg := []byte(strings.Repeat("Subject: many lines\r\n", 5000))
			want := make([][]byte, 8)
			deliverMany := func() (err error) {
				target, err := deliver.Open(t.Context(), spec, deliver.Options{Memory: 4096})
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, target.Close()) }()
				for i := range want {
					want[i] = msg
					e := deliver.Envelope{ID: delivertest.ID(i)}
					if _, err := delivertest.Put(t.Context(), target, e, msg, 4096); err != nil {
						return err
					}
					if err := target.Sync(t.Context()); err != nil {
						return err
					}
				}
				return nil
			}
			err := deliverMany()
			wantFault(t, err, true, "no space left")
			for _, got := range place.Stored(t, dir) {
				if len(got) != len(msg) {
					t.Errorf("a message of %d octets is there", len(got))
				}
			}
			if err := os.Remove(ballast); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
				t.Skip("cannot mount a disk: ", err)
			}
			if err := deliverMany(); err != nil {
				t.Fatal(err)
			}
			delivertest.Same(t, place.Stored(t, dir), want)
		})
	}
}

func TestAReadOnlyDiskNeedsAHand(t *testing.T) {
	dir := mount(t, syscall.MS_RDONLY, "")
	for _, spec := range []string{"maildir:", "eml:", "mbox:"} {
		_, err := deliver.Open(t.Context(), spec+filepath.Join(dir, "mail"), deliver.Options{})
		wantFault(t, err, false, "read-only")
	}
}

func TestAFolderThatIsNotOurs(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("nothing is forbidden to root")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, spec := range []string{"maildir:", "eml:", "mbox:"} {
		_, err := deliver.Open(t.Context(), spec+filepath.Join(dir, "mail"), deliver.Options{})
		wantFault(t, err, false, "permission denied")
	}
}
