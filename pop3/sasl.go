package pop3

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A Mechanism is the client's side of a SASL exchange. It has the method set
// of emersion/go-sasl's Client, whose mechanisms can be used as they are. One
// that also has a method Secrets() []string has them replaced in traces and
// errors should the server repeat them, be it within a challenge's base64.
type Mechanism interface {
	// Start returns the mechanism's name and its initial response: nil for
	// none, empty for an empty one.
	Start() (mech string, ir []byte, err error)
	// Next answers one challenge. An error cancels the exchange.
	Next(challenge []byte) (response []byte, err error)
}

const (
	maxMechanism  = 20 // octets of a name, RFC 4422 §3.1
	maxChallenges = 16
	maxResponse   = 12288 // octets of one base64 line, as RFC 4954 §4 has it
)

// Authenticate logs in with AUTH (RFC 5034) and returns the server's line. An
// initial response goes with the command if the line stays within 255 octets,
// else in answer to the first, empty challenge.
func (c *Client) Authenticate(ctx context.Context, m Mechanism) (string, error) {
	mech, initial, err := m.Start()
	if err != nil {
		return "", fmt.Errorf("pop3: AUTH: %w", err)
	}
	if mech == "" || len(mech) > maxMechanism || strings.ContainsFunc(mech, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", &ArgumentError{Command: "AUTH", Argument: "mechanism", Reason: "is not one word of ASCII, of 20 octets at most"}
	}
	if s, ok := m.(interface{ Secrets() []string }); ok {
		for _, secret := range s.Secrets() {
			c.secrets.add(secret)
			for _, form := range encodings(secret) {
				c.secrets.add(form)
			}
		}
	}
	defer c.stream.watch(ctx)()
	args := []string{mech}
	if initial != nil {
		response := encodeInitial(initial)
		if len(initial) > 0 {
			c.secrets.add(response)
		}
		if len("AUTH  \r\n")+len(mech)+len(response) <= commandLimit {
			args = append(args, response)
			initial = nil
		}
	}
	if _, err := c.send(ctx, "AUTH", args); err != nil {
		return "", err
	}
	return c.exchange(ctx, "AUTH "+mech, m, initial)
}

// encodings are what stays the same of a secret in base64, whatever stands
// before and after it: a challenge may have it in its middle.
func encodings(secret string) []string {
	if len(secret) < shortSecret {
		return nil
	}
	var forms []string
	for before := range 3 {
		padded := append(make([]byte, before), secret...)
		first := (8*before + 5) / 6 // the first digit of the secret's bits alone
		last := len(padded) * 8 / 6 // behind the last
		forms = append(forms, base64.StdEncoding.EncodeToString(padded)[first:last])
	}
	return forms
}

// encodeInitial is base64, and "=" for an empty response (RFC 5034 §4).
func encodeInitial(response []byte) string {
	if len(response) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(response)
}

// exchange answers challenges until the server says yes or no. first, if not
// nil, is an initial response that was not sent yet.
func (c *Client) exchange(ctx context.Context, name string, m Mechanism, first []byte) (string, error) {
	for range maxChallenges {
		line, err := c.readUntraced(ctx, name)
		if err != nil {
			return "", err
		}
		encoded, challenged := challenge(line)
		c.trace(TraceEvent{Line: c.visibleChallenge(line)})
		if !challenged {
			if err := c.checkStatus(ctx, name, line); err != nil {
				return "", err
			}
			c.enter("AUTH")
			return line, nil
		}
		response, err := answer(m, encoded, first)
		first = nil
		if err != nil {
			return "", c.cancelAuth(ctx, name, err)
		}
		c.secrets.add(response)
		if err := c.respond(ctx, name, response); err != nil {
			return "", err
		}
	}
	return "", c.fail(ctx, &ProtocolError{Command: name, Reason: "the server does not end its challenges"})
}

// visibleChallenge is a line of the exchange for traces. A challenge is hidden:
// with what SCRAM's tell, a password can be guessed at leisure.
func (c *Client) visibleChallenge(line string) string {
	if encoded, challenged := challenge(line); challenged && encoded != "" {
		return "+ " + hidden
	}
	return c.secrets.redact(line)
}

// challenge takes "+ base64" apart. "+OK" is no challenge; a bare "+" is an
// empty one, which some servers send.
func challenge(line string) (encoded string, ok bool) {
	if line == "+" {
		return "", true
	}
	return strings.CutPrefix(line, "+ ")
}

// answer decodes a challenge and has m answer it.
func answer(m Mechanism, encoded string, first []byte) (string, error) {
	octets, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return "", errors.New("the challenge is not base64")
	}
	if first != nil && len(octets) > 0 {
		return "", errors.New("a challenge came where an initial response was due")
	}
	response := first
	if first == nil {
		if response, err = m.Next(octets); err != nil {
			return "", err
		}
	}
	encodedResponse := base64.StdEncoding.EncodeToString(response)
	if len(encodedResponse) > maxResponse {
		return "", errors.New("the response is too long")
	}
	return encodedResponse, nil
}

// respond sends one line of the exchange.
func (c *Client) respond(ctx context.Context, name, response string) error {
	if err := c.unasked(ctx, name); err != nil {
		return err
	}
	c.trace(TraceEvent{Sent: true, Line: hidden})
	if _, err := c.stream.Write([]byte(response + "\r\n")); err != nil {
		return c.fail(ctx, readError(name, "response", maxResponse, err))
	}
	return nil
}

// cancelAuth gives the exchange up with "*" (RFC 5034 §4) and returns cause.
func (c *Client) cancelAuth(ctx context.Context, name string, cause error) error {
	if err := c.respond(ctx, name, "*"); err != nil {
		return err
	}
	line, err := c.readLine(ctx, name)
	if err != nil {
		return err
	}
	if status, err := wire.ParseStatus(line); err != nil || status.OK {
		return c.fail(ctx, &ProtocolError{Command: name, Line: shorten(c.secrets.redact(line)), Reason: "a cancelled exchange was not refused"})
	}
	return fmt.Errorf("pop3: %s: %w", name, cause)
}

// Plain is SASL PLAIN (RFC 4616): identity, mostly empty, is whom to act as.
func Plain(identity, username, password string) Mechanism {
	return plain{identity, username, password}
}

type plain struct{ identity, username, password string }

func (p plain) Start() (string, []byte, error) {
	for _, s := range []string{p.identity, p.username, p.password} {
		if strings.IndexByte(s, 0) >= 0 {
			return "", nil, errors.New("a name or password cannot have a NUL")
		}
	}
	return "PLAIN", []byte(p.identity + "\x00" + p.username + "\x00" + p.password), nil
}

// Secrets tells the client what no trace and no error may show.
func (p plain) Secrets() []string { return []string{p.password} }

func (p plain) Next([]byte) ([]byte, error) {
	return nil, errors.New("the server sent a challenge, which PLAIN has none of")
}
