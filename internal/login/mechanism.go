package login

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"

	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// A mechanism is a SASL mechanism that has the last word on its exchange.
type mechanism interface {
	pop3.Mechanism
	Secrets() []string
	// end judges the exchange by its error, or lack of one.
	end(err error) error
}

// held is a mechanism whose initial response goes in answer to the first,
// empty challenge, never with the command.
type held struct {
	mechanism
	initial []byte
}

// Start implements pop3.Mechanism.
func (h *held) Start() (string, []byte, error) {
	name, initial, err := h.mechanism.Start()
	h.initial = initial
	return name, nil, err
}

// Next implements pop3.Mechanism.
func (h *held) Next(challenge []byte) ([]byte, error) {
	initial := h.initial
	if initial == nil {
		return h.mechanism.Next(challenge)
	}
	if len(challenge) > 0 {
		return nil, errEarly
	}
	h.initial = nil
	if s, ok := h.mechanism.(interface{ sent() }); ok {
		s.sent()
	}
	return initial, nil
}

// plain is PLAIN (RFC 4616).
type plain struct {
	pop3.Mechanism
	password secret.Secret
}

func (p plain) Secrets() []string { return []string{p.password.Reveal()} }
func (plain) end(err error) error { return err }

// legacy is LOGIN: the user, then the password, whatever the prompts say,
// which differs from server to server.
type legacy struct {
	cred  Credential
	asked int
}

func (l *legacy) Start() (string, []byte, error) { return LegacyLogin.mechanism(), nil, nil }

func (l *legacy) Next([]byte) ([]byte, error) {
	l.asked++
	switch l.asked {
	case 1:
		return []byte(l.cred.User), nil
	case 2:
		return []byte(l.cred.Password.Reveal()), nil
	}
	return nil, &ChallengeError{LegacyLogin, "is one too many"}
}

func (l *legacy) Secrets() []string { return []string{l.cred.Password.Reveal()} }
func (*legacy) end(err error) error { return err }

// cram is CRAM-MD5 (RFC 2195).
type cram struct {
	cred     Credential
	answered bool
}

func (*cram) Start() (string, []byte, error) { return CRAMMD5.mechanism(), nil, nil }

// Next answers the challenge. A server that sends none would have the same
// digest from everybody with this password.
func (c *cram) Next(challenge []byte) ([]byte, error) {
	switch {
	case c.answered:
		return nil, &ChallengeError{CRAMMD5, "is one too many"}
	case len(challenge) == 0:
		return nil, &ChallengeError{CRAMMD5, "is empty"}
	}
	c.answered = true
	mac := hmac.New(md5.New, []byte(c.cred.Password.Reveal()))
	mac.Write(challenge)
	return []byte(c.cred.User + " " + hex.EncodeToString(mac.Sum(nil))), nil
}

func (c *cram) Secrets() []string { return []string{c.cred.Password.Reveal()} }
func (*cram) end(err error) error { return err }

// external is EXTERNAL (RFC 4422 appendix A): the client's certificate says who
// it is, and user whom it acts as, "" for the same.
type external struct{ user string }

func (e external) Start() (string, []byte, error) {
	return External.mechanism(), []byte(e.user), nil
}

func (external) Next([]byte) ([]byte, error) {
	return nil, &ChallengeError{External, "is one too many"}
}

func (external) Secrets() []string   { return nil }
func (external) end(err error) error { return err }
