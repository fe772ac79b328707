//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// freeRoom is how many octets the disk of a folder has left for this user.
func freeRoom(path string) (octets uint64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
