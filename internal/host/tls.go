package host

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
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
	if h.local != nil {
		return &tls.Config{RootCAs: h.local.roots, MinVersion: c.MinVersion}, nil
	}
	config, err := c.Config(os.ReadFile)
	if err == nil && config.RootCAs == nil {
		config.RootCAs = h.roots
	}
	return config, err
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
	octets, err := os.ReadFile(path)
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
