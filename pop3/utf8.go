package pop3

import (
	"context"
	"strings"
)

// UTF8 switches the session to UTF-8 (RFC 6856 §2) and returns the server's
// line. Messages may then have 8-bit headers.
func (c *Client) UTF8(ctx context.Context) (string, error) { return c.Cmd(ctx, "UTF8") }

// Lang asks for the server's texts in a language (LANG, RFC 6856 §3), "*" for
// its default, and returns the server's line.
func (c *Client) Lang(ctx context.Context, tag string) (string, error) {
	if tag == "" {
		return "", &ArgumentError{Command: "LANG", Argument: "language tag", Reason: "is empty"}
	}
	return c.Cmd(ctx, "LANG", tag)
}

// A Language is one row of LANG: a language tag and its own name.
type Language struct {
	Tag  string // as Lang takes it
	Name string // in that language
}

// Languages asks which languages the server speaks (LANG without an argument).
func (c *Client) Languages(ctx context.Context) ([]Language, error) {
	var all []Language
	_, err := c.listing(ctx, func(row string) error {
		tag, name, _ := strings.Cut(row, " ")
		all = append(all, Language{tag, name})
		return nil
	}, "LANG")
	return all, err
}
