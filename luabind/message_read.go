package luabind

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/pop3"
)

// This file reads messages: a header by TOP, the whole by RETR.

// header returns the header, for a field or method that errors name.
func (m *messageObject) header(L *lua.LState, call string) *message.Header {
	switch {
	case m.whole != nil:
		return m.whole.Header()
	case m.head != nil:
		return m.head
	case m.raw != nil:
		return m.content(L, call).Header()
	}
	m.session.mustBeOpen(L, call)
	if m.session.topless || m.ahead.wholes() {
		return m.content(L, call).Header()
	}
	return m.readHeader(L, call)
}

// readHeader asks for the header by TOP. Not every server has that, and some
// answer it with nothing (which ones is known only by trying): then the header
// is that of RETR, from now on if RETR shows that TOP was wrong.
func (m *messageObject) readHeader(L *lua.LState, call string) *message.Header {
	s := m.session
	m.ahead.asks(s, m.place)
	octets, err := m.read(s.scratch[:0], 0)
	var refused *pop3.Error
	switch {
	case errors.As(err, &refused) && m.mayLackTop(L, call, refused):
		header := m.content(L, call).Header()
		if s.untopped != 0 && s.untopped != m.num {
			s.withoutTop(m.ahead)
		}
		s.untopped = m.num
		return header
	case err != nil:
		m.fail(L, call, err)
	case !hasField(octets) && m.size > 0 && !s.hasTop:
		header := m.content(L, call).Header()
		if hasField(header.Octets()) {
			s.withoutTop(m.ahead)
		}
		return header
	}
	s.hasTop = true
	m.head = parseHeader(octets)
	if s.scratch = octets; cap(octets) > maxScratch {
		s.scratch = nil
	}
	return m.head
}

// mayLackTop reports whether a refused TOP may mean that the server has none,
// and not that this message cannot be read, or not now. One refusal is not
// enough to give TOP up: a single message may be broken.
func (m *messageObject) mayLackTop(L *lua.LState, call string, refused *pop3.Error) bool {
	s := m.session
	if s.hasTop || refused.Temporary() {
		return false
	}
	if !s.asked {
		capabilities, err := s.conn.Capabilities(s.context())
		if none := (*pop3.Error)(nil); err != nil && !errors.As(err, &none) {
			s.fail(L, call, err)
		}
		s.asked, s.lists = true, err == nil && capabilities.Has("TOP")
	}
	return !s.lists
}

// fail raises why the message could not be read. Where the server refused it,
// and the session goes on, a rule file passes the message by.
func (m *messageObject) fail(L *lua.LState, call string, err error) {
	e := callError(call, m.session.host, err)
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) && e.Kind == KindErrorProto && !e.Fatal {
		e.unread = m
	}
	m.session.fail(L, call, e)
}

// maxScratch bounds the buffer that a session keeps for headers.
const maxScratch = 1 << 20

// hasField reports whether a header has any field.
func hasField(octets []byte) bool { return bytes.IndexByte(octets, ':') >= 0 }

// parseHeader copies a header out of the buffer that it was read into. Where a
// server sent the body as well, that is left behind.
func parseHeader(octets []byte) *message.Header {
	header := message.ParseHeader(bytes.Clone(octets))
	if own := header.Octets(); len(own) < len(octets)/2 {
		return message.ParseHeader(bytes.Clone(own))
	}
	return header
}

// content returns the whole message.
func (m *messageObject) content(L *lua.LState, call string) *message.Message {
	if m.whole != nil {
		return m.whole
	}
	if m.raw != nil {
		m.whole, m.head = message.Parse([]byte(m.raw.String())), nil
		return m.whole
	}
	s := m.session
	s.mustBeOpen(L, call)
	if m.ahead.wholes() {
		m.ahead.asks(s, m.place)
	}
	octets, err := m.read(make([]byte, 0, firstRoom(m.size)), pop3.Whole)
	if err != nil {
		m.fail(L, call, err)
	}
	m.whole, m.head = message.Parse(octets), nil
	return m.whole
}

// rawText returns every octet as a text, which is kept. A message that was not
// read yet is read into it, so that nothing of it is there twice.
func (m *messageObject) rawText(L *lua.LState, call string) lua.LValue {
	switch s := m.session; {
	case m.raw != nil:
	case m.whole != nil:
		m.raw = lua.LString(m.whole.Octets())
	default:
		s.mustBeOpen(L, call)
		if m.ahead.wholes() {
			m.ahead.asks(s, m.place)
		}
		text, err := s.retrieve(m.num, pop3.Whole)
		if err != nil {
			m.fail(L, call, err)
		}
		raw, err := s.readText(text, m.size)
		if err != nil {
			m.fail(L, call, err)
		}
		m.raw = lua.LString(raw)
	}
	return m.raw
}

// readText is readAll into a string, through a small buffer of the session.
func (s *session) readText(text io.Reader, size int64) (string, error) {
	if cap(s.scratch) < chunk {
		s.scratch = make([]byte, chunk)
	}
	buf := s.scratch[:chunk]
	b := &strings.Builder{}
	b.Grow(firstRoom(size))
	for {
		n, err := text.Read(buf)
		if more := int(size) + roomBehind - b.Len(); n > b.Cap()-b.Len() && b.Len()+n > firstOctets && size <= maxAnnounced && more > n {
			b = regrown(b, more)
		}
		b.Write(buf[:n])
		if err == io.EOF {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// chunk is how much readText reads at once.
const chunk = 32 << 10

// regrown is a builder with the same text and room for so many octets more.
// Builder.Grow would make room for twice the text as well.
func regrown(b *strings.Builder, more int) *strings.Builder {
	text, larger := b.String(), &strings.Builder{}
	larger.Grow(len(text) + more)
	larger.WriteString(text)
	return larger
}

// read appends what TOP with so many lines, or RETR, gives of the message.
func (m *messageObject) read(buf []byte, lines int) ([]byte, error) {
	text, err := m.session.retrieve(m.num, lines)
	if err != nil {
		return buf, err
	}
	if lines != pop3.Whole {
		return readAll(buf, text, 0)
	}
	return readAll(buf, text, m.size)
}

// retrieve asks for a message: all of it, or its header and so many lines.
func (s *session) retrieve(n, lines int) (*pop3.Text, error) {
	number := strconv.Itoa(n)
	if reader, ok := s.conn.(Reader); ok {
		return reader.Read(s.context(), n, lines)
	} else if lines == pop3.Whole {
		return s.conn.CmdText(s.context(), "RETR", number)
	}
	return s.conn.CmdText(s.context(), "TOP", number, strconv.Itoa(lines))
}

// read sends a command and returns the text that answers it.
func (s *session) read(verb string) ([]byte, error) {
	text, err := s.conn.CmdText(s.context(), verb)
	if err != nil {
		return nil, err
	}
	return readAll(nil, text, 0)
}

// A size is what a server says: it makes no more memory than firstOctets before
// so many have really arrived, and never more than maxAnnounced, which is what
// package pop3 retrieves by default. There is room behind what is announced,
// since many servers count a little less than they send.
const (
	firstOctets  = 1 << 20
	roomBehind   = 512
	maxAnnounced = 256 << 20
)

// firstRoom is the capacity of a buffer for a message of an announced size.
func firstRoom(size int64) int { return int(min(max(size, 0), firstOctets)) + roomBehind }

// readAll appends a text to buf. The size is what was announced.
func readAll(buf []byte, text io.Reader, size int64) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = grown(buf, size)
		}
		n, err := text.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err == io.EOF {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}

// grown is a full buffer with room: for all that was announced, at once, when
// the first of it is there.
func grown(buf []byte, size int64) []byte {
	if len(buf) >= firstOctets && size >= int64(len(buf)) && size <= maxAnnounced {
		return append(make([]byte, 0, size+roomBehind), buf...)
	}
	return append(buf, 0)[:len(buf)]
}

// withoutTop gives TOP up for this session.
func (s *session) withoutTop(a *ahead) {
	s.topless = true
	a.stop(s)
}

// An ahead tells an Expecter what a loop over messages will ask for. Nil is of
// no loop.
type ahead struct {
	numbers []int // in the loop's order
	lines   int   // pop3.Whole, or 0
	told    bool  // what is expected
	last    int   // the place that was asked for last
	asked   int   // how many were
}

// wholes reports whether the loop reads messages whole.
func (a *ahead) wholes() bool { return a != nil && a.lines == pop3.Whole }

// asks is told that the text of the message at a place is asked for now. While
// that is so for every fourth message at least, the ones behind it are
// expected: a rule that looks at sizes first must not read every header.
func (a *ahead) asks(s *session, place int) {
	if a == nil {
		return
	}
	a.asked++
	forward := place >= a.last
	a.last = place
	switch often := forward && 4*a.asked > place; {
	case often && !a.told:
		a.told = true
		s.expect(a.lines, a.numbers[place:])
	case !often:
		a.stop(s)
	}
}

// stop takes back what is expected.
func (a *ahead) stop(s *session) {
	if a != nil && a.told {
		a.told = false
		s.expect(a.lines, nil)
	}
}

// expect tells the session, if it listens.
func (s *session) expect(lines int, numbers []int) {
	if expecter, ok := s.conn.(Expecter); ok {
		expecter.Expect(s.context(), lines, numbers)
	}
}

// context is that of the session's next call.
func (s *session) context() context.Context {
	if s.ctx != nil {
		return s.ctx
	}
	return s.binding.grants.context()
}
