package login

import (
	"errors"
	"fmt"

	"github.com/popherd/popherd/pop3"
)

// Refused here, before anything is sent.
var (
	errNoPassword = errors.New("there is no password")
	errNoToken    = errors.New("there is no access token")
	errNoTLS      = errors.New("a -plus method needs TLS to be bound to")
)

// UnofferedError is a method that the server does not offer. Nothing was sent
// but CAPA.
type UnofferedError struct {
	Method  Method   // the one wanted; Auto if nothing offered will do
	Offered []Method // strongest first
}

// Error implements error.
func (e *UnofferedError) Error() string {
	if e.Method == Auto {
		return "login: the server offers no method that fits"
	}
	return fmt.Sprintf("login: %s: the server does not offer it", e.Method)
}

// Hint names what the server offers.
func (e *UnofferedError) Hint() string {
	if len(e.Offered) == 0 {
		return "the server offers no method that popherd knows"
	}
	return fmt.Sprintf("the server offers %s; set auth to one of these, or to \"auto\"", join(e.Offered))
}

// ServerError is a server that does not prove that it knows the password, as
// SCRAM has it do: it may be another than it says. The session is closed.
type ServerError struct {
	Method Method
	Reason string
}

// Error implements error.
func (e *ServerError) Error() string {
	return fmt.Sprintf("login: %s: the server is not who it should be: %s", e.Method, e.Reason)
}

// Hint warns of the way out that suggests itself.
func (e *ServerError) Hint() string {
	return "somebody may be standing between; do not give the password in another way before you know"
}

// ChallengeError is a challenge that makes no sense, or that must not be
// answered. The exchange was cancelled.
type ChallengeError struct {
	Method Method
	Reason string
}

// Error implements error.
func (e *ChallengeError) Error() string {
	return fmt.Sprintf("login: %s: the server's challenge %s", e.Method, e.Reason)
}

// TokenRefusedError is an access token that the server did not take; another
// may do.
type TokenRefusedError struct {
	Method Method
	Status string // as the server's error challenge has it, such as "400" or "invalid_token"; "" for none
	Scope  string // that a token must have, likewise
	Err    *pop3.Error
}

// Error implements error.
func (e *TokenRefusedError) Error() string {
	if e.Status == "" {
		return fmt.Sprintf("login: %s: the access token was refused: %v", e.Method, e.Err)
	}
	return fmt.Sprintf("login: %s: the access token was refused (status %s): %v", e.Method, e.Status, e.Err)
}

// Unwrap returns the server's refusal.
func (e *TokenRefusedError) Unwrap() error { return e.Err }

// Hint says how to get another.
func (e *TokenRefusedError) Hint() string {
	if e.Scope != "" {
		return fmt.Sprintf("the token must have the scope %q; get another by popherd accounts login", e.Scope)
	}
	return "get another by popherd accounts login"
}

// bindingError is a SCRAM refusal that says why.
type bindingError struct {
	method Method
	reason string // a word of RFC 5802 §7
	err    error
}

func (e *bindingError) Error() string {
	return fmt.Sprintf("login: %s: refused (%s): %v", e.method, e.reason, e.err)
}

func (e *bindingError) Unwrap() error { return e.err }

// Hint tells of the one reason that is a warning.
func (e *bindingError) Hint() string {
	switch e.reason {
	case "server-does-support-channel-binding":
		return "the server offers a -plus method, but its list arrived without: somebody may be standing between"
	case "channel-bindings-dont-match":
		return "the server sees another TLS connection than popherd: somebody may be standing between"
	case "unsupported-channel-binding-type", "channel-binding-not-supported":
		return "the server's channel binding is another; use the method without -plus"
	}
	return ""
}
