package pop3

import (
	"context"
	"strconv"
)

// Retrieve asks for message n (RETR, RFC 1939 §5). The octets are exact; the
// message must be read to io.EOF, or closed, before the next command. Some
// servers take RETR for "seen", or for "popped" once QUIT follows.
func (c *Client) Retrieve(ctx context.Context, n int) (*Text, error) {
	arg, err := messageNumber("RETR", n)
	if err != nil {
		return nil, err
	}
	return c.CmdText(ctx, "RETR", arg)
}

// Top asks for message n's header and the first lines of its body (TOP, RFC
// 1939 §7), which is optional for servers.
func (c *Client) Top(ctx context.Context, n, lines int) (*Text, error) {
	arg, err := messageNumber("TOP", n)
	if err != nil {
		return nil, err
	}
	if lines < 0 {
		return nil, &ArgumentError{Command: "TOP", Argument: "number of lines", Reason: "is negative"}
	}
	return c.CmdText(ctx, "TOP", arg, strconv.Itoa(lines))
}

// messageNumber encodes n, which RFC 1939 §4 counts from 1.
func messageNumber(verb string, n int) (string, error) {
	return strconv.Itoa(n), checkNumber(verb, n)
}

func checkNumber(verb string, n int) error {
	if n < 1 {
		return &ArgumentError{Command: verb, Argument: "message-number", Reason: "is not positive"}
	}
	return nil
}
