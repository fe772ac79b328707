package pop3

import "context"

// User names the maildrop (USER, RFC 1939 §7) and returns the server's line.
func (c *Client) User(ctx context.Context, name string) (string, error) {
	return c.Cmd(ctx, "USER", name)
}

// Pass gives the password for User (PASS, RFC 1939 §7), byte for byte, and
// returns the server's line.
func (c *Client) Pass(ctx context.Context, password string) (string, error) {
	return c.Cmd(ctx, "PASS", password)
}

// Login is User and Pass.
func (c *Client) Login(ctx context.Context, name, password string) error {
	if _, err := c.User(ctx, name); err != nil {
		return err
	}
	_, err := c.Pass(ctx, password)
	return err
}

// RPOP is the trusted-host login of RFC 1081, for completeness' sake. It
// proves nothing to anyone.
func (c *Client) RPOP(ctx context.Context, name string) (string, error) {
	return c.Cmd(ctx, "RPOP", name)
}
