//go:build unix

package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		err = nil // a file system that cannot, such as some of FUSE's
	}
	return errors.Join(err, d.Close())
}

// lockDir uses flock(2), which needs no permission to write.
func lockDir(dir string) (func() error, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	switch err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case err == nil:
		return d.Close, nil // which unlocks
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(ErrLocked, d.Close())
	case errors.Is(err, unix.EINTR):
		return nil, errors.Join(ErrLocked, d.Close()) // to be tried again
	}
	// NFS has record locks in its place, which folders cannot have.
	return func() error { return nil }, d.Close()
}
