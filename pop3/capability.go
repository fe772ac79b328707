package pop3

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Capabilities are what CAPA lists (RFC 2449 §5): a capability's name, as
// sent, and its arguments. Of a name listed twice the last counts, as in
// poplib.
type Capabilities map[string][]string

// Has reports whether name is listed, in any case (RFC 2449 §3).
func (caps Capabilities) Has(name string) bool {
	for have := range caps {
		if strings.EqualFold(have, name) {
			return true
		}
	}
	return false
}

// Capabilities asks what the server can do in the session's present state. The
// answer is kept until STLS or login changes that state. A server without CAPA
// answers *Error.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	if c.caps != nil && c.ready() == nil {
		return c.caps, nil
	}
	caps := Capabilities{}
	_, err := c.listing(ctx, func(row string) error {
		if fields := strings.Fields(row); len(fields) > 0 {
			caps[fields[0]] = fields[1:]
		}
		return nil
	}, "CAPA")
	if err != nil {
		return nil, err
	}
	c.caps = caps
	c.loginDelay = caps.loginDelay()
	return caps, nil
}

// LoginDelay is how long the server wants between two logins of a user, as the
// last answer to Capabilities said (RFC 2449, section 6.5); 0 if it said
// nothing, or was not asked. It may be called after the session.
func (c *Client) LoginDelay() time.Duration { return c.loginDelay }

func (caps Capabilities) loginDelay() time.Duration {
	for name, args := range caps {
		if strings.EqualFold(name, "LOGIN-DELAY") && len(args) > 0 {
			if seconds, err := strconv.ParseUint(args[0], 10, 31); err == nil {
				return time.Duration(seconds) * time.Second
			}
		}
	}
	return 0
}

// offers reports whether the server lists a capability; one without CAPA
// offers nothing.
func (c *Client) offers(ctx context.Context, name string) (bool, error) {
	caps, err := c.Capabilities(ctx)
	if refused := (*Error)(nil); errors.As(err, &refused) {
		c.caps = Capabilities{}
		return false, nil
	}
	return caps.Has(name), err
}
