package pop3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/popherd/popherd/pop3/internal/wire"
)

var (
	// ErrClosed is returned by every command after Quit or Close.
	ErrClosed = errors.New("pop3: session is closed")

	// ErrBroken is returned by every command after a reply could not be read
	// whole: the stream is out of step and nothing more can be trusted on it.
	ErrBroken = errors.New("pop3: session is out of step")

	// ErrBusy is returned when a command is given before the Text of the one
	// before it was read to its end or closed, or while a Pipeline has
	// commands in flight.
	ErrBusy = errors.New("pop3: the text of the command before is still open")

	// ErrPlaintext is returned, and nothing sent, for every command but CAPA,
	// STLS and QUIT on a session that TLS does not protect. See
	// Options.InsecureAllowPlaintext.
	ErrPlaintext = errors.New("pop3: refusing to authenticate without TLS")

	// ErrNoSTLS is returned by STLS when the server does not offer it.
	ErrNoSTLS = errors.New("pop3: the server does not offer STLS")

	// ErrTLSActive is returned by STLS on a session that has TLS already.
	ErrTLSActive = errors.New("pop3: the session has TLS already")

	// ErrCommitUnknown is returned by Quit when messages were marked, QUIT was
	// sent and its reply was lost: the server may or may not have removed them.
	ErrCommitUnknown = errors.New("pop3: QUIT was not answered, deletions may or may not be done")
)

// A ResponseCode is the machine-readable part of a reply, in upper case, as in
// "-ERR [IN-USE] maildrop locked" (RFC 2449 §8, RFC 3206, RFC 6856).
type ResponseCode string

// The response codes of the RFCs.
const (
	CodeInUse      ResponseCode = "IN-USE"
	CodeLoginDelay ResponseCode = "LOGIN-DELAY"
	CodeSysTemp    ResponseCode = "SYS/TEMP"
	CodeSysPerm    ResponseCode = "SYS/PERM"
	CodeAuth       ResponseCode = "AUTH"
	CodeUTF8       ResponseCode = "UTF8"
)

// Error is a negative reply: the server understood and said no. The session
// can go on.
type Error struct {
	Command string       // the command refused, without secrets: "PASS", "RETR 7"
	Code    ResponseCode // empty if the server sent none
	Text    string       // the rest of the line, meant for people; secrets replaced
	Line    string       // the whole line, "-ERR ..."; secrets replaced
}

// Error implements error.
func (e *Error) Error() string {
	if e.Code != "" {
		return fmt.Sprintf("pop3: %s: [%s] %s", e.Command, e.Code, e.Text)
	}
	return fmt.Sprintf("pop3: %s: %s", e.Command, e.Text)
}

// Temporary reports whether the same command may succeed later.
func (e *Error) Temporary() bool {
	switch e.Code {
	case CodeInUse, CodeLoginDelay, CodeSysTemp:
		return true
	}
	return false
}

// ProtocolError is a reply that is not POP3, or none at all. The session is
// dead.
type ProtocolError struct {
	Command string // without secrets; "greeting" for the first line
	Line    string // what the server sent, shortened, secrets replaced; may be empty
	Reason  string // what is wrong with it
	Err     error  // the cause, io.ErrUnexpectedEOF for an early end; may be nil
	Ahead   int    // commands that were unanswered then, of those sent ahead of their answers
}

// Error implements error.
func (e *ProtocolError) Error() string {
	text := fmt.Sprintf("pop3: %s: %s", e.Command, e.Reason)
	if e.Line != "" {
		text += fmt.Sprintf(": %q", e.Line)
	}
	return text + aheadNote(e.Ahead)
}

// Unwrap returns the cause.
func (e *ProtocolError) Unwrap() error { return e.Err }

// ArgumentError is a command refused here, before anything was sent. The
// session can go on.
type ArgumentError struct {
	Command  string // the verb: "RETR"
	Argument string // which argument: "message-number"; never its value, which may be a secret
	Reason   string // "has a control character", "is not positive"
}

// Error implements error.
func (e *ArgumentError) Error() string {
	return fmt.Sprintf("pop3: %s: %s %s", e.Command, e.Argument, e.Reason)
}

// TimeoutError is a wait that passed its limit. The session is dead.
type TimeoutError struct {
	Op    string        // what was waited for: "connect", "handshake", "command", "read", "session", "throughput"
	Limit time.Duration // the timeout that was passed; 0 if it was a context's
	Ahead int           // commands that were unanswered then, of those sent ahead of their answers
}

// Error implements error.
func (e *TimeoutError) Error() string {
	if e.Limit == 0 {
		return fmt.Sprintf("pop3: %s: deadline exceeded", e.Op)
	}
	return fmt.Sprintf("pop3: %s: no answer within %v", e.Op, e.Limit) + aheadNote(e.Ahead)
}

// Timeout returns true, as in net.Error.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary returns true: another session may be answered in time.
func (e *TimeoutError) Temporary() bool { return true }

// Is makes errors.Is(e, os.ErrDeadlineExceeded) hold, and the same for
// context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded || target == context.DeadlineExceeded
}

// TLSError is a handshake that failed: the certificate, the version, or a peer
// that does not speak TLS. The session is dead.
type TLSError struct {
	Err error // crypto/tls's or the network's
}

// Error implements error.
func (e *TLSError) Error() string { return "pop3: handshake: " + e.Err.Error() }

// Unwrap returns Err.
func (e *TLSError) Unwrap() error { return e.Err }

// LimitError is a reply larger than Options allows. The session is dead.
type LimitError struct {
	Command string // without secrets
	What    string // "status line", "message", "listing"
	Limit   int64  // octets
}

// Error implements error.
func (e *LimitError) Error() string {
	return fmt.Sprintf("pop3: %s: %s is longer than %d octets", e.Command, e.What, e.Limit)
}

// readError names what went wrong in reading command's reply. What is not
// framing is the connection's own error and is kept.
func readError(command, what string, limit int64, err error) error {
	switch {
	case errors.Is(err, wire.ErrTooLong):
		return &LimitError{Command: command, What: what, Limit: limit}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &ProtocolError{Command: command, Reason: "the server closed the connection", Err: io.ErrUnexpectedEOF}
	}
	return &readingError{command, err}
}

// readingError is the connection's own error in reading command's reply.
type readingError struct {
	command string
	err     error
}

func (e *readingError) Error() string { return "pop3: " + e.command + ": " + e.err.Error() }
func (e *readingError) Unwrap() error { return e.err }

// shorten keeps a foreign line fit for an error.
func shorten(line string) string {
	const most = 200
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + "..."
	}
	return line
}
