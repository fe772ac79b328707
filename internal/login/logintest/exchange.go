package logintest

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/popherd/popherd/pop3/pop3server"
)

// legacy is LOGIN.
type legacy struct {
	s     *session
	enter enter
	asked bool
	user  *string
}

// Next implements pop3server.SASLExchange.
func (l *legacy) Next(response []byte) ([]byte, bool, error) {
	switch {
	case response == nil && !l.asked:
		l.asked = true
		return []byte("User Name\x00"), false, nil // as Exchange has it
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password\x00"), false, nil
	}
	u, ok := l.s.server.user(*l.user)
	password := string(response)
	return nil, true, l.enter(*l.user, password, ok && u.Password != "" && password == u.Password)
}

// cram is CRAM-MD5 (RFC 2195).
type cram struct {
	s     *session
	enter enter
	asked bool
}

// timestamp is RFC 2195's example: a test wants nothing random.
const timestamp = "<1896.697170952@postoffice.reston.mci.net>"

// Next implements pop3server.SASLExchange.
func (c *cram) Next(response []byte) ([]byte, bool, error) {
	if !c.asked {
		c.asked = true
		return []byte(timestamp), false, nil
	}
	text := string(response)
	end := strings.LastIndexByte(text, ' ')
	user, digest := text[:max(end, 0)], text[end+1:]
	u, ok := c.s.server.user(user)
	mac := hmac.New(md5.New, []byte(u.Password))
	mac.Write([]byte(timestamp))
	return nil, true, c.enter(user, "", ok && digest == hex.EncodeToString(mac.Sum(nil)))
}

// external is EXTERNAL: the user is the certificate's common name.
type external struct {
	s     *session
	enter enter
	asked bool
}

// Next implements pop3server.SASLExchange.
func (e *external) Next(response []byte) ([]byte, bool, error) {
	if response == nil && !e.asked {
		e.asked = true
		return nil, false, nil
	}
	state, _ := e.s.conn.TLS()
	user := ""
	if len(state.PeerCertificates) > 0 {
		user = state.PeerCertificates[0].Subject.CommonName
	}
	identity := string(response)
	return nil, true, e.enter(user, "", user != "" && (identity == "" || identity == user))
}

// bearer is XOAUTH2 or OAUTHBEARER.
type bearer struct {
	s         *session
	mechanism string
	enter     enter
	asked     bool
	refused   error
	answer    string // that the error challenge must get
}

// Next implements pop3server.SASLExchange.
func (b *bearer) Next(response []byte) ([]byte, bool, error) {
	if b.refused != nil {
		if string(response) != b.answer {
			return nil, true, &pop3server.Error{Text: "the error challenge got no answer"}
		}
		return nil, true, b.refused
	}
	if response == nil && !b.asked {
		b.asked = true
		return nil, false, nil
	}
	user, token := b.parse(string(response))
	err := b.enter(user, token, b.good(user, token))
	if err == nil {
		return nil, true, nil
	}
	b.refused = err
	status := map[string]string{"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"}
	if b.mechanism == "OAUTHBEARER" {
		status["status"], b.answer = "invalid_token", "\x01"
	}
	if b.s.server.options.Fault == EchoSecret {
		status["status"] += " " + token
	}
	challenge, err := json.Marshal(status)
	return challenge, err != nil, err
}

// parse takes a response apart: "user=NAME^A..." or "n,a=NAME,^A...".
func (b *bearer) parse(response string) (user, token string) {
	for field := range strings.SplitSeq(response, "\x01") {
		if name, ok := strings.CutPrefix(field, "user="); ok && b.mechanism == "XOAUTH2" {
			user = name
		}
		if name, ok := strings.CutPrefix(field, "n,a="); ok && b.mechanism == "OAUTHBEARER" {
			name = strings.TrimSuffix(name, ",")
			user = strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)
		}
		if t, ok := strings.CutPrefix(field, "auth=Bearer "); ok {
			token = t
		}
	}
	return user, token
}

func (b *bearer) good(user, token string) bool {
	u, ok := b.s.server.user(user)
	if check := b.s.server.options.Token; check != nil {
		return ok && check(user, token)
	}
	return ok && u.Token != "" && token == u.Token
}
