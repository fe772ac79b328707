package atomicfile

import (
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func syncAll(f *os.File) error {
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &os.PathError{Op: "syncfs", Path: f.Name(), Err: err}
	}
	return nil
}

// syncsAll reports whether the kernel is Linux 5.8 or newer. Before, syncfs(2)
// does not report that something could not be written.
func syncsAll() bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	release := strings.SplitN(unix.ByteSliceToString(name.Release[:]), ".", 3)
	if len(release) < 2 {
		return false
	}
	major, err1 := strconv.Atoi(release[0])
	minor, err2 := strconv.Atoi(strings.TrimRight(release[1], "-abcdefghijklmnopqrstuvwxyz"))
	return err1 == nil && err2 == nil && (major > 5 || major == 5 && minor >= 8)
}
