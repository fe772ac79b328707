package login

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// Bounds of what a server may ask for. RFC 7677 §4 has the least number of
// iterations; at the most a login takes a few seconds of work.
const (
	minIterations = 4096
	maxIterations = 10_000_000
	maxSCRAM      = 4096 // octets of a message
)

// exchange is SCRAM (RFC 5802, RFC 7677), whose last word is the server's
// proof that it knows the password too.
type exchange struct {
	method   Method
	password secret.Secret
	*scram.ClientConversation
	nonce  string // ours
	step   int
	reason string // of the server's refusal
}

// newSCRAM makes an exchange; binding says how it is tied to TLS.
func newSCRAM(m Method, cred Credential, binding func(Method) (gs2, error)) (*exchange, error) {
	hash := scram.SHA256
	if m == SCRAMSHA1 || m == SCRAMSHA1Plus {
		hash = scram.SHA1
	}
	// Not the library's error: it may quote what it cannot prepare.
	client, err := hash.NewClient(cred.User, cred.Password.Reveal(), "")
	if err != nil {
		return nil, fmt.Errorf("login: %s: the user or password has a character that SASLprep (RFC 4013) forbids", m)
	}
	bound, err := binding(m)
	if err != nil {
		return nil, err
	}
	return &exchange{method: m, password: cred.Password, ClientConversation: bound.start(client.WithMinIterations(minIterations))}, nil
}

// Start implements pop3.Mechanism.
func (e *exchange) Start() (string, []byte, error) {
	first, err := e.Step("")
	if err != nil {
		return "", nil, fmt.Errorf("login: %s: %w", e.method, err)
	}
	_, e.nonce, _ = strings.Cut(first, ",r=")
	return e.method.mechanism(), []byte(first), nil
}

// Next implements pop3.Mechanism. The library's errors quote the server, and
// so are not passed on.
func (e *exchange) Next(challenge []byte) ([]byte, error) {
	message := string(challenge)
	e.step++
	switch {
	case e.step > 2 || e.reason != "":
		return nil, &ChallengeError{e.method, "is one too many"}
	case strings.HasPrefix(message, "e="):
		e.reason = serverReason(message)
		return []byte{}, nil // the server has its -ERR ready
	case e.step == 1:
		if reason := e.refuse(message); reason != "" {
			return nil, &ChallengeError{e.method, reason}
		}
		final, err := e.Step(message)
		if err != nil {
			return nil, &ChallengeError{e.method, "is not SCRAM's"}
		}
		return []byte(final), nil
	}
	if _, err := e.Step(message); err != nil || !e.Valid() {
		return nil, &ServerError{e.method, "its signature is wrong"}
	}
	return []byte{}, nil
}

// refuse says what is wrong with the server's first message, "r=...,s=...,i=...".
func (e *exchange) refuse(message string) string {
	if len(message) > maxSCRAM {
		return "is too long"
	}
	fields := strings.Split(message, ",")
	if len(fields) < 3 || strings.HasPrefix(message, "m=") {
		return "is not SCRAM's"
	}
	nonce, ok1 := strings.CutPrefix(fields[0], "r=")
	salt, ok2 := strings.CutPrefix(fields[1], "s=")
	count, ok3 := strings.CutPrefix(fields[2], "i=")
	if !ok1 || !ok2 || !ok3 || salt == "" {
		return "is not SCRAM's"
	}
	if !strings.HasPrefix(nonce, e.nonce) || nonce == e.nonce {
		return "does not extend the nonce"
	}
	n, err := strconv.ParseUint(count, 10, 32)
	switch {
	case err != nil:
		return "has no number of iterations"
	case n < minIterations:
		return fmt.Sprintf("asks for %d iterations, fewer than %d", n, minIterations)
	case n > maxIterations:
		return fmt.Sprintf("asks for %d iterations, more than %d", n, maxIterations)
	}
	return ""
}

// serverReason is the word of "e=word,...", if it is one of RFC 5802 §7.
func serverReason(message string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(message, "e="), ",")
	switch word {
	case "invalid-encoding", "extensions-not-supported", "invalid-proof", "channel-bindings-dont-match",
		"server-does-support-channel-binding", "channel-binding-not-supported", "unsupported-channel-binding-type",
		"unknown-user", "invalid-username-encoding", "no-resources":
		return word
	}
	return "other-error"
}

// Secrets tells pop3 what no trace and no error may show.
func (e *exchange) Secrets() []string { return []string{e.password.Reveal()} }

// end demands the server's proof of a login that succeeded.
func (e *exchange) end(err error) error {
	if err == nil && !e.Valid() {
		return &ServerError{e.method, "it took the login without its signature"}
	}
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) && e.reason != "" {
		return &bindingError{e.method, e.reason, err}
	}
	return err
}
