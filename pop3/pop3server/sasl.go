package pop3server

import (
	"encoding/base64"
	"strings"
)

// maxResponse bounds the line of a client's response. RFC 5034 §4 frees it
// from the limit of command lines; RFC 4954 §4 has this figure.
const maxResponse = 12288 + len("\r\n")

// auth answers AUTH (RFC 5034) with PLAIN, the only mechanism there is.
func (c *conn) auth(arg string) error {
	fields := strings.Fields(arg)
	switch {
	case !c.passwordsAllowed():
		return c.needTLS()
	case len(fields) == 0 || len(fields) > 2:
		return c.wrong("a mechanism is wanted")
	case !strings.EqualFold(fields[0], "PLAIN"):
		return c.wrong("unknown mechanism")
	}
	encoded := ""
	if len(fields) == 2 {
		encoded = fields[1]
	} else {
		c.stream.replies.WriteString("+ \r\n") // an empty challenge
		var err error
		if encoded, err = c.line(maxResponse); err != nil {
			return err
		}
	}
	return c.plain(encoded)
}

// plain answers the client's response: "*" cancels, "=" is an empty one.
func (c *conn) plain(encoded string) error {
	switch encoded {
	case "*":
		return c.wrong("cancelled")
	case "=":
		encoded = ""
	}
	response, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // which the decoder skips
		return c.wrong("not base64")
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
