package tally

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/pop3"
)

// A Message is a message of the listing and its header.
type Message struct {
	pop3.ScanListing
	Header  *message.Header // valid until the next message; nil if Refused
	Refused *pop3.Error     // the server's answer to TOP; nil mostly
}

// Headers reads the headers of listed messages (TOP n 0), in that order, ahead
// of one another where the server offers PIPELINING. A refusal of one does not
// end it; an error does, and is the last that it yields. Of each header
// message.MaxHeader octets are kept, and never more than one header.
func Headers(ctx context.Context, c *pop3.Client, listed []pop3.ScanListing) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		p, err := c.Pipeline(ctx, requests(listed))
		if err != nil {
			yield(Message{}, err)
			return
		}
		defer p.Close()
		var octets bytes.Buffer
		for _, l := range listed {
			m := Message{ScanListing: l}
			m.Refused, err = header(p, l.Number, &octets)
			if err != nil {
				yield(m, fmt.Errorf("header of message %d: %w", l.Number, err))
				return
			}
			if m.Refused == nil {
				m.Header = message.ParseHeader(octets.Bytes())
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func requests(listed []pop3.ScanListing) iter.Seq[pop3.Request] {
	return func(yield func(pop3.Request) bool) {
		for _, l := range listed {
			if !yield(pop3.Request{Number: l.Number}) {
				return
			}
		}
	}
}

// header reads the header of message n, unless the server refuses it.
func header(p *pop3.Pipeline, n int, octets *bytes.Buffer) (refused *pop3.Error, err error) {
	octets.Reset()
	text, err := p.Get(pop3.Request{Number: n})
	if errors.As(err, &refused) {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	// Some servers give the whole message: the rest is read and dropped. Close
	// returns what went wrong with either.
	octets.ReadFrom(io.LimitReader(text, message.MaxHeader))
	return nil, text.Close()
}

// Sent is when a message was sent, in UTC: what Date says, or else Received, as
// in rules. It is zero if neither can be read, or it is before 1970.
func Sent(h *message.Header) time.Time {
	date, ok := h.Date()
	if !ok {
		date, ok = h.Received()
	}
	if !ok || date.Unix() < 0 {
		return time.Time{}
	}
	return date.UTC()
}
