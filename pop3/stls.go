package pop3

import (
	"context"
	"crypto/tls"
)

// STLS makes the session secure (RFC 2595 §4) and returns the server's line.
// config nil means Options.TLSConfig. When the server does not offer STLS the
// error is ErrNoSTLS and nothing was sent but CAPA; when it refuses it, an
// *Error. When the handshake fails, or octets follow the server's +OK in the
// clear, the session is dead. What was learnt before TLS is forgotten.
func (c *Client) STLS(ctx context.Context, config *tls.Config) (string, error) {
	if err := c.ready(); err != nil {
		return "", err
	}
	if c.tls {
		return "", ErrTLSActive
	}
	if config == nil {
		config = c.opts.TLSConfig
	}
	if _, err := c.opts.tlsConfig(config, c.host); err != nil {
		return "", err
	}
	offered, err := c.offers(ctx, "STLS")
	if err != nil {
		return "", err
	}
	if !offered {
		return "", ErrNoSTLS
	}
	line, err := c.startTLS(ctx)
	if err != nil {
		return "", err
	}
	conn, err := handshake(ctx, c.stream.conn, c.host, config, &c.opts)
	if err != nil {
		return "", c.fail(ctx, err)
	}
	c.stream.secure(conn)
	c.tls = true
	c.caps = nil
	return line, nil
}

// startTLS sends the command, and makes sure that nothing follows its reply:
// it could be injected plaintext (CVE-2011-0411 and its kin).
func (c *Client) startTLS(ctx context.Context) (string, error) {
	defer c.stream.watch(ctx)()
	line, err := c.cmd(ctx, "STLS")
	if err != nil {
		return "", err
	}
	return line, c.unasked(ctx, "STLS")
}
