package pop3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A DropListing is the answer to STAT: what the maildrop holds, marked
// messages not counted.
type DropListing struct {
	Count  int   // messages
	Octets int64 // of all of them together
}

// A ScanListing is one row of LIST: a message-number and the message's size.
type ScanListing struct {
	Number int   // the message-number, from 1
	Octets int64 // the message's size, as the server announces it
}

// A UniqueID is one row of UIDL. ID is kept as the server sent it: it should
// be 1 to 70 printable octets, and unique, but servers have sent others.
type UniqueID struct {
	Number int    // the message-number, from 1
	ID     string // empty if the server sent none
}

const (
	// rowLimit bounds one row of a listing, its line end included, as
	// statusLimit does a status line.
	rowLimit = statusLimit

	// shortLimit bounds CAPA and LANG beside MaxListing: one row of few octets
	// takes some hundred in a map, and an honest server has few.
	shortLimit = 1 << 20
)

// Stat asks for the drop listing (STAT, RFC 1939 §5).
func (c *Client) Stat(ctx context.Context) (DropListing, error) {
	line, err := c.Cmd(ctx, "STAT")
	if err != nil {
		return DropListing{}, err
	}
	fields := strings.Fields(line)
	if len(fields) < 3 {
		return DropListing{}, c.malformed(ctx, "STAT", line, "has no count and size")
	}
	count, ok1 := wire.ParseNumber(fields[1])
	octets, ok2 := wire.ParseOctets(fields[2])
	if !ok1 || !ok2 {
		return DropListing{}, c.malformed(ctx, "STAT", line, "has no numeric count and size")
	}
	return DropListing{count, octets}, nil
}

// List asks for the scan listings of all messages not marked (LIST, RFC 1939
// §5), in the server's order.
func (c *Client) List(ctx context.Context) ([]ScanListing, error) {
	var all []ScanListing
	_, err := c.listing(ctx, func(row string) error {
		scan, err := parseScan(row)
		all = append(all, scan)
		return err
	}, "LIST")
	if err != nil {
		return nil, err
	}
	return all, nil
}

// ListMessage asks for one message's scan listing (LIST n).
func (c *Client) ListMessage(ctx context.Context, n int) (ScanListing, error) {
	return oneRow(ctx, c, "LIST", n, parseScan, func(s ScanListing) int { return s.Number })
}

// UIDL asks for the unique-ids of all messages not marked (UIDL, RFC 1939 §7),
// in the server's order. A server without UIDL answers *Error.
func (c *Client) UIDL(ctx context.Context) ([]UniqueID, error) {
	var all []UniqueID
	_, err := c.listing(ctx, func(row string) error {
		id, err := parseUniqueID(row)
		all = append(all, id)
		return err
	}, "UIDL")
	if err != nil {
		return nil, err
	}
	return all, nil
}

// UIDLMessage asks for one message's unique-id (UIDL n).
func (c *Client) UIDLMessage(ctx context.Context, n int) (UniqueID, error) {
	return oneRow(ctx, c, "UIDL", n, parseUniqueID, func(u UniqueID) int { return u.Number })
}

// oneRow asks for the row of one message, and checks that it is that one's.
func oneRow[T any](ctx context.Context, c *Client, verb string, n int, parse func(string) (T, error), number func(T) int) (T, error) {
	var none T
	arg, err := messageNumber(verb, n)
	if err != nil {
		return none, err
	}
	line, err := c.Cmd(ctx, verb, arg)
	if err != nil {
		return none, err
	}
	row, err := replyRow(line, n, parse, number)
	if err != nil {
		return none, c.malformed(ctx, verb+" "+arg, line, err.Error())
	}
	return row, nil
}

// replyRow takes the row out of "+OK row", which must be message n's.
func replyRow[T any](line string, n int, parse func(string) (T, error), number func(T) int) (T, error) {
	_, rest, _ := strings.Cut(line, " ")
	row, err := parse(rest)
	if err == nil && number(row) != n {
		err = fmt.Errorf("answers for message %d", number(row))
	}
	return row, err
}

// parseScan reads "number octets"; what follows is the server's own (RFC 1939
// §5 allows it).
func parseScan(row string) (ScanListing, error) {
	first, rest := cutField(row)
	second, _ := cutField(rest)
	if second == "" {
		return ScanListing{}, fmt.Errorf("has no message-number and size")
	}
	n, ok1 := wire.ParseNumber(first)
	octets, ok2 := wire.ParseOctets(second)
	if !ok1 || !ok2 || n == 0 {
		return ScanListing{}, fmt.Errorf("has no numeric message-number and size")
	}
	return ScanListing{n, octets}, nil
}

// cutField is the first of strings.Fields, without an allocation.
func cutField(row string) (field, rest string) {
	for field := range strings.FieldsSeq(row) {
		return field, row[strings.Index(row, field)+len(field):]
	}
	return "", ""
}

// parseUniqueID reads "number unique-id". An id with blanks, against RFC 1939,
// is kept whole.
func parseUniqueID(row string) (UniqueID, error) {
	first, id, _ := strings.Cut(row, " ")
	n, ok := wire.ParseNumber(first)
	if !ok || n == 0 {
		return UniqueID{}, fmt.Errorf("has no message-number")
	}
	return UniqueID{n, strings.Trim(id, " ")}, nil
}

// listing sends a command with a multi-line response of rows, and gives each
// to add. A row that add refuses, or that is too long, ends the session.
func (c *Client) listing(ctx context.Context, add func(row string) error, verb string, args ...string) (string, error) {
	limit := c.opts.MaxListing
	if verb == "CAPA" || verb == "LANG" {
		limit = min(limit, shortLimit)
	}
	text, err := c.cmdText(ctx, limit, "listing", verb, args...)
	if err != nil {
		return "", err
	}
	defer text.unwatch()
	return text.Response(), c.rows(ctx, text, verb, add)
}

// rows gives each row of a listing to add.
func (c *Client) rows(ctx context.Context, text io.Reader, verb string, add func(row string) error) error {
	err := eachRow(text, func(row string) error {
		if len(row)+len("\r\n") > rowLimit {
			return &LimitError{Command: verb, What: "row", Limit: rowLimit}
		}
		if err := add(row); err != nil {
			return &ProtocolError{Command: verb, Line: shorten(c.secrets.redact(row)), Reason: "a row " + err.Error()}
		}
		return nil
	})
	if err != nil {
		return c.fail(ctx, err)
	}
	return nil
}

// eachRow calls f with every line of a text, without its line end. The rows of
// one read share a string. A last line that never ends is bounded by rowLimit,
// as every other.
func eachRow(r io.Reader, f func(row string) error) error {
	buf := make([]byte, 32<<10)
	have := 0 // the start of a row whose end has not arrived
	for {
		n, err := r.Read(buf[have:])
		have += n
		whole := bytes.LastIndexByte(buf[:have], '\n') + 1
		if failed := splitRows(string(buf[:whole]), f); failed != nil {
			return failed
		}
		have = copy(buf, buf[whole:have])
		if err == io.EOF {
			return nil // a text ends with CR LF, so that nothing is left
		}
		if err != nil {
			return err
		}
		if have > rowLimit {
			return f(string(buf[:rowLimit+1]))
		}
	}
}

func splitRows(rows string, f func(row string) error) error {
	for rows != "" {
		row, rest, _ := strings.Cut(rows, "\n")
		if err := f(strings.TrimSuffix(row, "\r")); err != nil {
			return err
		}
		rows = rest
	}
	return nil
}

// malformed ends the session because of a status line's content.
func (c *Client) malformed(ctx context.Context, command, line, reason string) error {
	return c.fail(ctx, &ProtocolError{Command: command, Line: shorten(c.secrets.redact(line)), Reason: "the reply " + reason})
}
