package pop3server

import (
	"errors"
	"fmt"

	"github.com/popherd/popherd/pop3"
)

// ErrServerClosed is returned by Serve and ServeTLS after Close or Shutdown.
var ErrServerClosed = errors.New("pop3server: server closed")

// Refusals that a Session is likely to need.
var (
	// ErrAuth is a wrong user or password. Both get the same answer.
	ErrAuth error = &Error{Code: pop3.CodeAuth, Text: "wrong user or password"}

	// ErrInUse is a maildrop that another session holds (RFC 2449 §8.1.1).
	ErrInUse error = &Error{Code: pop3.CodeInUse, Text: "another session has the maildrop"}
)

// An Error is a refusal for the client to see: "-ERR [Code] Text". Any error of
// a Session that wraps one is sent so. An error that instead has a method
// ResponseCode() string is sent with that code and its own text. Of all other
// errors the client learns only [SYS/TEMP] and that the server failed; their
// text goes to the Logger.
type Error struct {
	Code pop3.ResponseCode // may be empty
	Text string            // for people, one line; control octets are sent as "?"
	Err  error             // the cause, for the Logger; may be nil
}

// Error implements error.
func (e *Error) Error() string {
	text := "pop3server: " + e.Text
	if e.Code != "" {
		text = fmt.Sprintf("pop3server: [%s] %s", e.Code, e.Text)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ResponseCode returns the code, empty for none.
func (e *Error) ResponseCode() string { return string(e.Code) }
