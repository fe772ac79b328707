package luabind

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/popherd/popherd/pop3"
)

// callError is newError for a call that a script made of host: the message
// names both where poplib has no text for it.
func callError(call, host string, err error) *Error {
	e := newError(err)
	var argument *pop3.ArgumentError
	switch {
	case errors.As(err, &argument):
		e.Message = call + ": " + argument.Argument + " " + argument.Reason
	case errors.Is(err, pop3.ErrPlaintext):
		e.Message = call + ": " + strings.ReplaceAll(e.Message, "HOST", host)
	}
	return e
}

// hostError is a call that failed in the host, on its disk mostly, and not on
// the network. The session goes on.
func hostError(call string, err error) *Error {
	e := newError(err)
	e.Message = call + ": " + e.Message
	e.Fatal = e.Kind == KindCancelled
	if e.Kind == KindSocket {
		e.Kind = KindInternal
	}
	return e
}

// newError makes of a Go error what a script sees. An error with a method
// Kind, such as a host's policy, says its kind itself.
func newError(err error) *Error {
	if own := (*Error)(nil); errors.As(err, &own) {
		e := *own
		return &e
	}
	e := &Error{Err: err, Message: strings.ReplaceAll(err.Error(), "pop3: ", "")}
	if !e.ownKind() && !e.reply() {
		e.connection()
	}
	if errors.Is(err, pop3.ErrCommitUnknown) {
		e.Message += " (QUIT was not answered: deletions may or may not be done)"
	}
	return e
}

// ownKind classifies what the host decided.
func (e *Error) ownKind() bool {
	var kinded interface{ Kind() string }
	switch {
	case errors.As(e.Err, &kinded):
		e.Kind = kinded.Kind()
		e.Fatal = e.Kind != KindPolicy && e.Kind != KindValueError
	case errors.Is(e.Err, context.Canceled):
		e.Kind, e.Fatal = KindCancelled, true
	case errors.Is(e.Err, pop3.ErrPlaintext):
		e.Kind = KindPolicy
		e.Message = "refusing to go on without TLS: use pop3.POP3_SSL or M:stls(), or allow it with --allow-plaintext=HOST"
	default:
		return false
	}
	return true
}

// reply classifies what a server said, or should have, with poplib's texts.
func (e *Error) reply() bool {
	var refused *pop3.Error
	var malformed *pop3.ProtocolError
	var tooLong *pop3.LimitError
	var argument *pop3.ArgumentError
	e.Kind = KindErrorProto
	switch {
	case errors.As(e.Err, &refused):
		e.Message, e.Response = refused.Line, refused.Line
		e.Code, e.Command, e.Temporary = string(refused.Code), refused.Command, refused.Temporary()
	case errors.As(e.Err, &malformed):
		e.Message, e.Response = protocolMessage(malformed), malformed.Line
		e.Command, e.Fatal = malformed.Command, true
	case errors.As(e.Err, &tooLong):
		e.limit(tooLong)
	case errors.As(e.Err, &argument):
		e.Kind = KindValueError
	case errors.Is(e.Err, pop3.ErrNoAPOP):
		e.Message = "-ERR APOP not supported by server"
	case errors.Is(e.Err, pop3.ErrNoSTLS):
		e.Message = "-ERR STLS not supported by server"
	case errors.Is(e.Err, pop3.ErrTLSActive):
		e.Message = "-ERR TLS session already established"
	default:
		e.Kind = ""
		return false
	}
	return true
}

// protocolMessage is poplib's text: the line that is no reply, or that it was
// the last. Where poplib has none, or an empty one, it is the reason.
func protocolMessage(p *pop3.ProtocolError) string {
	switch {
	case errors.Is(p, io.ErrUnexpectedEOF), errors.Is(p, io.EOF):
		return "-ERR EOF"
	case p.Line == "":
		return p.Reason
	case strings.HasPrefix(p.Line, "+"):
		return fmt.Sprintf("%s: %q", p.Reason, p.Line)
	}
	return p.Line
}

// limit is an error_proto for a line, as in poplib, which knows no other.
func (e *Error) limit(l *pop3.LimitError) {
	e.Command, e.Fatal = l.Command, true
	if l.What == "status line" || l.What == "row" {
		e.Message = "line too long"
		return
	}
	e.Kind = KindLimit
}

// connection classifies what is left: the session is over.
func (e *Error) connection() {
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	e.Fatal = true
	e.Temporary = errors.As(e.Err, &temporary) && temporary.Temporary()
	switch {
	case isTLS(e.Err):
		e.Kind = KindTLS
	case errors.Is(e.Err, pop3.ErrClosed), errors.Is(e.Err, pop3.ErrBroken):
		e.Kind = KindClosed
	case errors.As(e.Err, &timeout) && timeout.Timeout(), errors.Is(e.Err, os.ErrDeadlineExceeded):
		e.Kind = KindTimeout
		e.Message = "timed out: " + e.Message
	default:
		e.Kind = KindSocket
	}
}

// isTLS reports whether err comes from TLS. Alerts after the handshake have a
// type that crypto/tls keeps to itself; its texts all begin alike.
func isTLS(err error) bool {
	var handshake *pop3.TLSError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &handshake) || errors.As(err, &record) || errors.As(err, &alert) ||
		errors.As(err, &certificate) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || strings.Contains(err.Error(), "tls: ")
}

// capaError has poplib's text for whatever is wrong with CAPA.
func capaError(err error) error {
	e := newError(err)
	if e.Kind == KindErrorProto {
		e.Message = "-ERR CAPA not supported by server"
	}
	return e
}

// statError has poplib's texts for a drop listing that is none.
func statError(err error) error {
	e := newError(err)
	var malformed *pop3.ProtocolError
	if errors.As(err, &malformed) && strings.HasPrefix(malformed.Line, "+") {
		e.Message = "Invalid STAT response data: non-numeric values"
		if len(strings.Fields(malformed.Line)) < 3 {
			e.Message = "Invalid STAT response format"
		}
	}
	return e
}
