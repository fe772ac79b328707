//go:build unix && !linux

package secret

import "golang.org/x/sys/unix"

func forbidCore() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // to lower a limit is always allowed
}
