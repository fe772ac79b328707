package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"

	"github.com/popherd/popherd/internal/maildrop"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// A Local is a local maildrop, served on loopback for the length of a run.
type Local struct {
	authority *authority
	server    *pop3server.Server
	address   Address
}

// An Address is where a local maildrop is served, and what its certificate is
// verified against. It can be handed to another process.
type Address struct {
	Plain  string // "127.0.0.1:1110", POP3 with STLS
	Secure string // likewise, POP3 over TLS
	CA     []byte // PEM
}

// ServeLocal opens the mail at path and serves it on two free ports, until
// Close: with CR LF for bare LF and sizes to match, as a server would that has
// the same files, so that what is rehearsed on them holds there.
func ServeLocal(path string) (*Local, error) {
	source, err := maildrop.OpenWith(path, maildrop.Options{RememberDeletions: true, CanonicalLines: true})
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		plain.Close()
		return nil, err
	}
	l := &Local{authority: authority, server: newServer(source, authority)}
	l.address = Address{Plain: plain.Addr().String(), Secure: secure.Addr().String(), CA: authority.pem()}
	go l.server.Serve(plain)
	go l.server.ServeTLS(secure)
	return l, nil
}

// newServer serves source to anyone who reaches it: the listeners must be on
// loopback.
func newServer(source *maildrop.Source, authority *authority) *pop3server.Server {
	return &pop3server.Server{
		NewSession:        source.NewSession,
		TLSConfig:         &tls.Config{GetCertificate: authority.certificate},
		InsecureAllowAuth: true, // any password opens a local maildrop
	}
}

// Address returns where the maildrop is.
func (l *Local) Address() Address { return l.address }

// Admit makes the certificate one for host, too, which must be ASCII.
func (l *Local) Admit(host string) error { return l.authority.admit(host) }

// Close ends the server and its sessions.
func (l *Local) Close() { l.server.Close() }

// A local is a Local as its clients know it, here or in another process.
type local struct {
	address Address
	admit   func(host string) error
	roots   *x509.CertPool
}

func joinLocal(address Address, admit func(string) error) (*local, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(address.CA) {
		return nil, errors.New("the local maildrop has no CA certificate")
	}
	return &local{address, admit, roots}, nil
}

// dialer sends a connection meant for host to the local maildrop, and makes
// sure that its certificate will have that name.
func (l *local) dialer(host string, secure bool) (pop3.Dialer, error) {
	if err := l.admit(host); err != nil {
		return nil, err
	}
	if secure {
		return redirect(l.address.Secure), nil
	}
	return redirect(l.address.Plain), nil
}

// A redirect dials one address, whatever it is asked for.
type redirect string

// DialContext implements pop3.Dialer.
func (r redirect) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", string(r))
}
