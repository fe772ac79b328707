package wire_test

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A chunked reader gives octets in pieces whose sizes are taken from another
// input.
type chunked struct {
	octets, sizes []byte
}

func (c *chunked) Read(p []byte) (int, error) {
	if len(c.octets) == 0 {
		return 0, io.EOF
	}
	size := len(c.octets)
	if len(c.sizes) > 0 {
		size = 1 + int(c.sizes[0])%16
		c.sizes = c.sizes[1:]
	}
	n := copy(p, c.octets[:min(size, len(c.octets))])
	c.octets = c.octets[n:]
	return n, nil
}

// FuzzText compares Text with a reader that takes one octet after the other.
func FuzzText(f *testing.F) {
	for _, test := range golden {
		f.Add([]byte(test.in), []byte{1, 2, 3, 0, 0, 0, 0, 0})
	}
	f.Add([]byte("Subject: x\r\n\r\nhello\r\n.\r\n+OK\r\n"), []byte(nil))
	f.Fuzz(func(t *testing.T, in, sizes []byte) {
		want, rest, ended := slowText(in)
		r := wire.NewReader(&chunked{in, sizes})
		text := wire.NewText(r, int64(len(in)))
		got, err := io.ReadAll(text)
		if !ended && err != io.ErrUnexpectedEOF || ended && err != nil {
			t.Errorf("%q: got error %v, ended %v", in, err, ended)
		}
		if ended && !bytes.Equal(got, want) || !bytes.HasPrefix(want, got) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if ended {
			checkLeft(t, r, rest)
		}
		checkLimit(t, in, want)
	})
}

// checkLeft compares what the stream still has.
func checkLeft(t *testing.T, r *wire.Reader, want []byte) {
	t.Helper()
	want, _, _ = bytes.Cut(want, []byte("\n"))
	line, err := r.Line(64 << 10)
	if err == nil && !bytes.Equal(line, bytes.TrimSuffix(want, []byte("\r"))) {
		t.Errorf("behind the text: got %q, want %q", line, want)
	}
}

// checkLimit reads again under a limit that is one octet short.
func checkLimit(t *testing.T, in, want []byte) {
	t.Helper()
	if len(want) == 0 {
		return
	}
	limit := len(want) - 1
	got, err := io.ReadAll(wire.NewText(wire.NewReader(bytes.NewReader(in)), int64(limit)))
	if err == nil || len(got) > limit {
		t.Errorf("%q under a limit of %d: got %q, %v", in, limit, got, err)
	}
}

// statusPattern is ParseStatus's grammar, written another way.
var statusPattern = regexp.MustCompile(`(?s)^(?:\+[^ ]*(?: (.*))?|-(?i:ERR) *(.*))$`)

// codePattern is a response code.
var codePattern = regexp.MustCompile(`(?s)^\[([!-.0-Z\\^-~]+(?:/[!-.0-Z\\^-~]+)*)\] ?(.*)$`)

// FuzzReply reads a status line and compares with regular expressions.
func FuzzReply(f *testing.F) {
	for _, line := range []string{
		"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n", "+OK 2 320\r\n", "-ERR no such message\r\n",
		"-ERR [IN-USE] Do you have another POP session running?\r\n", "-ERR [LOGIN-DELAY] wait\r\n",
		"-ERR [SYS/TEMP] try later\r\n", "-ERR [AUTH] bad\r\n", "+OK [] x\r\n", "-err [a/b\r\n", "+\r\n", "\n", "+ YQ==\r\n",
	} {
		f.Add([]byte(line), []byte{3, 1, 0})
	}
	f.Fuzz(func(t *testing.T, in, sizes []byte) {
		const limit = 200
		octets, err := wire.NewReader(&chunked{in, sizes}).Line(limit)
		first, _, whole := bytes.Cut(in, []byte("\n"))
		if fits := whole && len(first) < limit; fits != (err == nil) {
			t.Fatalf("%q: got %v, a line that fits %v", in, err, fits)
		}
		if err != nil {
			return
		}
		line := string(octets)
		if want := strings.TrimSuffix(string(first), "\r"); line != want {
			t.Fatalf("got line %q, want %q", line, want)
		}
		checkStatus(t, line)
	})
}

func checkStatus(t *testing.T, line string) {
	t.Helper()
	got, err := wire.ParseStatus(line)
	parts := statusPattern.FindStringSubmatch(line)
	if (err == nil) != (parts != nil) {
		t.Fatalf("%q: got %v, matched %q", line, err, parts)
	}
	if err != nil {
		return
	}
	want := wire.Status{OK: line[0] == '+', Text: parts[1] + parts[2]}
	if code := codePattern.FindStringSubmatch(want.Text); code != nil && len(code[1]) <= 64 {
		want.Code, want.Text = strings.ToUpper(code[1]), code[2]
	}
	if got != want {
		t.Errorf("%q: got %+v, want %+v", line, got, want)
	}
}
