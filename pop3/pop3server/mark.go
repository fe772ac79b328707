package pop3server

import (
	"fmt"
	"strings"
)

// dele answers DELE (RFC 1939 §5).
func (c *conn) dele(arg string) error {
	i, ok, err := c.index(strings.Trim(arg, " "))
	if ok {
		c.drop.mark(i)
		c.ok(fmt.Sprintf("message %d deleted", i+1))
	}
	return err
}

// rset answers RSET (RFC 1939 §5).
func (c *conn) rset(string) error {
	c.drop.reset()
	c.ok("maildrop has " + c.drop.String())
	return nil
}

// noop answers NOOP (RFC 1939 §5).
func (c *conn) noop(string) error {
	c.ok("still here")
	return nil
}
