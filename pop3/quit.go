package pop3

import (
	"context"
	"errors"
	"fmt"
)

// Quit ends the session (QUIT) and returns the server's line: after login this
// is the commit, by which the server removes what was marked (RFC 1939 §6).
// The connection is closed in any case. An *Error means that some or all
// marked messages were not removed; ErrCommitUnknown, that they may be. After
// any other error nothing was removed.
func (c *Client) Quit(ctx context.Context) (string, error) {
	defer c.Close()
	if err := c.ready(); err != nil {
		return "", err
	}
	if err := c.unasked(ctx, "QUIT"); err != nil {
		return "", err
	}
	if ctx.Err() != nil {
		return "", c.fail(ctx, contextError(ctx))
	}
	defer c.stream.watch(ctx)()
	line, err := c.cmd(ctx, "QUIT")
	if refused := (*Error)(nil); err != nil && c.marked > 0 && !errors.As(err, &refused) {
		err = fmt.Errorf("%w: %w", ErrCommitUnknown, err)
	}
	return line, err
}
