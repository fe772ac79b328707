package maildrop

import (
	"bytes"
	"io"

	"github.com/popherd/popherd/pop3/pop3server"
)

// canonical is a drop whose messages are sent with CR LF for every bare LF, as
// RFC 1939 wants it and servers do.
type canonical struct {
	drop
	listed []pop3server.Message
}

// newCanonical measures what the messages will be: each is read once. One that
// cannot be read keeps its size, and RETR of it will say why.
func newCanonical(d drop) drop {
	c := &canonical{drop: d, listed: append([]pop3server.Message(nil), d.messages()...)}
	for i := range c.listed {
		if octets, err := c.measure(i); err == nil {
			c.listed[i].Octets = octets
		}
	}
	return c
}

func (c *canonical) measure(index int) (int64, error) {
	r, err := c.open(index)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	var size counter
	_, err = io.Copy(&size, r)
	return onTheWire(size.octets, size.last == '\n'), err
}

// A counter counts octets and keeps the last.
type counter struct {
	octets int64
	last   byte
}

func (c *counter) Write(p []byte) (int, error) {
	c.octets += int64(len(p))
	if len(p) > 0 {
		c.last = p[len(p)-1]
	}
	return len(p), nil
}

func (c *canonical) messages() []pop3server.Message { return c.listed }

func (c *canonical) open(index int) (io.ReadCloser, error) {
	r, err := c.drop.open(index)
	if err != nil {
		return nil, err
	}
	return &lineEnds{ReadCloser: r}, nil
}

// lineEnds reads CR LF where its source has a bare LF.
type lineEnds struct {
	io.ReadCloser
	buf  [32 << 10]byte
	rest []byte // read and not yet given out
	cr   bool   // the octet given out last was CR
}

func (l *lineEnds) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		n, err := l.ReadCloser.Read(l.buf[:])
		if n == 0 {
			return 0, err
		}
		l.rest = l.buf[:n]
	}
	n := 0
	for n < len(p) && len(l.rest) > 0 {
		if l.rest[0] == '\n' && !l.cr {
			p[n], l.cr = '\r', true
			n++
			continue
		}
		run := l.run(len(p) - n)
		n += copy(p[n:], run)
		l.cr = run[len(run)-1] == '\r'
		l.rest = l.rest[len(run):]
	}
	return n, nil
}

// run is what can be given out as it is, one octet at least and most at most:
// up to the next LF, that one excluded unless it comes first.
func (l *lineEnds) run(most int) []byte {
	most = min(most, len(l.rest))
	if i := bytes.IndexByte(l.rest[1:most], '\n'); i >= 0 {
		return l.rest[:i+1]
	}
	return l.rest[:most]
}
