//go:build unix

package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// withoutWaiting: opening a fifo else waits until somebody writes into it.
const withoutWaiting = syscall.O_NONBLOCK | syscall.O_NOCTTY

const (
	others = 0o007
	shared = 0o077 // by the group or others
)

// ours wants a file of the user's own that nobody else can read or write, in a
// folder in which not everybody can put another in its place.
func ours(path string, opened fs.FileInfo) error {
	if uid, ok := owner(opened); ok && uid != os.Geteuid() {
		return advise(fmt.Errorf("it belongs to user %d, not to you", uid), "chown %d %q", os.Geteuid(), path)
	}
	if mode := opened.Mode().Perm(); mode&shared != 0 {
		return advise(fmt.Errorf("others than you can read it: its mode is %#o", mode), "chmod 600 %q", path)
	}
	dir := filepath.Dir(path)
	if folder, err := os.Stat(dir); err == nil && folder.Mode()&fs.ModeSticky == 0 && folder.Mode().Perm()&0o002 != 0 {
		return advise(errors.New("everybody can write in its folder"), "chmod o-w %q", dir)
	}
	return nil
}

// handed wants a file that a service manager handed to this program: systemd
// has root own it, and lets the service read it by an access control list,
// which shows as a permission of the group. The folder is for this service
// alone.
func handed(path string, opened fs.FileInfo) error {
	if uid, ok := owner(opened); ok && uid != os.Geteuid() && uid != 0 {
		return fmt.Errorf("it belongs to user %d, neither to you nor to root", uid)
	}
	if mode := opened.Mode().Perm(); mode&others != 0 {
		return advise(fmt.Errorf("everybody can read it: its mode is %#o", mode), "chmod o= %q", path)
	}
	return nil
}

// owner returns who owns a file.
func owner(file fs.FileInfo) (uid int, ok bool) {
	if stat, ok := file.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), true
	}
	return 0, false
}

// syncFolder returns when the names in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a file system that cannot, such as some of FUSE's
	}
	return errors.Join(err, d.Close())
}
