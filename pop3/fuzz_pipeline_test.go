package pop3_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// FuzzPipeline reads whatever a server sends, behind which the connection is
// closed: it never panics nor hangs, and a text is complete only if some LIST
// was answered rightly, or refused, so that one command goes at a time.
func FuzzPipeline(f *testing.F) {
	for _, replies := range []string{
		"+OK\r\none\r\n.\r\n+OK 1 5\r\n+OK\r\ntwo\r\n.\r\n+OK 2 5\r\n+OK\r\nthree\r\n.\r\n+OK 3 7\r\n",
		"+OK\r\none\r\n.\r\n+OK 2 5\r\n", "-ERR no\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n-ERR no\r\n",
		"+OK\r\none\r\n.\r\n-ERR no\r\n+OK\r\ntwo\r\n.\r\n-ERR no\r\n+OK\r\nthree\r\n.\r\n+OK 3 7\r\n+OK 1 5\r\n",
		"+OK\r\n.\r\n+OK 1 0\r\n+OK 1 0\r\n.\r\n", "+OK 1 5\r\n", "\r\n", "+OK\r\none\r\n.\r\n+OK 1 9\r\n-ERR\r\n-ERR\r\n-ERR\r\n-ERR\r\n+OK\r\none\r\n.\r\n",
	} {
		f.Add(replies, true, 1, 2, 3)
		f.Add(replies, false, 3, 1, 1)
	}
	f.Fuzz(func(t *testing.T, replies string, whole bool, first, second, third int) {
		lines := 0
		if whole {
			lines = pop3.Whole
		}
		conn := &spilled{replies: []string{"+OK\r\n", "+OK\r\nPIPELINING\r\n.\r\n", replies}}
		c, err := pop3.NewClient(t.Context(), conn, pop3test.Host, insecure(nil))
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Pipeline(t.Context(), requests(3, lines, nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{first, second, third} {
			text, err := p.Get(pop3.Request{Number: n, Lines: lines})
			if err != nil {
				continue
			}
			octets, err := io.ReadAll(text)
			if err == nil && !proven(strings.ToUpper(replies), first, second, third) {
				t.Errorf("%q: message %d is complete without LIST: %q", replies, n, octets)
			}
		}
		if p.Settle() == nil && c.State() != pop3.Closed {
			c.Noop(t.Context())
		}
		p.Close()
	})
}

// A spilled server sends one reply for each read, whatever the commands, and
// closes the connection.
type spilled struct {
	canned
	replies []string
}

func (s *spilled) Write(p []byte) (int, error) { return len(p), nil }

func (s *spilled) Read(p []byte) (int, error) {
	for len(s.replies) > 0 && s.replies[0] == "" {
		s.replies = s.replies[1:]
	}
	if len(s.replies) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.replies[0])
	s.replies[0] = s.replies[0][n:]
	return n, nil
}

// proven reports whether LIST may have been answered for one of the messages.
func proven(replies string, numbers ...int) bool {
	for _, n := range append(numbers, 1, 2, 3) {
		if slices.Contains(strings.Fields(replies), fmt.Sprint(n)) {
			return true
		}
	}
	return strings.Contains(replies, "-ERR")
}

// FuzzBrokenPipelining does some of seven things to the answers of a packet:
// each two octets are one, and where. What is complete is right.
func FuzzBrokenPipelining(f *testing.F) {
	f.Add([]byte{0, 3})
	f.Add([]byte{1, 2, 2, 2})
	f.Add([]byte{3, 0, 3, 1})
	f.Add([]byte{4, 2, 5, 20})
	f.Add([]byte{6, 40, 1, 7})
	messages := maildrop(60)
	f.Fuzz(func(t *testing.T, faults []byte) {
		h := &hostile{messages: messages}
		h.breach = func(_ int, commands []string, replies [][]byte) [][]byte {
			if len(commands) == 1 {
				return replies // alone it answers rightly
			}
			for i := 0; i+1 < len(faults) && i < 20; i += 2 {
				replies = fault(replies, faults[i], int(faults[i+1]))
			}
			return replies
		}
		o := quick()
		o.CommandTimeout, o.ReadTimeout = 30*time.Millisecond, 30*time.Millisecond
		conn, server := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.serve(server)
		}()
		c, err := pop3.NewClient(t.Context(), conn, pop3test.Host, o)
		if err != nil {
			t.Skip("the machine is too slow for the timeout: ", err)
		}
		complete, refused, err := getAll(t, c, messages, pop3.Whole, func(n int) int64 { return int64(len(messages[n-1])) })
		if err == nil && complete+refused < len(messages) {
			t.Errorf("%v: got %d messages and no error", faults, complete)
		}
		if protocol := (*pop3.ProtocolError)(nil); errors.As(err, &protocol) && !strings.Contains(err.Error(), "PIPELINING") {
			t.Errorf("%v: got %v", faults, err)
		}
		c.Close()
		<-done
	})
}

func fault(replies [][]byte, what byte, at int) [][]byte {
	if at >= len(replies) {
		return replies
	}
	switch other := (at + int(what)/7) % len(replies); what % 7 {
	case 0:
		return slices.Delete(slices.Clone(replies), at, at+1)
	case 1:
		replies[at], replies[other] = replies[other], replies[at]
	case 2:
		return slices.Insert(slices.Clone(replies), at, replies[other])
	case 3:
		replies[at] = []byte(strings.TrimSuffix(string(replies[at]), ".\r\n"))
	case 4:
		replies[at] = []byte("-ERR no\r\n")
	case 5:
		return replies[:at+1]
	case 6:
		slices.Reverse(replies[at:])
	}
	return replies
}
