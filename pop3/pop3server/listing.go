package pop3server

import (
	"strconv"
	"strings"
)

// stat answers STAT (RFC 1939 §5).
func (c *conn) stat(string) error {
	c.okNumber(int64(c.drop.count), " "+strconv.FormatInt(c.drop.octets, 10))
	return nil
}

// list answers LIST (RFC 1939 §5).
func (c *conn) list(arg string) error {
	return c.rows(arg, func(row []byte, m *Message) []byte {
		return strconv.AppendInt(row, m.Octets, 10)
	})
}

// uidl answers UIDL (RFC 1939 §7).
func (c *conn) uidl(arg string) error {
	return c.rows(arg, func(row []byte, m *Message) []byte {
		return append(row, m.UniqueID...)
	})
}

// rows answers with one row, or those of all messages not marked.
func (c *conn) rows(arg string, value func(row []byte, m *Message) []byte) error {
	arg = strings.Trim(arg, " ")
	if arg != "" {
		i, ok, err := c.index(arg)
		if ok {
			c.stream.replies.WriteString("+OK ")
			c.row(i, value)
		}
		return err
	}
	c.ok(c.drop.String())
	for i, marked := range c.drop.marked {
		if !marked {
			c.row(i, value)
		}
	}
	c.stream.replies.WriteString(".\r\n")
	return nil
}

// row writes "number value".
func (c *conn) row(index int, value func(row []byte, m *Message) []byte) {
	row := strconv.AppendInt(c.stream.replies.AvailableBuffer(), int64(index+1), 10)
	row = value(append(row, ' '), &c.drop.messages[index])
	c.stream.replies.Write(append(row, "\r\n"...))
}
