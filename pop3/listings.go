package pop3

import (
	"context"
	"errors"
	"strconv"
)

// Listings asks for LIST and UIDL of all messages: in one round trip where
// Capabilities, asked for before, showed PIPELINING and UIDL. A server without
// UIDL gives no unique-ids, which is no error.
func (c *Client) Listings(ctx context.Context) ([]ScanListing, []UniqueID, error) {
	if c.opts.NoPipelining || !c.caps.Has("PIPELINING") || !c.caps.Has("UIDL") {
		return c.listOneByOne(ctx)
	}
	if err := c.ready(); err != nil {
		return nil, nil, err
	}
	if !c.tls && !c.opts.InsecureAllowPlaintext {
		return nil, nil, ErrPlaintext
	}
	if err := c.unasked(ctx, "LIST"); err != nil {
		return nil, nil, err
	}
	defer c.stream.watch(ctx)()
	c.trace(TraceEvent{Sent: true, Line: "LIST"})
	c.trace(TraceEvent{Sent: true, Line: "UIDL"})
	// One write: a second could wait for a server that answers the first.
	if _, err := c.stream.Write([]byte("LIST\r\nUIDL\r\n")); err != nil {
		return nil, nil, c.fail(ctx, readError("LIST", "command", commandLimit, err))
	}
	var scans []ScanListing
	err := c.sentListing(ctx, "LIST", func(row string) error {
		scan, err := parseScan(row)
		scans = append(scans, scan)
		return err
	})
	if refused := (*Error)(nil); err != nil && !errors.As(err, &refused) {
		return nil, nil, err
	}
	ids := make([]UniqueID, 0, len(scans))
	failed := c.sentListing(ctx, "UIDL", func(row string) error {
		id, err := parseUniqueID(row)
		ids = append(ids, id)
		return err
	})
	if refused := (*Error)(nil); errors.As(failed, &refused) {
		ids, failed = nil, nil
	}
	if err == nil {
		err = failed
	}
	if err == nil && doubled(scans, ids) {
		err = c.fail(ctx, &ProtocolError{Command: "UIDL", Reason: "the server offers PIPELINING but broke it: it answered LIST twice; switch pipelining off for this server"})
	}
	return scans, ids, err
}

// doubled reports whether what came as unique-ids are the sizes once more. One
// message may have a unique-id that is its size.
func doubled(scans []ScanListing, ids []UniqueID) bool {
	if len(scans) < 2 || len(scans) != len(ids) {
		return false
	}
	for i, scan := range scans {
		if ids[i] != (UniqueID{scan.Number, strconv.FormatInt(scan.Octets, 10)}) {
			return false
		}
	}
	return true
}

func (c *Client) listOneByOne(ctx context.Context) ([]ScanListing, []UniqueID, error) {
	scans, err := c.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids, err := c.UIDL(ctx)
	if refused := (*Error)(nil); errors.As(err, &refused) {
		err = nil
	}
	return scans, ids, err
}

// sentListing reads the answer to a listing's command, which was sent.
func (c *Client) sentListing(ctx context.Context, verb string, add func(row string) error) error {
	line, err := c.readStatus(ctx, verb)
	if err != nil {
		return err
	}
	text := c.openText(ctx, verb, line, c.opts.MaxListing, "listing")
	return c.rows(ctx, text, verb, add)
}
