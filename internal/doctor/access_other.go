//go:build !unix

package doctor

import "os"

// hasModes: files do not say here who may read and write them.
const hasModes = false

// writable reports whether a file is not marked as read-only; the rest is not
// known without trying.
func writable(path string) bool {
	found, err := os.Stat(path)
	return err == nil && found.Mode().Perm()&0o200 != 0
}
