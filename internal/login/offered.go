package login

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/popherd/popherd/pop3"
)

// overTLS and inClear rank the methods, strongest first. Under TLS APOP comes
// last: it keeps the password from a listener, of whom there is none, and has
// the server store it as it is. In the clear what does not show the password
// comes first, and nothing is bound to TLS.
var (
	overTLS = []Method{
		SCRAMSHA256Plus, SCRAMSHA256, SCRAMSHA1Plus, SCRAMSHA1, OAuthBearer, XOAUTH2, External,
		CRAMMD5, Plain, LegacyLogin, UserPass, APOP,
	}
	inClear = []Method{
		SCRAMSHA256, SCRAMSHA1, CRAMMD5, APOP, OAuthBearer, XOAUTH2, Plain, LegacyLogin, UserPass,
	}
)

// offered returns what the server offers, strongest first; Auto takes the
// first that the credential serves. caps is nil for a server without CAPA.
// One that lists neither SASL nor USER, of which there are many, is held to
// offer USER and PASS, as RFC 1939 has it.
func offered(caps pop3.Capabilities, greeting string, tls bool) []Method {
	rank := inClear
	if tls {
		rank = overTLS
	}
	listed := mechanisms(caps)
	var offered []Method
	for _, m := range rank {
		var has bool
		switch m {
		case UserPass:
			has = len(listed) == 0 || caps.Has("USER")
		case APOP:
			has = stamped(greeting)
		default:
			has = slices.Contains(listed, m.mechanism())
		}
		if has {
			offered = append(offered, m)
		}
	}
	return offered
}

// mechanisms returns what the SASL capability lists (RFC 5034 §3), in upper case.
func mechanisms(caps pop3.Capabilities) []string {
	var names []string
	for name, args := range caps {
		if strings.EqualFold(name, "SASL") {
			for _, arg := range args {
				names = append(names, strings.ToUpper(arg))
			}
		}
	}
	return names
}

// stamped reports whether a greeting has a timestamp, and so offers APOP. Of
// one that only looks like it pop3 says ErrNoAPOP.
func stamped(greeting string) bool {
	_, rest, open := strings.Cut(greeting, "<")
	stamp, _, end := strings.Cut(rest, ">")
	return open && end && stamp != "" && !strings.ContainsAny(stamp, " \t")
}

// capabilities asks for CAPA; a server without it has none.
func capabilities(ctx context.Context, c *pop3.Client) (pop3.Capabilities, error) {
	caps, err := c.Capabilities(ctx)
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
		return nil, nil
	}
	return caps, err
}
