package deliver

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	leave      = 5 * time.Second // for QUIT
	maxReplies = 64 << 10        // octets that a server may answer to one command
)

// conn bounds what a server can do: each exchange ends within timeout, and its
// reply has an end.
type conn struct {
	net.Conn
	timeout time.Duration
	replied int
	used    bool // for a message before
}

// Write starts an exchange.
func (c *conn) Write(p []byte) (int, error) {
	c.replied = 0
	c.start()
	return c.Conn.Write(p)
}

func (c *conn) start() { _ = c.Conn.SetDeadline(time.Now().Add(c.timeout)) }

// Read reads a reply, which does not prolong the exchange.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.replied += n; c.replied > maxReplies {
		return 0, fmt.Errorf("the server's answer has more than %d octets", maxReplies)
	}
	return n, err
}

// SetDeadline does nothing: the deadlines of go-smtp leave out the time in
// which a message is sent.
func (c *conn) SetDeadline(time.Time) error { return nil }

// closeAt closes the connection when ctx ends, which ends every call on it.
func (c *conn) closeAt(ctx context.Context) (stop func()) {
	end := context.AfterFunc(ctx, func() { c.Close() })
	return func() { end() }
}

// drop closes the connection.
func (s *server) drop() {
	if s.conn != nil {
		s.conn.Close()
	}
	s.conn, s.client = nil, nil
}

// connect connects if there is no connection. An error that is not the
// server's word may pass, but for what a certificate lacks.
func (s *server) connect(ctx context.Context) error {
	if s.client != nil {
		return nil
	}
	if s.spec.User != "" && s.o.Password == nil {
		return fmt.Errorf("user %q: no password was given", s.spec.User)
	}
	dialer := net.Dialer{Timeout: s.o.Timeout}
	network, address := "tcp", s.spec.address()
	if s.spec.Path != "" {
		network, address = "unix", s.spec.Path
	}
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return temporarily(err)
	}
	s.conn = &conn{Conn: raw, timeout: s.o.Timeout}
	s.conn.start()
	defer s.conn.closeAt(ctx)()
	if err = s.private(); err == nil {
		if err = s.greet(ctx); err == nil {
			err = s.login(ctx)
		}
	}
	if err != nil {
		s.drop()
		return errors.Join(err, ctx.Err())
	}
	return nil
}

// private makes sure that what is not encrypted stays on this machine.
func (s *server) private() error {
	tcp, ok := s.conn.RemoteAddr().(*net.TCPAddr)
	if s.spec.Kind == SMTPS || s.spec.StartTLS || s.spec.Plain || !ok || tcp.IP.IsLoopback() {
		return nil
	}
	return fmt.Errorf("host %q is another machine, %s, and nothing would be encrypted: write smtps, or add starttls=yes", s.spec.Host, tcp)
}

// greet starts TLS and says hello.
func (s *server) greet(ctx context.Context) (err error) {
	switch {
	case s.spec.Kind == SMTPS:
		secure := tls.Client(s.conn, s.tlsConfig())
		if err := secure.HandshakeContext(ctx); err != nil {
			return handshake(err)
		}
		s.client = smtp.NewClient(secure)
	case s.spec.StartTLS:
		if s.client, err = smtp.NewClientStartTLS(s.conn, s.tlsConfig()); err != nil {
			return handshake(err)
		}
	case s.spec.Kind == LMTP:
		s.client = smtp.NewClientLMTP(s.conn)
	default:
		s.client = smtp.NewClient(s.conn)
	}
	return handshake(s.client.Hello(s.o.LocalName))
}

// handshake tells faults of the connection, which may pass, from those of the
// server's set-up: no STARTTLS, a certificate that is not good.
func handshake(err error) error {
	var faulty *tls.CertificateVerificationError
	var odd tls.RecordHeaderError
	var reply *smtp.SMTPError
	var net net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &faulty), errors.As(err, &odd):
		return err
	case errors.As(err, &reply), errors.As(err, &net), !strings.Contains(err.Error(), "STARTTLS"):
		return refused("", err)
	}
	return fmt.Errorf("the server offers no STARTTLS, and nothing is sent in clear: %w", err)
}

// tlsConfig verifies the server, whatever was given.
func (s *server) tlsConfig() *tls.Config {
	c := &tls.Config{}
	if s.o.TLSConfig != nil {
		c = s.o.TLSConfig.Clone()
	}
	c.ServerName, c.InsecureSkipVerify = s.spec.Host, false
	c.MinVersion = max(c.MinVersion, tls.VersionTLS12)
	return c
}

// login logs in if the spec names a user, never in clear away from here.
func (s *server) login(ctx context.Context) error {
	if s.spec.User == "" {
		return nil
	}
	if s.spec.Plain {
		return fmt.Errorf("user %q: the password is not sent in clear: leave insecure-plain-text out", s.spec.User)
	}
	if !s.client.SupportsAuth(sasl.Plain) {
		return fmt.Errorf("user %q: the server offers no AUTH PLAIN", s.spec.User)
	}
	password, err := s.o.Password(ctx, s.spec)
	if err != nil {
		return fmt.Errorf("user %q: password: %w", s.spec.User, err)
	}
	err = s.client.Auth(sasl.NewPlainClient("", s.spec.User, password))
	var reply *smtp.SMTPError
	if !errors.As(err, &reply) {
		return refused("", err)
	}
	// Some servers repeat what was sent.
	hidden := strings.NewReplacer(password, "***", base64.StdEncoding.EncodeToString([]byte("\x00"+s.spec.User+"\x00"+password)), "***")
	reply = &smtp.SMTPError{Code: reply.Code, EnhancedCode: reply.EnhancedCode, Message: hidden.Replace(reply.Message)}
	return refused("", fmt.Errorf("user %q: %w", s.spec.User, reply))
}
