package pop3server

import (
	"slices"
	"strings"
)

// capa answers CAPA (RFC 2449 §5). By the RFCs every capability here is
// announced in both states alike; TLS changes what is offered.
func (c *conn) capa(string) error {
	c.ok("capability list follows")
	for _, row := range c.capabilities() {
		c.stream.replies.WriteString(row + "\r\n")
	}
	c.stream.replies.WriteString(".\r\n")
	return nil
}

func (c *conn) capabilities() []string {
	rows := []string{"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"}
	if c.passwordsAllowed() {
		rows = append(rows, "USER")
		if names := c.mechanisms(); len(names) > 0 {
			rows = append(rows, "SASL "+strings.Join(names, " "))
		}
	}
	if c.server.tls != nil && !c.secure() {
		rows = append(rows, "STLS")
	}
	if _, ok := c.session.(SessionUTF8); ok {
		rows = append(rows, "UTF8")
	}
	rows = append(rows, "LANG", "EXPIRE NEVER", "IMPLEMENTATION popherd")
	for _, row := range c.server.Capabilities {
		rows = slices.DeleteFunc(rows, func(own string) bool { return strings.EqualFold(name(own), name(row)) })
		rows = append(rows, clean(row))
	}
	return rows
}

// name is the first word of a capability.
func name(row string) string {
	word, _, _ := strings.Cut(row, " ")
	return word
}

// useUTF8 answers UTF8 (RFC 6856 §2).
func (c *conn) useUTF8(string) error {
	if _, ok := c.session.(SessionUTF8); !ok {
		return c.wrong("unknown command")
	}
	c.utf8 = true
	c.ok("UTF8 enabled")
	return nil
}

// lang answers LANG (RFC 6856 §3). The server speaks English, which also is
// what i-default and "*" get.
func (c *conn) lang(arg string) error {
	tag := strings.ToLower(strings.Trim(arg, " "))
	switch tag {
	case "":
		c.ok("language listing follows")
		c.stream.replies.WriteString("en English\r\ni-default Default language\r\n.\r\n")
	case "*":
		c.ok("i-default language changed")
	case "en", "i-default":
		c.ok(tag + " language changed")
	default:
		c.err("", "unknown language")
	}
	return nil
}
