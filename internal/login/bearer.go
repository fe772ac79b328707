package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// errEarly is a challenge with content where the initial response is due.
var errEarly = errors.New("a challenge came where an initial response was due")

// bearer is XOAUTH2 (Google's and Microsoft's documents) or OAUTHBEARER (RFC
// 7628): a token, and on failure a challenge that says why, which must be
// answered before the server refuses.
type bearer struct {
	method     Method
	user, host string
	port       int // 0 leaves it out
	token      secret.Secret
	shown      bool // the token was sent
	refusal    *refusal
}

// refusal is the error challenge: JSON, of which scope is RFC 7628's and the
// rest may be anything.
type refusal struct{ status, scope string }

func newBearer(m Method, cred Credential, host string) (*bearer, error) {
	token := cred.Token.Reveal()
	// The characters of RFC 6750 §2.1; a ^A or line end would end the field.
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("login: %s: the access token has a blank or control character", m)
	}
	return &bearer{method: m, user: cred.User, host: host, token: cred.Token}, nil
}

// Start implements pop3.Mechanism.
func (b *bearer) Start() (string, []byte, error) {
	var text strings.Builder
	if b.method == XOAUTH2 {
		text.WriteString("user=" + b.user + "\x01")
	} else {
		name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(b.user) // RFC 5801 §4
		text.WriteString("n,a=" + name + ",\x01")
		if b.host != "" {
			text.WriteString("host=" + b.host + "\x01")
		}
		if b.port != 0 {
			fmt.Fprintf(&text, "port=%d\x01", b.port)
		}
	}
	text.WriteString("auth=Bearer " + b.token.Reveal() + "\x01\x01")
	return b.method.mechanism(), []byte(text.String()), nil
}

// sent is told that the initial response went out.
func (b *bearer) sent() { b.shown = true }

// Next answers the error challenge: by an empty line, or by ^A in RFC 7628.
func (b *bearer) Next(challenge []byte) ([]byte, error) {
	if b.refusal != nil {
		return nil, &ChallengeError{b.method, "is one too many"}
	}
	b.refusal = b.parse(challenge)
	if b.method == XOAUTH2 {
		return []byte{}, nil
	}
	return []byte("\x01"), nil
}

// parse takes an error challenge apart. One that is no JSON says nothing, but
// is a refusal all the same.
func (b *bearer) parse(challenge []byte) *refusal {
	const most = 8 << 10
	var fields struct{ Status, Scope any }
	if len(challenge) > most || json.Unmarshal(challenge, &fields) != nil {
		return &refusal{}
	}
	return &refusal{b.word(fields.Status), b.word(fields.Scope)}
}

// word makes a short, harmless text of a value in the challenge.
func (b *bearer) word(value any) string {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case float64:
		text = fmt.Sprint(v)
	}
	if token := b.token.Reveal(); token != "" {
		text = strings.ReplaceAll(text, token, "***")
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	const most = 100
	return strings.TrimSpace(text[:min(len(text), most)])
}

// Secrets tells pop3 what no trace and no error may show.
func (b *bearer) Secrets() []string { return []string{b.token.Reveal()} }

// end makes a *TokenRefusedError of a refusal, unless another token would fare
// no better: an outage, or a refusal of the mechanism before the token was sent.
func (b *bearer) end(err error) error {
	refused := (*pop3.Error)(nil)
	if !errors.As(err, &refused) || refused.Temporary() || !b.shown {
		return err
	}
	e := &TokenRefusedError{Method: b.method, Err: refused}
	switch {
	case b.refusal != nil:
		e.Status, e.Scope = b.refusal.status, b.refusal.scope
	case refused.Code != "" && refused.Code != pop3.CodeAuth:
		return err
	}
	return e
}
