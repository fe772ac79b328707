package host

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/popherd/popherd/luabind"
)

// TLSConfig makes the configuration of a session from the host's settings and
// a script's context, nil for none. A script can choose whom to trust, and
// demand more; it cannot turn verification off. A local maildrop has a
// certificate of its own, whatever the script trusts.
func (h *Host) TLSConfig(c *luabind.TLSContext) (*tls.Config, error) {
	if c == nil {
		c = &luabind.TLSContext{}
	}
	config, err := c.Config(h.readCertificates) // also for a rehearsal, which should fail as the run would
	switch {
	case err != nil:
		return nil, err
	case h.local != nil:
		return &tls.Config{RootCAs: h.local.roots, MinVersion: c.MinVersion}, nil
	case config.RootCAs == nil:
		config.RootCAs = h.roots
	}
	return config, nil
}

// readCertificates reads a file that a script names.
func (h *Host) readCertificates(path string) ([]byte, error) {
	h.audit("read", path, true)
	return readCertificates(path)
}

// maxCertificates bounds a file of certificates; those of a system have some
// 250 KB.
const maxCertificates = 4 << 20

// readCertificates reads a file that must be a small one, and no device.
func readCertificates(path string) ([]byte, error) {
	return readIf(path, func(fs.FileMode) error { return nil })
}

// readIf is readCertificates for a file to whose mode may has no objection.
func readIf(path string, may func(fs.FileMode) error) ([]byte, error) {
	info, err := os.Stat(path) // to open a pipe would wait for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is not a file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil { // of what was opened
		return nil, err
	}
	if err := may(info.Mode()); err != nil {
		return nil, err
	}
	octets, err := io.ReadAll(io.LimitReader(file, maxCertificates+1))
	if len(octets) > maxCertificates {
		return nil, errors.New("is too long for a file of certificates")
	}
	return octets, err
}

// FileError is a file of certificates that cannot be read or written.
type FileError struct {
	Path   string
	Reason string
	Err    error // the cause, or nil
}

// Error implements error.
func (e *FileError) Error() string { return "CA file " + strconv.Quote(e.Path) + ": " + e.Reason }

// Unwrap returns the cause, or nil.
func (e *FileError) Unwrap() error { return e.Err }

// readRoots reads a CA file.
func readRoots(path string) (*x509.CertPool, error) {
	octets, err := readCertificates(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(octets) {
		return nil, &FileError{Path: path, Reason: "has no certificate; it must be PEM, with -----BEGIN CERTIFICATE-----"}
	}
	return pool, nil
}

// fileError says why a file cannot be used; the path is said already.
func fileError(path string, err error) error {
	reason := err.Error()
	if onPath := (*fs.PathError)(nil); errors.As(err, &onPath) {
		reason = onPath.Err.Error()
	}
	return &FileError{Path: path, Reason: reason + "; check the path", Err: err}
}
