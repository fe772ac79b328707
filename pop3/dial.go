package pop3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// Ports of POP3 (RFC 1939) and of POP3 over implicit TLS (RFC 8314).
const (
	Port    = 110
	TLSPort = 995
)

// Dial connects to addr, "host:port", without TLS and reads the greeting.
// Until STLS the session takes only CAPA, STLS and QUIT, unless
// Options.InsecureAllowPlaintext is set.
func Dial(ctx context.Context, addr string, o *Options) (*Client, error) {
	opts := o.withDefaults()
	conn, host, err := dial(ctx, addr, &opts)
	if err != nil {
		return nil, err
	}
	return NewClient(ctx, conn, host, &opts)
}

// DialTLS connects to addr with TLS from the first octet (RFC 8314), ALPN
// "pop3". The certificate must be valid for addr's host or
// TLSConfig.ServerName.
func DialTLS(ctx context.Context, addr string, o *Options) (*Client, error) {
	opts := o.withDefaults()
	conn, host, err := dial(ctx, addr, &opts)
	if err != nil {
		return nil, err
	}
	secure, err := handshake(ctx, conn, host, opts.TLSConfig, &opts)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return NewClient(ctx, secure, host, &opts)
}

// DialSTLS connects to addr and demands STLS (RFC 2595) before anything else.
// A server that does not offer it, or fails in it, is left: there is no second
// try in the clear.
func DialSTLS(ctx context.Context, addr string, o *Options) (*Client, error) {
	c, err := Dial(ctx, addr, o)
	if err != nil {
		return nil, err
	}
	if _, err := c.STLS(ctx, nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func dial(ctx context.Context, addr string, opts *Options) (net.Conn, string, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, "", &ArgumentError{Command: "connect", Argument: "address", Reason: fmt.Sprintf("%q is not host:port", addr)}
	}
	dctx, cancel := limited(ctx, opts.ConnectTimeout)
	defer cancel()
	conn, err := opts.Dialer.DialContext(dctx, "tcp", addr)
	if err != nil {
		err = fmt.Errorf("pop3: connect: %w", err)
		return nil, "", connectError(ctx, dctx, "connect", opts.ConnectTimeout, err)
	}
	return conn, host, nil
}

// handshake makes conn secure, or fails; conn is then of no further use.
func handshake(ctx context.Context, conn net.Conn, host string, base *tls.Config, opts *Options) (*tls.Conn, error) {
	config, err := opts.tlsConfig(base, host)
	if err != nil {
		return nil, err
	}
	hctx, cancel := limited(ctx, opts.HandshakeTimeout)
	defer cancel()
	conn.SetDeadline(time.Time{})
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(hctx); err != nil {
		err = connectError(ctx, hctx, "handshake", opts.HandshakeTimeout, &TLSError{err})
		return nil, err
	}
	return secure, nil
}

// limited bounds ctx by a timeout; a negative one means none.
func limited(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

// connectError tells the caller's own end (ctx) from the step's timeout (step)
// and from the network's refusal.
func connectError(ctx, step context.Context, op string, limit time.Duration, err error) error {
	switch {
	case ctx.Err() != nil:
		return contextError(ctx)
	case step.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return &TimeoutError{Op: op, Limit: limit}
	}
	return err
}
