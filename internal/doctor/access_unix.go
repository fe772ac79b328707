//go:build unix

package doctor

import "golang.org/x/sys/unix"

// hasModes: files say who may read and write them.
const hasModes = true

// writable reports whether this process may write to a file, or make files in a
// folder, without trying.
func writable(path string) bool {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.W_OK, unix.AT_EACCESS) == nil
}
