package pop3server

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// maxResponse bounds the line of a client's response. RFC 5034 §4 frees it
// from the limit of command lines; RFC 4954 §4 has this figure.
const maxResponse = 12288 + len("\r\n")

// mechanisms are those that AUTH takes now, in upper case.
func (c *conn) mechanisms() []string {
	session, ok := c.session.(SessionSASL)
	if !ok {
		return []string{"PLAIN"}
	}
	var names []string
	for _, name := range session.Mechanisms() {
		names = append(names, strings.ToUpper(clean(name)))
	}
	return names
}

// auth answers AUTH (RFC 5034): PLAIN by itself, others by the Session.
func (c *conn) auth(arg string) error {
	fields := strings.Fields(arg)
	switch {
	case !c.passwordsAllowed():
		return c.needTLS()
	case len(fields) == 0 || len(fields) > 2:
		return c.wrong("a mechanism is wanted")
	}
	mechanism := strings.ToUpper(fields[0])
	if !slices.Contains(c.mechanisms(), mechanism) {
		return c.wrong("unknown mechanism")
	}
	if mechanism != "PLAIN" {
		return c.sasl(mechanism, fields[1:])
	}
	encoded := ""
	if len(fields) == 2 {
		encoded = fields[1]
	} else {
		var err error
		if encoded, err = c.ask(nil); err != nil {
			return err
		}
	}
	return c.plain(encoded)
}

// ask sends a challenge and returns the client's line.
func (c *conn) ask(challenge []byte) (encoded string, err error) {
	c.stream.replies.WriteString("+ " + base64.StdEncoding.EncodeToString(challenge) + "\r\n")
	return c.line(maxResponse)
}

// Refusals of a line that is no response, and the end of an exchange that has none.
var (
	errCancelled = errors.New("cancelled")
	errBase64    = errors.New("not base64")
	errExchange  = errors.New("too many challenges")
)

// decode takes a response apart. "*" cancels. No response is nil, which an
// empty one is not.
func decode(encoded string) ([]byte, error) {
	if encoded == "*" {
		return nil, errCancelled
	}
	response, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
		return nil, errBase64
	}
	return append([]byte{}, response...), nil
}

// decodeInitial is decode of what came with the command, where "=" stands for
// an empty response (RFC 5034 §4).
func decodeInitial(fields []string) ([]byte, error) {
	switch {
	case len(fields) == 0:
		return nil, nil
	case fields[0] == "=":
		return []byte{}, nil
	}
	return decode(fields[0])
}

// maxExchange bounds the challenges of a Session that does not end them.
const maxExchange = 1000

// sasl has the Session's exchange answer the client's responses, and logs in
// if it says so.
func (c *conn) sasl(mechanism string, initial []string) error {
	op := "AUTH " + mechanism
	exchange, err := c.session.(SessionSASL).SASL(c.ctx, mechanism)
	if err != nil {
		return c.login(op, "", func() error { return err })
	}
	response, err := decodeInitial(initial)
	for range maxExchange {
		if err != nil {
			return c.wrong(err.Error())
		}
		challenge, done, failure := exchange.Next(response)
		if failure != nil || done && len(challenge) == 0 {
			return c.login(op, "", func() error { return failure })
		}
		encoded, failure := c.ask(challenge)
		if failure != nil {
			return failure
		}
		if done {
			return c.finish(op, encoded)
		}
		response, err = decode(encoded)
	}
	c.err("", errExchange.Error())
	return errExchange
}

// finish logs in after the last word of an exchange, which went out as a
// challenge (RFC 5034 §4) and is answered by an empty line. Upon anything else
// the connection ends: the Session has opened the maildrop already.
func (c *conn) finish(op, encoded string) error {
	if encoded != "" {
		c.err("", errCancelled.Error())
		return errCancelled
	}
	return c.login(op, "", func() error { return nil })
}

// plain answers the client's response: "*" cancels, "=" is an empty one.
func (c *conn) plain(encoded string) error {
	if encoded == "=" {
		encoded = ""
	}
	response, err := decode(encoded)
	if err != nil {
		return c.wrong(err.Error())
	}
	identity, rest, ok1 := strings.Cut(string(response), "\x00")
	user, password, ok2 := strings.Cut(rest, "\x00")
	if !ok1 || !ok2 || strings.IndexByte(password, 0) >= 0 || hasControl(user) {
		return c.wrong("not a PLAIN response")
	}
	if identity != "" && identity != user { // nobody may act as another
		user = ""
	}
	return c.loginPassword("AUTH PLAIN", user, password)
}
