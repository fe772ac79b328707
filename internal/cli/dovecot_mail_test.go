package cli_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

const (
	manyMessages = 1000
	marked       = 300 // of them, by testdata/dovecot/mark.lua
)

// mail is many messages of all the shapes that a line of text can have, each
// different from all others.
func mail() [][]byte {
	messages := make([][]byte, manyMessages)
	for i := range messages {
		head := fmt.Sprintf("From: Anna <anna@example.org>\r\nSubject: number %d\r\nMessage-ID: <%d@example.org>\r\n\r\n", i+1, i+1)
		messages[i] = []byte(head + body(i))
	}
	return messages
}

// body is one shape after the other.
func body(i int) string {
	switch i % 10 {
	case 0:
		return "\r\n.\r\n..\r\n.leading\r\n...\r\n \r\n.\r\n"
	case 1:
		return "8-bit: caf\xe9 \xc3\xa9 \xff\xfe\x80, NUL \x00\r\n\x00\r\n"
	case 2:
		return strings.Repeat("a long line ", 500) + "\r\n" + strings.Repeat("x", 2046) + "\r\n"
	case 3:
		return "" // nothing behind the header
	case 4:
		return "no line end at the end"
	case 5:
		return "tab\t, escape \x1b[31m, bell \x07, delete \x7f, a\rbare CR\r\r\n\r\n\r\n"
	case 6:
		return "+OK not a reply\r\n-ERR nor this\r\nQUIT\r\nFrom a postmark\r\n"
	case 7:
		return strings.Repeat(fmt.Sprintf("line of message %d\r\n", i), i%100)
	case 8:
		return "bare LF\nand another\n.\n..\nand CR LF\r\n"
	}
	return strings.Repeat("0123456789abcdef\r\n", 1024)
}

// sent is what Dovecot sends of a message: a line that ends with a bare LF
// gets CR LF, and so does one that the message's end cuts short.
func sent(raw []byte) []byte {
	octets := bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	if !bytes.HasSuffix(octets, []byte("\r\n")) {
		octets = append(octets, "\r\n"...)
	}
	return octets
}

// kept is what is left when the messages that mark.lua marks are gone.
func kept(messages [][]byte) [][]byte {
	var left [][]byte
	for i, m := range messages {
		if last := (i + 1) % 10; last < 1 || last > 3 {
			left = append(left, m)
		}
	}
	return left
}

// fill makes a user with mail, whose password is "secret".
func fill(t *testing.T, s *dovecottest.Server, name string, messages [][]byte) *dovecottest.User {
	t.Helper()
	u := s.AddUser(name, "secret")
	for _, m := range messages {
		u.Deliver(m)
	}
	return u
}

// holds checks that the maildrop has exactly these messages, octet for octet,
// once every session is over.
func holds(t *testing.T, s *dovecottest.Server, u *dovecottest.User, want [][]byte) {
	t.Helper()
	s.WaitIdle()
	got := u.Messages()
	if len(got) != len(want) {
		t.Errorf("the maildrop has %d messages, want %d", len(got), len(want))
		return
	}
	for i := range want {
		if sha256.Sum256(got[i]) != sha256.Sum256(want[i]) {
			t.Errorf("file %d is not what was delivered:\ngot  %.200q\nwant %.200q", i+1, got[i], want[i])
			return
		}
	}
}

// at splits an address as the scripts want it.
func at(t *testing.T, addr string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}
