package serverinfo

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/popherd/popherd/pop3"
)

// Of messages up to maxWhole octets TOP is asked for everything: what RETR
// would give, for servers do not take TOP for "seen" or "popped".
const maxWhole = 64 << 10

// topSome looks at messages by TOP. It returns nil if there are none.
func topSome(ctx context.Context, c *pop3.Client, some []pop3.ScanListing) (*Top, error) {
	if len(some) == 0 {
		return nil, nil
	}
	t := &Top{}
	for _, scan := range some {
		t.Looked++
		err := t.message(ctx, c, scan)
		if refused(err) {
			t.Refused++
			continue
		}
		if err != nil {
			return t, fmt.Errorf("look at message %d: %w", scan.Number, err)
		}
	}
	return t, nil
}

// message looks at one.
func (t *Top) message(ctx context.Context, c *pop3.Client, scan pop3.ScanListing) error {
	header, err := top(ctx, c, scan.Number, 0)
	if err != nil {
		return err
	}
	if header.lines > 0 {
		t.WithBody++
	}
	if scan.Octets > maxWhole {
		return nil
	}
	two, err := top(ctx, c, scan.Number, 2)
	if err != nil {
		return err
	}
	// No message has more lines than octets.
	whole, err := top(ctx, c, scan.Number, maxWhole)
	if err != nil {
		return err
	}
	t.Counted++
	if !whole.bare && two.lines != min(2, whole.lines) {
		t.Miscounted++
	}
	if whole.octets != scan.Octets {
		t.SizeDiffer++
	}
	return nil
}

// top reads the answer to TOP, keeping only its shape.
func top(ctx context.Context, c *pop3.Client, n, lines int) (*shape, error) {
	text, err := c.Top(ctx, n, lines)
	if err != nil {
		return nil, err
	}
	s := &shape{start: true}
	_, err = io.Copy(s, text)
	return s, errors.Join(err, text.Close())
}

// A shape is what is left of a text once its content is forgotten. It is an
// io.Writer.
type shape struct {
	octets int64
	lines  int  // of the body, which begins after the first empty line
	bare   bool // LF without CR in the body, which servers count differently

	body  bool // the empty line was seen
	start bool // at the start of a line
	cr    bool // the last octet was CR
}

// Write implements io.Writer.
func (s *shape) Write(p []byte) (int, error) {
	for _, b := range p {
		s.octets++
		switch {
		case b == '\n' && s.cr:
			s.line()
		case b == '\n':
			s.bare = s.bare || s.body
			s.line()
		case b != '\r':
			s.start = false
		case s.cr: // CR CR: the first is content
			s.start = false
		}
		s.cr = b == '\r'
	}
	return len(p), nil
}

// line ends a line.
func (s *shape) line() {
	if s.body {
		s.lines++
	}
	s.body = s.body || s.start
	s.start = true
}
