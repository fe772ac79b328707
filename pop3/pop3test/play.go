package pop3test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// A Departure is where a client first left its dialogue.
type Departure struct {
	File string // as Parse was told, or the test's name
	Line int    // of the step, from 1
	Want string // the step
	Got  string // what the client did
}

// Error implements error.
func (d *Departure) Error() string {
	return fmt.Sprintf("%s:%d: want %s, got %s", d.File, d.Line, d.Want, d.Got)
}

// maxLine bounds what the player keeps of a client's line.
const maxLine = 64 << 10

// Play plays the server on conn, which it closes at the end. It returns a
// *Departure if the client did something else than the dialogue says. It ends
// at the latest when the client, or another goroutine, closes the connection.
// A dialogue with "tls" lines needs a call of CA before.
func (d *Dialogue) Play(conn net.Conn) error {
	p := &player{conn: conn, raw: conn, in: bufio.NewReaderSize(conn, maxLine), ca: d.ca}
	defer p.raw.Close()
	for _, s := range d.steps {
		err := s.play(p)
		if departure := (*Departure)(nil); errors.As(err, &departure) {
			departure.File, departure.Line = d.file, s.line
			return departure
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", d.file, s.line, err)
		}
	}
	return nil
}

type player struct {
	conn net.Conn // with TLS, once it has started
	raw  net.Conn
	in   *bufio.Reader
	ca   *CA
	lost bool // TLS failed: what arrives has no meaning
}

func departed(want, got string) error { return &Departure{Want: want, Got: got} }

// expect reads one line of the client.
func (p *player) expect(want pattern) error {
	line, err := p.in.ReadSlice('\n')
	text := "C: " + want.text
	switch {
	case len(line) == 0:
		return departed(text, "the end of the connection")
	case err != nil:
		return departed(text, fmt.Sprintf("%q without a line end", shorten(line)))
	case !strings.HasSuffix(string(line), "\r\n"):
		return departed(text, fmt.Sprintf("%q, which does not end with CR LF", shorten(line)))
	case !want.match(line[:len(line)-2]):
		return departed(text, fmt.Sprintf("C: %q", shorten(line[:len(line)-2])))
	}
	return nil
}

func shorten(line []byte) []byte { return line[:min(len(line), 300)] }

// send sends octets. A client that closed the connection does not get them,
// which is no departure: what it should have answered would be.
func (p *player) send(s sending) error {
	if s.drip {
		return p.drip(s)
	}
	if s.count == 1 {
		p.conn.Write(s.octets)
		return nil
	}
	batch, in := batchOf(s)
	for sent := 0; s.count < 0 || sent < s.count; sent += in {
		if s.count >= 0 {
			batch = batch[:min(in, s.count-sent)*len(s.octets)]
		}
		if _, err := p.conn.Write(batch); err != nil {
			return nil
		}
	}
	return nil
}

// batchOf repeats s's octets to make one write of them, and says how often.
func batchOf(s sending) (batch []byte, in int) {
	in = max(1, 32<<10/max(1, len(s.octets)))
	if s.count >= 0 {
		in = min(in, s.count)
	}
	for range in {
		batch = append(batch, s.octets...)
	}
	return batch, in
}

func (p *player) drip(s sending) error {
	for sent := 0; s.count < 0 || sent < s.count; sent++ {
		for i := range s.octets {
			if _, err := p.conn.Write(s.octets[i : i+1]); err != nil {
				return nil
			}
			time.Sleep(s.gap)
		}
	}
	return nil
}

// startTLS is the server's part of a handshake. Only a good certificate may be
// taken.
func (p *player) startTLS(kind Kind) error {
	if n := p.in.Buffered(); n > 0 {
		early, _ := p.in.Peek(n)
		return departed("tls "+string(kind), fmt.Sprintf("%q in the clear", shorten(early)))
	}
	if p.ca == nil {
		return errors.New("tls: no certificate authority: call CA first")
	}
	config, err := p.ca.ServerConfig(kind)
	if err != nil {
		return err
	}
	conn := tls.Server(p.conn, config)
	err = conn.Handshake()
	switch {
	case kind == Good && err != nil:
		return departed("tls good", fmt.Sprintf("a handshake that failed (%v)", err))
	case kind != Good && err == nil:
		return departed("a handshake refused for its certificate, "+string(kind), "a handshake that worked")
	case err != nil:
		p.lost = true
		return nil
	}
	p.conn = conn
	p.in = bufio.NewReaderSize(conn, maxLine)
	return nil
}

func (p *player) close() error {
	p.conn.Close()
	return nil
}

func (p *player) cut() error {
	p.raw.Close()
	return nil
}

func (p *player) stall() error {
	io.Copy(io.Discard, p.in)
	return nil
}

func (p *player) eof() error {
	if p.lost {
		return p.stall()
	}
	line, err := p.in.ReadSlice('\n')
	if len(line) > 0 {
		return departed("the end of the connection", fmt.Sprintf("C: %q", shorten(line)))
	}
	if err == nil {
		return departed("the end of the connection", "an empty read")
	}
	return nil
}
