//go:build unix && !darwin

package secret

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// launches reports whether asking that keyring would start a bus, as the
// library does where it finds none: dbus-launch leaves a program behind, each
// time, and there is no keyring on it.
func launches(k Keyring, getenv func(string) string) bool {
	b, ok := k.(*bounded)
	if !ok {
		return false
	}
	if _, ok := b.Keyring.(system); !ok {
		return false
	}
	if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return false
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", fmt.Sprint(os.Getuid()), name)); err == nil {
			return false
		}
	}
	_, err := exec.LookPath("dbus-launch")
	return err == nil
}
