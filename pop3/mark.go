package pop3

import "context"

// Mark marks message n to be deleted at Quit (DELE, RFC 1939 §5), and returns
// the server's line.
func (c *Client) Mark(ctx context.Context, n int) (string, error) {
	arg, err := messageNumber("DELE", n)
	if err != nil {
		return "", err
	}
	return c.Cmd(ctx, "DELE", arg)
}

// Reset takes every mark back (RSET, RFC 1939 §5), and returns the server's
// line.
func (c *Client) Reset(ctx context.Context) (string, error) { return c.Cmd(ctx, "RSET") }

// Noop does nothing but reset the server's idle timer (NOOP, RFC 1939 §5), and
// returns its line.
func (c *Client) Noop(ctx context.Context) (string, error) { return c.Cmd(ctx, "NOOP") }
