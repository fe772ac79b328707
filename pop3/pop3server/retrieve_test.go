package pop3server_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/popherd/popherd/pop3/pop3server"
)

// Octets arrive as they were stored, whatever the reader's portions; only a
// missing last CR LF is added.
func TestOctetsAreExact(t *testing.T) {
	messages := []string{
		"", ".", "..", ".\r\n", "\r\n", "\r\n.\r\n", "a\r\n.\r\nb\r\n", "a\n.\nb\n", "a\r.\rb\r", "\r\n..\r\n...\r\n",
		"\x00\x01\xff\xfe", "+OK\r\n-ERR\r\n", strings.Repeat("x", 200_000), strings.Repeat(".\r\n", 50_000), "end\r", "end\n",
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := make([]byte, random.IntN(300))
		for i := range b {
			b[i] = "\r\n.a"[random.IntN(4)]
		}
		messages = append(messages, string(b))
	}
	readers := map[string]func(io.Reader) io.Reader{
		"whole":     func(r io.Reader) io.Reader { return r }, // with WriteTo
		"portions":  func(r io.Reader) io.Reader { return struct{ io.Reader }{r} },
		"one octet": iotest.OneByteReader,
		"data, EOF": iotest.DataErrReader,
	}
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) {
			body := ""
			session := &stub{messages: []pop3server.Message{{UniqueID: "x"}}}
			session.body = func() io.Reader { return reader(strings.NewReader(body)) }
			c := dialClient(t, startTCP(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}, false))
			for _, body = range messages {
				want := body
				if !strings.HasSuffix(want, "\r\n") && want != "" {
					want += "\r\n"
				}
				text, err := c.Retrieve(t.Context(), 1)
				if got := readText(t, text, err); got != want {
					t.Errorf("%.60q: got %.60q", body, got)
				}
			}
		})
	}
}

func TestTop(t *testing.T) {
	const header = "A: 1\r\nB: 2\r\n\r\n"
	tests := []struct {
		body  string
		lines int
		want  string
	}{
		{header + "1\r\n2\r\n3\r\n", 0, header},
		{header + "1\r\n2\r\n3\r\n", 1, header + "1\r\n"},
		{header + "1\r\n2\r\n3\r\n", 3, header + "1\r\n2\r\n3\r\n"},
		{header + "1\r\n2\r\n3\r\n", 4, header + "1\r\n2\r\n3\r\n"},
		{header + "\r\n\r\n3\r\n", 2, header + "\r\n\r\n"},
		{header + "1\r\n2", 2, header + "1\r\n2\r\n"},
		{header + ".\r\n.\r\n", 1, header + ".\r\n"},
		{header, 5, header},
		{"A: 1\r\n", 5, "A: 1\r\n"},
		{"\r\n1\r\n2\r\n", 1, "\r\n1\r\n"},
		{"", 5, ""},
		{"A: 1\n\n1\n2\n", 1, "A: 1\n\n1\n\r\n"},
		{"A: 1\r\n\r\r\n\r\n1\r\n2\r\n", 1, "A: 1\r\n\r\r\n\r\n1\r\n"}, // CR CR LF is no empty line
		{"A: 1\r\n \r\n\r\n1\r\n2\r\n", 1, "A: 1\r\n \r\n\r\n1\r\n"},
	}
	for name, reader := range map[string]func(io.Reader) io.Reader{
		"whole":     func(r io.Reader) io.Reader { return r },
		"one octet": iotest.OneByteReader,
	} {
		t.Run(name, func(t *testing.T) {
			body := ""
			session := &stub{messages: []pop3server.Message{{UniqueID: "x"}}}
			session.body = func() io.Reader { return reader(strings.NewReader(body)) }
			c := dialClient(t, startTCP(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}, false))
			for _, test := range tests {
				body = test.body
				text, err := c.Top(t.Context(), 1, test.lines)
				if got := readText(t, text, err); got != test.want {
					t.Errorf("TOP %d of %q: got %q, want %q", test.lines, test.body, got, test.want)
				}
			}
		})
	}
}

// TOP reads no more of a huge message than it sends.
func TestTopOfHugeMessage(t *testing.T) {
	rest := &countingReader{r: octets('x')}
	session := &stub{messages: []pop3server.Message{{Octets: 1 << 40, UniqueID: "x"}}}
	session.body = func() io.Reader { return io.MultiReader(strings.NewReader(first), rest) }
	c := dialClient(t, startTCP(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}, false))
	text, err := c.Top(t.Context(), 1, 1)
	if got := readText(t, text, err); got != first {
		t.Errorf("got %.60q, want %q", got, first)
	}
	if rest.n > 0 {
		t.Errorf("%d octets were read for nothing", rest.n)
	}
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// A message that breaks off ends the connection: the client must not take it
// for whole, and nothing is removed.
func TestMessageThatBreaksOff(t *testing.T) {
	for _, command := range []string{"RETR 1", "TOP 1 99"} {
		session := &stub{messages: []pop3server.Message{{Octets: 100, UniqueID: "x"}}}
		session.body = func() io.Reader { return io.MultiReader(strings.NewReader(first), iotest.ErrReader(errDisk)) }
		s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}
		p := connect(t, start(t, s))
		p.login()
		p.send(command + "\r\nQUIT") // QUIT is not run any more
		rest, _ := io.ReadAll(p.r)
		if strings.Contains(string(rest), "\r\n.\r\n") || bytes.Count(rest, []byte("+OK")) != 1 {
			t.Errorf("%s: got %q", command, rest)
		}
		s.Close()
		if updates, _ := session.ends(); updates != 0 {
			t.Errorf("%s: %d updates, want none", command, updates)
		}
	}
}

// Memory does not grow with the message: 256 MiB pass through a few hundred
// KiB, client included.
func TestMemoryStaysFlat(t *testing.T) {
	const size = 256<<20 - 2
	session := &stub{messages: []pop3server.Message{{Octets: size, UniqueID: "x"}}}
	session.body = func() io.Reader { return io.LimitReader(octets('x'), size) }
	c := dialClient(t, startTCP(t, &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}, false))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text, err := c.Retrieve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, text)
	if err != nil || n != size+2 {
		t.Fatalf("got %d octets, %v", n, err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d KiB were allocated, want less than 1 MiB", got>>10)
	}
}
