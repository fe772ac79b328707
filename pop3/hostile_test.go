package pop3_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// A hostile server offers PIPELINING and breaks it. It answers a packet of
// commands at a time, as one that reads a packet, and forgets what is behind
// its first line, does.
type hostile struct {
	messages [][]byte
	sizes    func(n int) int // that LIST says; nil for the true ones
	// breach changes the replies to a packet; sent are the commands answered
	// before. An empty reply closes the connection.
	breach func(sent int, commands []string, replies [][]byte) [][]byte
}

// maildrop makes messages that differ in size and content.
func maildrop(count int) [][]byte {
	messages := make([][]byte, count)
	for i := range messages {
		messages[i] = fmt.Appendf(nil, "Subject: message %d\r\nX-Sum: %x\r\n\r\n%s\r\n.\r\nend\r\n",
			i+1, sha256.Sum256([]byte{byte(i), byte(i >> 8)}), strings.Repeat("x", i%97))
	}
	return messages
}

// stuffed is a text on the wire.
func stuffed(text []byte) []byte {
	return append(bytes.ReplaceAll(text, []byte("\r\n."), []byte("\r\n..")), ".\r\n"...)
}

// header is a message's start, as TOP n 0 has it.
func header(message []byte) []byte {
	head, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	return append(bytes.Clone(head), "\r\n\r\n"...)
}

func (h *hostile) reply(command string) []byte {
	var verb string
	var n, lines int
	fmt.Sscan(command, &verb, &n, &lines)
	if verb == "CAPA" {
		return []byte("+OK\r\nPIPELINING\r\nTOP\r\n.\r\n")
	}
	if verb == "NOOP" || verb == "QUIT" {
		return []byte("+OK\r\n")
	}
	if n < 1 || n > len(h.messages) {
		return []byte("-ERR no such message\r\n")
	}
	switch message := h.messages[n-1]; verb {
	case "RETR":
		return append(fmt.Appendf(nil, "+OK %d octets\r\n", len(message)), stuffed(message)...)
	case "TOP":
		return append([]byte("+OK\r\n"), stuffed(header(message))...)
	case "LIST":
		size := len(message)
		if h.sizes != nil {
			size = h.sizes(n)
		}
		return fmt.Appendf(nil, "+OK %d %d\r\n", n, size)
	}
	return []byte("-ERR\r\n")
}

// serve answers until the client closes the connection.
func (h *hostile) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 1<<20)
	io.WriteString(conn, "+OK\r\n")
	for sent := 0; ; {
		var commands []string
		var replies [][]byte
		for len(commands) == 0 || in.Buffered() > 0 {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			commands = append(commands, strings.TrimSpace(line))
			replies = append(replies, h.reply(strings.TrimSpace(line)))
		}
		if h.breach != nil && commands[0] != "CAPA" {
			replies = h.breach(sent, commands, replies)
		}
		sent += len(commands)
		for _, reply := range replies {
			if len(reply) == 0 {
				return
			}
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
	}
}

// session starts a session with it, over loopback.
func (h *hostile) session(t testing.TB, o *pop3.Options) *pop3.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := l.Accept(); err == nil {
			h.serve(conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := pop3.NewClient(t.Context(), conn, pop3test.Host, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// quick has timeouts for servers that do not answer.
func quick() *pop3.Options {
	return &pop3.Options{InsecureAllowPlaintext: true, CommandTimeout: 400 * time.Millisecond, ReadTimeout: 400 * time.Millisecond}
}

// requests asks for the messages from 1 to count.
func requests(count, lines int, octets func(n int) int64) iter.Seq[pop3.Request] {
	return func(yield func(pop3.Request) bool) {
		for n := 1; n <= count; n++ {
			r := pop3.Request{Number: n, Lines: lines}
			if octets != nil {
				r.Octets = octets(n)
			}
			if !yield(r) {
				return
			}
		}
	}
}

// A breach is a way to break PIPELINING, from the command at index from on.
type breach struct {
	name string
	do   func(from int, replies [][]byte) [][]byte
	// silent breaches look like a server that refuses, and is in its right to
	silent bool
	// lies are breaches in which every LIST is answered in its place, and a
	// TOP by another's: a server that lies could do the same one at a time.
	// With RETR sizes tell.
	lies bool
}

var breaches = []breach{
	{"drops all but the first of a packet", func(_ int, r [][]byte) [][]byte { return r[:1] }, false, false},
	{"swaps two answers", func(from int, r [][]byte) [][]byte {
		if from+2 < len(r) {
			r[from], r[from+2] = r[from+2], r[from]
		}
		return r
	}, false, true},
	{"swaps an answer and its LIST", func(from int, r [][]byte) [][]byte {
		if from+1 < len(r) {
			r[from], r[from+1] = r[from+1], r[from]
		}
		return r
	}, false, false},
	{"reverses a packet", func(_ int, r [][]byte) [][]byte {
		for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
			r[i], r[j] = r[j], r[i]
		}
		return r
	}, false, false},
	{"skips one", func(from int, r [][]byte) [][]byte {
		if from < len(r) {
			return append(r[:from:from], r[from+1:]...)
		}
		return r
	}, false, false},
	{"doubles one", func(from int, r [][]byte) [][]byte {
		if from < len(r) {
			return append(append(r[:from+1:from+1], r[from]), r[from+1:]...)
		}
		return r
	}, false, false},
	{"merges two texts", func(from int, r [][]byte) [][]byte {
		if from &^= 1; from < len(r) { // a text
			r[from] = bytes.TrimSuffix(r[from], []byte(".\r\n"))
		}
		return r
	}, false, false},
	{"interleaves two texts", func(from int, r [][]byte) [][]byte {
		if from+2 < len(r) {
			a, b := r[from], r[from+2]
			cut, other := min(40, len(a)), min(40, len(b))
			r[from] = append(bytes.Clone(a[:cut]), b[:other]...)
			r[from+2] = append(bytes.Clone(a[cut:]), b[other:]...)
		}
		return r
	}, false, false},
	{"answers another message's text", func(from int, r [][]byte) [][]byte {
		if from+4 < len(r) {
			r[from], r[from+2], r[from+4] = r[from+2], r[from+4], r[from]
		}
		return r
	}, false, true},
	{"closes", func(from int, r [][]byte) [][]byte {
		if from < len(r) {
			return append(r[:from:from], nil)
		}
		return r
	}, false, false},
	{"refuses all but the first of a packet", func(_ int, r [][]byte) [][]byte {
		for i := 1; i < len(r); i++ {
			r[i] = []byte("-ERR one at a time\r\n")
		}
		return r
	}, false, false},
	{"refuses RETR and TOP, and knows LIST", func(from int, r [][]byte) [][]byte {
		for i := range r {
			if len(r[i]) > 40 {
				r[i] = []byte("-ERR busy\r\n")
			}
		}
		return r
	}, true, false},
}

// TestHostilePipelining: whatever a server does with commands sent ahead, a
// message that is handed out as complete is the one that was asked for, and
// the error says what is wrong.
func TestHostilePipelining(t *testing.T) {
	for _, b := range breaches {
		for _, lines := range []int{pop3.Whole, 0} {
			if b.lies && lines == 0 {
				continue
			}
			for _, from := range []int{0, 1, 2, 7, 20, 50} {
				t.Run(fmt.Sprintf("%s/%s/%d", b.name, map[int]string{-1: "RETR", 0: "TOP"}[lines], from), func(t *testing.T) {
					t.Parallel()
					h := &hostile{messages: maildrop(200)}
					h.breach = func(_ int, commands []string, replies [][]byte) [][]byte { return b.do(from, replies) }
					c := h.session(t, quick())
					if _, err := c.Capabilities(t.Context()); err != nil {
						t.Skip("the machine is too slow for the timeout: ", err)
					}
					complete, refused, err := getAll(t, c, h.messages, lines, nil)
					if err == nil && refused == 0 && from < 8 {
						t.Errorf("the breach was not found")
					}
					if err == nil && refused == 0 && complete < len(h.messages) || err == nil && refused > 0 && !b.silent {
						t.Errorf("got %d messages, %d refused, and no error", complete, refused)
					}
					if err != nil && !strings.Contains(err.Error(), "PIPELINING") {
						t.Errorf("got an error that does not name PIPELINING: %v", err)
					}
				})
			}
		}
	}
}

// getAll gets every message, and compares what is complete.
func getAll(t *testing.T, c *pop3.Client, messages [][]byte, lines int, octets func(n int) int64) (complete, refused int, err error) {
	t.Helper()
	p, err := c.Pipeline(t.Context(), requests(len(messages), lines, octets))
	if err != nil {
		return 0, 0, err
	}
	for n := range messages {
		want := messages[n]
		if lines != pop3.Whole {
			want = header(want)
		}
		r := pop3.Request{Number: n + 1, Lines: lines}
		if octets != nil {
			r.Octets = octets(n + 1)
		}
		text, err := p.Get(r)
		if answer := (*pop3.Error)(nil); errors.As(err, &answer) {
			refused++
			continue
		}
		if err != nil {
			p.Close()
			return complete, refused, err
		}
		got, err := io.ReadAll(text)
		if err != nil {
			p.Close()
			return complete, refused, err
		}
		if sha256.Sum256(got) != sha256.Sum256(want) {
			t.Errorf("message %d:\n got %q\nwant %q", n+1, got, want)
		}
		complete++
	}
	return complete, refused, p.Close()
}
