package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/popherd/popherd/internal/maildrop"
)

// ServeOptions say how to serve a local maildrop to other programs.
type ServeOptions struct {
	Maildrop  string
	Listen    string // loopback address of POP3 with STLS
	ListenTLS string // loopback address of POP3 over TLS; empty for none
	CAFile    string // where to write the CA certificate of this run; empty for nowhere

	// Logger is told of logins, ends and faults; nil means nobody.
	Logger *slog.Logger

	// Ready is told the addresses, as "127.0.0.1:1110", once connections are
	// taken; tls is empty without ListenTLS.
	Ready func(messages int, plain, tls string)
}

// AddressError is an address that cannot be listened on.
type AddressError struct {
	Address string
	Reason  string
	Err     error
}

// Error implements error.
func (e *AddressError) Error() string { return fmt.Sprintf("listen %q: %s", e.Address, e.Reason) }

// Unwrap returns the cause, or nil.
func (e *AddressError) Unwrap() error { return e.Err }

// Serve serves a local maildrop until ctx ends, and then waits up to 5 s for
// sessions to end.
func Serve(ctx context.Context, o ServeOptions) error {
	source, err := maildrop.OpenWith(o.Maildrop, maildrop.Options{RememberDeletions: true, Relist: true, CanonicalLines: true})
	if err != nil {
		return err
	}
	authority, err := newAuthority()
	if err != nil {
		return err
	}
	authority.admit("localhost")
	authority.admit("127.0.0.1")
	authority.admit("::1")
	plain, err := listen(o.Listen)
	if err != nil {
		return err
	}
	defer plain.Close()
	server := newServer(source, authority)
	server.Logger = o.Logger
	failed := make(chan error, 2)
	tlsAddr := ""
	if o.ListenTLS != "" {
		secure, err := listen(o.ListenTLS)
		if err != nil {
			return err
		}
		defer secure.Close()
		tlsAddr = secure.Addr().String()
		go func() { failed <- server.ServeTLS(secure) }()
	}
	if o.CAFile != "" {
		if err := writeRoots(o.CAFile, authority.pem()); err != nil {
			return err
		}
	}
	go func() { failed <- server.Serve(plain) }()
	o.Ready(source.Len(), plain.Addr().String(), tlsAddr)
	select {
	case err := <-failed:
		server.Close()
		return err
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		server.Shutdown(grace)
		return server.Close()
	}
}

// writeRoots writes a CA file. What is there already is replaced only if it is
// one, too: a mistyped name must not cost anybody's mail.
func writeRoots(path string, pem []byte) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		there, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(there, []byte("-----BEGIN CERTIFICATE-----")) {
			return &FileError{Path: path, Reason: "is there already, and is no CA file; name another", Err: err}
		}
	}
	if err := os.WriteFile(path, pem, 0o644); err != nil {
		return fileError(path, err)
	}
	return nil
}

// listen takes loopback addresses alone: any user and password open a local
// maildrop.
func listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, &AddressError{Address: address, Reason: "not HOST:PORT; for any free port give 127.0.0.1:0"}
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, &AddressError{Address: address, Reason: "not a loopback address, and any password opens this maildrop; give 127.0.0.1:0"}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		reason := err.Error()
		if op := (*net.OpError)(nil); errors.As(err, &op) {
			reason = op.Err.Error()
		}
		return nil, &AddressError{Address: address, Reason: reason, Err: err}
	}
	return l, nil
}
