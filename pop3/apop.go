package pop3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strings"
)

// ErrNoAPOP is returned by APOP when the greeting has no timestamp to answer.
var ErrNoAPOP = errors.New("pop3: the greeting has no APOP timestamp")

// APOP logs in with a digest of the greeting's timestamp and a shared secret
// (RFC 1939 §7), and returns the server's line. MD5 protects the secret from
// a listener at best: prefer TLS.
func (c *Client) APOP(ctx context.Context, name, secret string) (string, error) {
	stamp, ok := timestamp(c.greeting)
	if !ok {
		return "", ErrNoAPOP
	}
	c.secrets.add(secret)
	return c.Cmd(ctx, "APOP", name, digest(stamp, secret))
}

func digest(stamp, secret string) string {
	sum := md5.Sum([]byte(stamp + secret))
	return hex.EncodeToString(sum[:])
}

// timestamp finds the one <...> of a greeting, angle brackets included. Two,
// blanks or octets outside ASCII are refused: a forged timestamp of binary
// octets lets a man in the middle find the secret out (CVE-2007-1558). RFC
// 1939 wants the form of a msg-id, with "@"; as in poplib one without will do.
func timestamp(greeting string) (string, bool) {
	open := strings.IndexByte(greeting, '<')
	if open < len("+OK ") || strings.Count(greeting, "<") != 1 || strings.Count(greeting, ">") != 1 {
		return "", false
	}
	stamp := greeting[open:]
	end := strings.IndexByte(stamp, '>')
	if end < len("<x") {
		return "", false
	}
	stamp = stamp[:end+1]
	if strings.ContainsFunc(stamp, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", false
	}
	return stamp, true
}
