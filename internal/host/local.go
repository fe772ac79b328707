package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/popherd/popherd/internal/maildrop"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// A local is a local maildrop, served on loopback for the length of a run.
type local struct {
	authority *authority
	roots     *x509.CertPool
	server    *pop3server.Server
	plain     net.Addr // POP3, with STLS
	secure    net.Addr // POP3 over TLS
}

// serveLocal opens the mail at path and serves it on two free ports.
func serveLocal(path string) (*local, error) {
	source, err := maildrop.OpenWith(path, maildrop.Options{RememberDeletions: true})
	if err != nil {
		return nil, err
	}
	authority, err := newAuthority()
	if err != nil {
		return nil, err
	}
	l := &local{authority: authority, roots: authority.pool()}
	l.server = newServer(source, authority)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		plain.Close()
		return nil, err
	}
	l.plain, l.secure = plain.Addr(), secure.Addr()
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

func (l *local) close() { l.server.Close() }

// dialer sends a connection meant for host here, and makes sure that the
// certificate will have that name.
func (l *local) dialer(host string, secure bool) pop3.Dialer {
	l.authority.admit(host)
	if secure {
		return redirect{l.secure}
	}
	return redirect{l.plain}
}

type redirect struct{ to net.Addr }

// DialContext implements pop3.Dialer.
func (r redirect) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, r.to.Network(), r.to.String())
}
