package pop3server

import "fmt"

// quit answers QUIT. After login it enters the UPDATE state (RFC 1939 §6): the
// one place where a maildrop changes. The maildrop is free before the client
// learns of it, and may connect again.
func (c *conn) quit(string) error {
	if !c.transaction.Load() {
		c.ok("signing off")
		return errQuit
	}
	// A client that does not take the replies to what it pipelined before
	// QUIT is gone, and with it its marks.
	if err := c.stream.replies.Flush(); err != nil {
		return err
	}
	if err := c.session.Update(c.ctx, c.drop.deleted()); err != nil {
		c.refuse("QUIT", err)
		return errQuit
	}
	c.closeSession()
	switch c.drop.count {
	case 0:
		c.ok("signing off (maildrop empty)")
	case 1:
		c.ok("signing off (1 message left)")
	default:
		c.ok(fmt.Sprintf("signing off (%d messages left)", c.drop.count))
	}
	return errQuit
}
