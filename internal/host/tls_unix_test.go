//go:build unix

package host

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/popherd/popherd/luabind"
)

// A pipe would keep the run waiting for its writer, where no deadline reaches.
func TestCertificatesFromOddFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, Options{})
	for _, path := range []string{pipe, "/dev/zero", "/"} {
		for _, c := range []*luabind.TLSContext{{CAFile: path}, {CertFile: path}} {
			_, err := h.TLSConfig(c)
			wantError(t, err, "is not a file")
		}
		_, err := Open(Options{CAFile: path})
		wantError(t, err, "is not a file")
	}
}
