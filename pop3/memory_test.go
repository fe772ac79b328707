package pop3_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// TestMemoryOfEndlessReplies: what an endless reply allocates, in all, is what
// its limit says, not what is sent.
func TestMemoryOfEndlessReplies(t *testing.T) {
	const buffer = 300 << 10 // of the reader, and what a call needs beside it
	for _, test := range []struct {
		name, reply, unit string
		most              uint64
		do                func(c *pop3.Client) error
	}{
		{"status line", "+OK ", "a", buffer, func(c *pop3.Client) error { _, err := c.Noop(t.Context()); return err }},
		{"row", "+OK\r\n1 ", "a", buffer, func(c *pop3.Client) error { _, err := c.UIDL(t.Context()); return err }},
		{"line of a message", "+OK\r\n", "a", buffer, drainMessage},
		{"lines of a message", "+OK\r\n", "..\r\n", buffer, drainMessage},
		{"CRs of a message", "+OK\r\n", "\r", buffer, drainMessage},
		{"CAPA", "+OK\r\n", "X\r\n", 8 << 20, func(c *pop3.Client) error { _, err := c.Capabilities(t.Context()); return err }},
		{"LANG", "+OK\r\n", "x\r\n", 8 << 20, func(c *pop3.Client) error { _, err := c.Languages(t.Context()); return err }},
	} {
		conn := newCanned(test.reply, test.unit)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		o := insecure(nil)
		o.MaxMessage, o.MaxListing = 2<<20, 128<<10
		c, err := pop3.NewClient(t.Context(), conn, pop3test.Host, o)
		if err != nil {
			t.Fatal(err)
		}
		err = test.do(c)
		runtime.ReadMemStats(&after)
		if limit := (*pop3.LimitError)(nil); !errors.As(err, &limit) {
			t.Errorf("%s: got %v, want a LimitError", test.name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > test.most {
			t.Errorf("%s: %d octets were allocated, want at most %d", test.name, got, test.most)
		}
	}
}

// drainMessage reads a message that does not end.
func drainMessage(c *pop3.Client) error {
	ctx := context.Background()
	text, err := c.Retrieve(ctx, 1)
	if err != nil {
		return err
	}
	_, err = text.WriteTo(io.Discard)
	return err
}
