package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// golden are the transcripts measured on Python's poplib, with what we do
// otherwise: only CR LF . CR LF is an end, and any stuffed dot is removed.
var golden = []struct {
	name string
	in   string
	want string
	rest string // what must be left on the stream
	err  error
}{
	{name: "listing", in: "1 120\r\n2 200\r\n.\r\n", want: "1 120\r\n2 200\r\n"},
	{name: "empty listing", in: ".\r\n"},
	{name: "stuffed", in: "..\r\n...\r\n.x\r\n..leading\r\nend\r\n.\r\n", want: ".\r\n..\r\nx\r\n.leading\r\nend\r\n"},
	{name: "LF only", in: "a\n..b\n\n.\n", want: "a\n..b\n\n.\n", err: io.ErrUnexpectedEOF},
	{name: "odd line ends", in: "\rabc\n\r\na\rb\r\n.\r\n", want: "\rabc\n\r\na\rb\r\n"},
	{name: "8-bit and NUL", in: "caf\xe9 \xff\x00z\r\n.\r\n", want: "caf\xe9 \xff\x00z\r\n"},
	{name: "cut in the middle", in: "a\r\n", want: "a\r\n", err: io.ErrUnexpectedEOF},
	{name: "cut in a line", in: "a\r\nb", want: "a\r\nb", err: io.ErrUnexpectedEOF},
	{name: "cut behind the dot", in: "a\r\n.", want: "a\r\n", err: io.ErrUnexpectedEOF},
	{name: "cut behind the CR", in: "a\r\n.\r", want: "a\r\n", err: io.ErrUnexpectedEOF},
	{name: "smuggled LF . LF", in: "a\n.\nb\r\n.\r\n", want: "a\n.\nb\r\n"},
	{name: "smuggled LF . CR LF", in: "a\n.\r\nb\r\n.\r\n", want: "a\n.\r\nb\r\n"},
	{name: "smuggled CR LF . LF", in: "a\r\n.\nb\r\n.\r\n", want: "a\r\n\nb\r\n"},
	{name: "smuggled CR LF . CR", in: "a\r\n.\rb\r\n.\r\n", want: "a\r\n\rb\r\n"},
	{name: "dot, blank", in: ". \r\n.\r\n", want: " \r\n"},
	{name: "dot, CR CR LF", in: ".\r\r\n.\r\n", want: "\r\r\n"},
	{name: "CR CR LF", in: "a\r\r\n.\r\n", want: "a\r\r\n"},
	{name: "CR, stuffed line", in: "\r\r\n..\r\n.\r\n", want: "\r\r\n.\r\n"},
	{name: "what follows stays", in: "a\r\n.\r\n+OK\r\n", want: "a\r\n", rest: "+OK\r\n"},
	{name: "another end follows", in: ".\r\n.\r\n", rest: ".\r\n"},
	{name: "nothing at all", in: "", err: io.ErrUnexpectedEOF},
}

// readers give the same octets in reads of other sizes.
var readers = map[string]func(io.Reader) io.Reader{
	"whole":      func(r io.Reader) io.Reader { return r },
	"one octet":  iotest.OneByteReader,
	"half":       iotest.HalfReader,
	"data error": iotest.DataErrReader,
}

func TestTextGolden(t *testing.T) {
	for _, test := range golden {
		for how, reader := range readers {
			t.Run(test.name+"/"+how, func(t *testing.T) {
				r := wire.NewReader(reader(strings.NewReader(test.in)))
				text := wire.NewText(r, 1000)
				got, err := io.ReadAll(text)
				if string(got) != test.want || !errors.Is(err, test.err) {
					t.Errorf("%q:\n got %q, %v\nwant %q, %v", test.in, got, err, test.want, test.err)
				}
				if text.Octets() != int64(len(test.want)) {
					t.Errorf("got %d octets counted, want %d", text.Octets(), len(test.want))
				}
				if test.err == nil {
					checkRest(t, r, test.rest)
				}
			})
		}
	}
}

// checkRest reads what is left of a stream, as a text that never ends.
func checkRest(t *testing.T, r *wire.Reader, want string) {
	t.Helper()
	rest, err := r.Line(100)
	if want == "" && err != io.EOF {
		t.Errorf("behind the text: got %q, %v, want io.EOF", rest, err)
	}
	if want != "" && string(rest)+"\r\n" != want {
		t.Errorf("behind the text: got %q, %v, want %q", rest, err, want)
	}
}

// TestErrorOfStream: any error but the end of the stream is kept as it is, and
// stays.
func TestErrorOfStream(t *testing.T) {
	errReset := errors.New("connection reset")
	text := wire.NewText(wire.NewReader(io.MultiReader(strings.NewReader("a\r\n"), iotest.ErrReader(errReset))), 100)
	for range 2 {
		_, err := io.Copy(io.Discard, text)
		if err != errReset {
			t.Errorf("got %v, want %v", err, errReset)
		}
	}
}

func TestTextLimit(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int64
		err   error
	}{
		{"12345\r\n.\r\n", 7, nil},
		{"12345\r\n.\r\n", 6, wire.ErrTooLong},
		{"..\r\n.\r\n", 3, nil},
		{"..\r\n.\r\n", 2, wire.ErrTooLong},
		{".\r\n", 0, nil},
		{"\r\n.\r\n", 0, wire.ErrTooLong},
	} {
		for how, reader := range readers {
			got, err := io.ReadAll(wire.NewText(wire.NewReader(reader(strings.NewReader(test.in))), test.limit))
			if err != test.err || int64(len(got)) > test.limit {
				t.Errorf("%q, limit %d, %s: got %q, %v, want %v", test.in, test.limit, how, got, err, test.err)
			}
		}
	}
}

// TestCRAtBufferEdge puts every octet of some line ends and texts' ends at the
// end of the reader's buffer.
func TestCRAtBufferEdge(t *testing.T) {
	const buffer = 64 << 10
	for _, tail := range []string{"\r\n.\r\n", "\r\r\n.\r\n", "\r\n..\r\n.\r\n", "\r.\r\n.\r\n", "\r\n.\rx\r\n.\r\n", "\r\nx\r\n.\r\n"} {
		for shift := range len(tail) + 2 {
			in := strings.Repeat("a", buffer-shift) + tail
			want, _, _ := slowText([]byte(in))
			got, err := io.ReadAll(wire.NewText(wire.NewReader(strings.NewReader(in)), 1<<20))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%q %d octets before the edge: got %d octets that end in %q, %v, want %d that end in %q",
					tail, shift, len(got), last(got), err, len(want), last(want))
			}
		}
	}
}

func last(octets []byte) []byte { return octets[max(0, len(octets)-10):] }

// slowText reads a text octet by octet, as RFC 1939 §3 describes it. rest is
// what follows the end, and ended whether there was one.
func slowText(in []byte) (text, rest []byte, ended bool) {
	crlf := true // the octets before in[i] are CR LF, or none
	for i := 0; i < len(in); i++ {
		if crlf && in[i] == '.' {
			if bytes.HasPrefix(in[i:], []byte(".\r\n")) {
				return text, in[i+3:], true
			}
			i++ // a stuffed dot
			if i == len(in) {
				break
			}
		}
		text = append(text, in[i])
		crlf = in[i] == '\n' && i > 0 && in[i-1] == '\r'
	}
	return text, nil, false
}

// octets draws octets of which many are those that matter.
func octets(t *rapid.T, name string) []byte {
	one := rapid.OneOf(rapid.SampledFrom([]byte("\r\n.\r\n.a")), rapid.Byte())
	return rapid.SliceOfN(one, 0, 300).Draw(t, name)
}

// A choppy reader or writer works in pieces that a test drew.
type choppy struct {
	t *rapid.T
	r io.Reader
	w io.Writer
}

func (c choppy) Read(p []byte) (int, error) {
	n := rapid.IntRange(1, 7).Draw(c.t, "read")
	return c.r.Read(p[:min(n, len(p))])
}

func (c choppy) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n := min(rapid.IntRange(1, 7).Draw(c.t, "write"), len(p)-done)
		if _, err := c.w.Write(p[done : done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return len(p), nil
}

// TestRoundTrip: what TextWriter writes, Text reads, whatever the octets and
// however they are cut. Only a missing last CR LF is added.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := octets(t, "text")
		var stuffed bytes.Buffer
		w := wire.NewTextWriter(&stuffed)
		choppy{t: t, w: w}.Write(in)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		whole := stuffed.String() + "+OK\r\n"
		r := wire.NewReader(choppy{t: t, r: strings.NewReader(whole)})
		got, err := io.ReadAll(choppy{t: t, r: wire.NewText(r, 1000)})
		want := in
		if len(in) > 0 && !bytes.HasSuffix(in, []byte("\r\n")) {
			want = append(bytes.Clone(in), "\r\n"...)
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("on the wire %q:\n got %q, %v\nwant %q", stuffed.String(), got, err, want)
		}
		if line, err := r.Line(100); err != nil || string(line) != "+OK" {
			t.Fatalf("behind the text: got %q, %v, want +OK", line, err)
		}
	})
}

// TestWriterCut: how a text is cut into writes does not show.
func TestWriterCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := octets(t, "text")
		var whole, cut bytes.Buffer
		w := wire.NewTextWriter(&whole)
		w.Write(in)
		w.Close()
		w = wire.NewTextWriter(&cut)
		choppy{t: t, w: w}.Write(in)
		w.Close()
		if whole.String() != cut.String() {
			t.Fatalf("%q: got %q in pieces, %q whole", in, cut.String(), whole.String())
		}
	})
}

// TestEveryShortText writes and reads every text of up to six octets that
// matter, in pieces of one to three octets.
func TestEveryShortText(t *testing.T) {
	for length := range 7 {
		text := make([]byte, length)
		for code := range 1 << (2 * length) { // two bits for each octet
			for i := range text {
				text[i] = "\r\n.a"[code>>(2*i)&3]
			}
			for size := 1; size <= 3; size++ {
				checkShort(t, text, size)
			}
		}
	}
}

func checkShort(t *testing.T, text []byte, size int) {
	t.Helper()
	var got bytes.Buffer
	w := wire.NewTextWriter(&got)
	for from := 0; from < len(text); from += size {
		w.Write(text[from:min(from+size, len(text))])
	}
	w.Close()
	if want := slowStuffed(text); got.String() != want {
		t.Errorf("write %q in pieces of %d: got %q, want %q", text, size, got.String(), want)
	}
	sizes := bytes.Repeat([]byte{byte(size - 1)}, 20)
	read, err := io.ReadAll(wire.NewText(wire.NewReader(&chunked{got.Bytes(), sizes}), 100))
	if err != nil || !bytes.HasPrefix(read, text) {
		t.Errorf("read %q in pieces of %d: got %q, %v, want %q", got.String(), size, read, err, text)
	}
}

// slowStuffed is a text on the wire, by RFC 1939 §3.
func slowStuffed(text []byte) string {
	stuffed := strings.ReplaceAll("\r\n"+string(text), "\r\n.", "\r\n..")
	if !strings.HasSuffix(stuffed, "\r\n") {
		stuffed += "\r\n"
	}
	return stuffed[2:] + ".\r\n"
}

func TestWriterGolden(t *testing.T) {
	for in, want := range map[string]string{
		"":                   ".\r\n",
		"a":                  "a\r\n.\r\n",
		"a\r\n":              "a\r\n.\r\n",
		"a\n":                "a\n\r\n.\r\n",
		"a\r":                "a\r\r\n.\r\n",
		".":                  "..\r\n.\r\n",
		".\r\n":              "..\r\n.\r\n",
		"..\r\n.a\r\nb.\r\n": "...\r\n..a\r\nb.\r\n.\r\n",
		"a\n.\nb\r.\rc\r\n":  "a\n.\nb\r.\rc\r\n.\r\n",
		"\r\n.":              "\r\n..\r\n.\r\n",
		"\r\n\r\n":           "\r\n\r\n.\r\n",
	} {
		var got bytes.Buffer
		w := wire.NewTextWriter(&got)
		n, err := w.Write([]byte(in))
		if err != nil || n != len(in) {
			t.Errorf("write %q: got %d, %v", in, n, err)
		}
		if err := w.Close(); err != nil || got.String() != want {
			t.Errorf("%q: got %q, %v, want %q", in, got.String(), err, want)
		}
	}
}

// TestWriterFails: errors of the writer below come through, with how much of
// the text was written.
func TestWriterFails(t *testing.T) {
	w := wire.NewTextWriter(iotest.TruncateWriter(io.Discard, 0))
	if n, err := w.Write([]byte("a")); err != nil || n != 1 {
		t.Errorf("a writer that takes all: got %d, %v", n, err)
	}
	errFull := errors.New("full")
	w = wire.NewTextWriter(failing{errFull})
	if n, err := w.Write([]byte(".a")); n != 0 || err != errFull {
		t.Errorf("got %d, %v, want 0, %v", n, err, errFull)
	}
	if err := w.Close(); err != errFull {
		t.Errorf("close: got %v, want %v", err, errFull)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestTextWriteTo gives the same octets as reading, also after some were read,
// and goes on after the writer failed.
func TestTextWriteTo(t *testing.T) {
	const in = "abc\r\n..def\r\n.\r\n"
	text := wire.NewText(wire.NewReader(strings.NewReader(in)), 100)
	first := make([]byte, 2)
	io.ReadFull(text, first)
	var rest bytes.Buffer
	n, err := text.WriteTo(&rest)
	if got := string(first) + rest.String(); err != nil || got != "abc\r\n.def\r\n" || n != int64(rest.Len()) {
		t.Errorf("got %q, %d, %v", got, n, err)
	}
	text = wire.NewText(wire.NewReader(strings.NewReader(in)), 100)
	if _, err := text.WriteTo(failing{io.ErrShortWrite}); err != io.ErrShortWrite {
		t.Errorf("got %v, want the writer's error", err)
	}
	if _, err := text.WriteTo(io.Discard); err != nil {
		t.Errorf("after the writer failed: got %v", err)
	}
}

// TestReadNothing: an empty buffer is not an end.
func TestReadNothing(t *testing.T) {
	text := wire.NewText(wire.NewReader(strings.NewReader(".\r\n")), 100)
	if n, err := text.Read(nil); n != 0 || err != nil {
		t.Errorf("got %d, %v, want 0, nil", n, err)
	}
}

// TestManyDots: texts with more dots than it pays to look for, and stuffed ones
// before and behind.
func TestManyDots(t *testing.T) {
	for _, before := range []int{0, 30, 31, 32, 33, 1000, 70_000} {
		for _, between := range []string{"", "\r\n..", "\r\n", "\n.", "\r."} {
			in := strings.Repeat("a.", before) + between + strings.Repeat("..b", before) + "\r\n..c\r\n.\r\n"
			want, _, _ := slowText([]byte(in))
			got, err := io.ReadAll(wire.NewText(wire.NewReader(strings.NewReader(in)), 1<<20))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d dots, %q: got %d octets that end in %q, %v, want %d that end in %q",
					before, between, len(got), last(got), err, len(want), last(want))
			}
		}
	}
}
