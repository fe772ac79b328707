package login

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// A Credential is who logs in, and by what. Of the secrets one is enough.
type Credential struct {
	User     string
	Password secret.Secret
	Token    secret.Secret // an OAuth2 access token
}

// Login logs in with that method, or fails; it never tries another. used is m,
// or the one that Auto chose, also when it failed. A method that the server
// does not offer is an *UnofferedError; but where no SASL capability is listed
// at all a mechanism is tried, as RFC 5034 §3 permits, unless Auto would have
// to choose it. A refusal is a *pop3.Error, within a *TokenRefusedError for a
// token.
func Login(ctx context.Context, c *pop3.Client, m Method, cred Credential) (used Method, err error) {
	if err := check(m, cred); err != nil {
		return m, err
	}
	switch m { // these need no CAPA, which some old servers choke on
	case UserPass:
		return m, c.Login(ctx, cred.User, cred.Password.Reveal())
	case APOP:
		return m, apop(ctx, c, cred)
	}
	caps, err := capabilities(ctx, c)
	if err != nil {
		return m, err
	}
	s := &session{client: c, caps: caps, listed: mechanisms(caps)}
	_, s.secure = c.TLS()
	if m != Auto {
		return m, s.authenticate(ctx, m, cred)
	}
	m, ok := s.choose(cred)
	switch {
	case !ok:
		return Auto, s.unoffered(Auto)
	case m.mechanism() == "":
		return Login(ctx, c, m, cred)
	}
	return m, s.authenticate(ctx, m, cred)
}

// check refuses what cannot be sent, or is not there.
func check(m Method, cred Credential) error {
	if !slices.Contains(Methods(), m) {
		return &UnknownMethodError{Name: string(m)}
	}
	for i := range len(cred.User) {
		if cred.User[i] < ' ' || cred.User[i] == 0x7F {
			return fmt.Errorf("login: %s: the user has a control character", m)
		}
	}
	switch need := m.Needs(); {
	case m == Auto:
	case need == NeedPassword && cred.Password.IsZero():
		return fmt.Errorf("login: %s: %w", m, errNoPassword)
	case need == NeedToken && cred.Token.IsZero():
		return fmt.Errorf("login: %s: %w", m, errNoToken)
	}
	return nil
}

// apop is APOP, which only the greeting offers.
func apop(ctx context.Context, c *pop3.Client, cred Credential) error {
	_, err := c.APOP(ctx, cred.User, cred.Password.Reveal())
	if !errors.Is(err, pop3.ErrNoAPOP) {
		return err
	}
	caps, err := capabilities(ctx, c)
	if err != nil {
		return err
	}
	_, secure := c.TLS()
	offered := slices.DeleteFunc(offered(caps, c.Greeting(), secure), func(m Method) bool { return m == APOP })
	return &UnofferedError{Method: APOP, Offered: offered}
}

// A session is a client and what its server offers.
type session struct {
	client *pop3.Client
	secure bool
	caps   pop3.Capabilities
	listed []string // SASL mechanisms
}

// unoffered is the error of a method that the server does not offer.
func (s *session) unoffered(m Method) error {
	return &UnofferedError{Method: m, Offered: offered(s.caps, s.client.Greeting(), s.secure)}
}

// choose returns the strongest method that the server offers and cred serves:
// a token before a password, a certificate only without either.
func (s *session) choose(cred Credential) (Method, bool) {
	need := NeedNothing
	switch {
	case !cred.Token.IsZero():
		need = NeedToken
	case !cred.Password.IsZero():
		need = NeedPassword
	}
	for _, m := range offered(s.caps, s.client.Greeting(), s.secure) {
		if m.Needs() != need {
			continue
		}
		if m.plus() {
			if _, err := bind(s.client); err != nil {
				continue
			}
		}
		return m, true
	}
	return "", false
}

// authenticate runs the exchange of a SASL mechanism.
func (s *session) authenticate(ctx context.Context, m Method, cred Credential) error {
	if len(s.listed) > 0 && !slices.Contains(s.listed, m.mechanism()) {
		return s.unoffered(m)
	}
	mechanism, err := s.mechanism(m, cred)
	if err != nil {
		return err
	}
	var sent pop3.Mechanism = mechanism
	if len(s.listed) == 0 || m.Needs() == NeedToken {
		// Outlook takes XOAUTH2 in two lines only; a server that lists nothing
		// may not know of initial responses, which RFC 5034 added.
		sent = &held{mechanism: mechanism}
	}
	_, err = s.client.Authenticate(ctx, sent)
	err = mechanism.end(err)
	if fraud := (*ServerError)(nil); errors.As(err, &fraud) {
		s.client.Close()
	}
	return err
}

// mechanism makes the exchange of a method.
func (s *session) mechanism(m Method, cred Credential) (mechanism, error) {
	switch m {
	case Plain:
		return plain{pop3.Plain("", cred.User, cred.Password.Reveal()), cred.Password}, nil
	case LegacyLogin:
		return &legacy{cred: cred}, nil
	case CRAMMD5:
		return &cram{cred: cred}, nil
	case XOAUTH2, OAuthBearer:
		return newBearer(m, cred, s.host())
	case External:
		return external{cred.User}, nil
	}
	return newSCRAM(m, cred, s.binding)
}

// host is the name in the server's certificate, or "".
func (s *session) host() string {
	state, _ := s.client.TLS()
	return state.ServerName
}
