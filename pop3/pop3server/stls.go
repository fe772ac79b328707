package pop3server

import (
	"crypto/tls"
	"time"
)

// strictTLS returns a server's config, made strict, or nil for nil.
func strictTLS(base *tls.Config) *tls.Config {
	if base == nil {
		return nil
	}
	config := base.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.NextProtos = []string{"pop3"} // RFC 8314 §7.1
	return config
}

// stls answers STLS (RFC 2595 §4). Octets that came with the command are not
// under TLS and must not be taken for such (CVE-2011-0411 and its kin). What
// was said before is forgotten: command has dropped USER already.
func (c *conn) stls(string) error {
	switch {
	case c.secure():
		return c.wrong("TLS is active already")
	case c.server.tls == nil:
		return c.wrong("STLS is not offered")
	case c.reader.Buffered() > 0:
		c.err("", errInjected.Error())
		return errInjected
	}
	c.ok("begin TLS")
	if err := c.stream.replies.Flush(); err != nil {
		return err
	}
	c.utf8 = false
	return c.handshake()
}

// handshake makes the connection secure within what is left of LoginTimeout.
func (c *conn) handshake() error {
	if err := c.raw.SetDeadline(c.stream.login); err != nil {
		return err
	}
	secure := tls.Server(c.raw, c.server.tls)
	if err := secure.HandshakeContext(c.ctx); err != nil {
		return err
	}
	if err := c.raw.SetDeadline(time.Time{}); err != nil {
		return err
	}
	c.stream.conn = secure
	return nil
}
