package dovecottest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// required is the environment variable that turns skipping into failing.
const required = "POPHERD_REAL_SERVERS"

// find returns Dovecot's path and version. Only 2.3 will do: 2.4 has another
// configuration grammar.
func find() (path, version string, err error) {
	if runtime.GOOS != "linux" {
		return "", "", errors.New("dovecot is only run on linux")
	}
	path, err = exec.LookPath("dovecot")
	if err != nil {
		// An ordinary user's PATH often lacks /usr/sbin.
		path, err = exec.LookPath("/usr/sbin/dovecot")
	}
	if err != nil {
		return "", "", errors.New("dovecot is not installed (Debian: apt-get install dovecot-pop3d)")
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("dovecot --version: %w", err)
	}
	version = strings.TrimSpace(string(out))
	if !strings.HasPrefix(version, "2.3.") {
		return "", "", fmt.Errorf("dovecot is %s, and this test knows 2.3", version)
	}
	return path, version, nil
}

// Available says why no Dovecot can be run here; nil if one can.
func Available() error {
	_, _, err := find()
	return err
}

// absent ends a test that cannot have its server.
func absent(t T, reason error) {
	t.Helper()
	if os.Getenv(required) == "1" {
		t.Fatalf("%v; %s=1 demands it", reason, required)
	}
	t.Skipf("%v; set %s=1 to fail instead of skipping", reason, required)
}
