package login

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/popherd/popherd/pop3"
)

// gs2 is how an exchange is tied to TLS (RFC 5802 §6): bound to it, by flag
// "p"; or not, but able to, which is flag "y"; or not at all, "n".
type gs2 struct {
	bound scram.ChannelBinding
	able  bool
}

func (g gs2) start(c *scram.Client) *scram.ClientConversation {
	switch {
	case g.bound.IsSupported():
		return c.NewConversationWithChannelBinding(g.bound)
	case g.able:
		return c.NewConversationAdvertisingChannelBinding()
	}
	return c.NewConversation()
}

// binding decides how a SCRAM method is tied to the session's TLS. "y" tells a
// server whose -PLUS was cut from its list on the way that it was; where the
// list has a -PLUS that was not chosen, or is not there, it would be untrue.
func (s *session) binding(m Method) (gs2, error) {
	bound, err := bind(s.client)
	if m.plus() {
		if err != nil {
			return gs2{}, fmt.Errorf("login: %s: %w", m, err)
		}
		return gs2{bound: bound}, nil
	}
	plus := slices.ContainsFunc(s.listed, func(name string) bool { return strings.HasSuffix(name, "-PLUS") })
	return gs2{able: err == nil && len(s.listed) > 0 && !plus}, nil
}

// bind returns what names the session's TLS connection and no other:
// tls-exporter (RFC 9266) in TLS 1.3; in TLS 1.2 tls-unique if the master
// secret is extended, without which it can be forged (RFC 7627), else
// tls-server-end-point (RFC 5929).
func bind(c *pop3.Client) (scram.ChannelBinding, error) {
	state, ok := c.TLS()
	if !ok {
		return scram.ChannelBinding{}, errNoTLS
	}
	return bindTo(&state)
}

func bindTo(state *tls.ConnectionState) (scram.ChannelBinding, error) {
	// In TLS 1.2 this fails without the extended master secret.
	exported, err := scram.NewTLSExporterBinding(state)
	if err == nil && state.Version >= tls.VersionTLS13 {
		return exported, nil
	}
	return bindOld(state, err == nil)
}

// bindOld is bindTo for TLS 1.2, with or without an extended master secret.
func bindOld(state *tls.ConnectionState, extended bool) (scram.ChannelBinding, error) {
	if extended && len(state.TLSUnique) > 0 {
		return scram.NewTLSUniqueBinding(state.TLSUnique), nil
	}
	return scram.NewTLSServerEndpointBinding(state)
}
