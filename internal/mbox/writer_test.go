package mbox

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// written is what a Writer makes of a message that comes in pieces of n octets.
func written(t testing.TB, msg []byte, n int) []byte {
	t.Helper()
	var box bytes.Buffer
	w, err := NewWriter(&box, line)
	if err != nil {
		t.Fatal(err)
	}
	for rest := msg; len(rest) > 0; {
		k := min(n, len(rest))
		if got, err := w.Write(rest[:k]); got != k || err != nil {
			t.Fatalf("Write of %d octets = %d, %v", k, got, err)
		}
		rest = rest[k:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return box.Bytes()
}

// gained is the message as it comes back: with a line end at its end.
func gained(msg []byte) []byte {
	switch {
	case len(msg) == 0 || bytes.HasSuffix(msg, []byte("\n")):
		return msg
	case !bytes.HasSuffix(msg, []byte("\r")) && strings.HasSuffix(string(msg[:bytes.LastIndexByte(msg, '\n')+1]), "\r\n"):
		return append(bytes.Clone(msg), "\r\n"...)
	}
	return append(bytes.Clone(msg), '\n')
}

var torture = []string{
	"", "x", "\n", "\r\n", "\r", "\x00", "\x00\x00", "F", "From", "From ", ">", ">From", ">From ", ">>>From x\n",
	"Subject: crlf\r\n\r\nFrom here\r\n>From there\r\n", "a\r\nb", "a\r\nb\r", "a\nb", "a\r\n\r\n\r\n", "a\n\n\n",
	"FFrom x\nFrFrom x\nFro\nFrom\n\nFrom x\n", "a\rFrom b\n", ">\nFrom x\n> From x\n>F\n",
	strings.Repeat(">", bufferSize-6) + "From x\n", strings.Repeat(">", bufferSize-4) + "From x\n", strings.Repeat(">", bufferSize) + "From x\n",
	"a\n" + strings.Repeat("x", 3*bufferSize) + "From x\nFrom y\n",
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, msg := range torture {
		for _, n := range []int{1, 2, 3, 7, 4096, 1 << 20} {
			if n < 7 && len(msg) > 1000 {
				continue
			}
			one := written(t, []byte(msg), n)
			f := open(t, string(one)+string(one), RD)
			if len(f.Messages) != 2 {
				t.Fatalf("%.40q in pieces of %d: %d messages, want 2", msg, n, len(f.Messages))
			}
			for i := range f.Messages {
				if got, want := read(t, f, i), string(gained([]byte(msg))); got != want {
					t.Errorf("%.40q in pieces of %d: got %.80q, want %.80q", msg, n, got, want)
				}
			}
		}
	}
}

func TestPostmarkTakesNoLineFromASender(t *testing.T) {
	when := time.Date(2004, 1, 5, 7, 8, 9, 0, time.FixedZone("", 3600))
	for sender, want := range map[string]string{
		"ann@example.org":        "From ann@example.org Mon Jan  5 06:08:09 2004\n",
		"":                       "From MAILER-DAEMON Mon Jan  5 06:08:09 2004\n",
		"a b":                    "From MAILER-DAEMON Mon Jan  5 06:08:09 2004\n",
		"a\nFrom b":              "From MAILER-DAEMON Mon Jan  5 06:08:09 2004\n",
		"\u00e4@b":               "From MAILER-DAEMON Mon Jan  5 06:08:09 2004\n",
		strings.Repeat("a", 255): "From MAILER-DAEMON Mon Jan  5 06:08:09 2004\n",
	} {
		got := Postmark(sender, when)
		if got != want {
			t.Errorf("Postmark(%q) = %q, want %q", sender, got, want)
		}
		if !dated([]byte(got)) {
			t.Errorf("%q is not read as a postmark", got)
		}
	}
}

func TestAWriterReportsWhatFails(t *testing.T) {
	full := errors.New("full")
	for after := range 6 {
		w, err := NewWriter(&failing{left: after, err: full}, line)
		for _, piece := range []string{"a\nFro", "m x\n", "y"} {
			if err == nil {
				_, err = w.Write([]byte(piece))
			}
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, full) {
			t.Errorf("after %d writes: got error %v, want %v", after, err, full)
		}
	}
}

// failing takes so many writes.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func FuzzWriter(f *testing.F) {
	for _, msg := range torture {
		if len(msg) < 1000 {
			f.Add([]byte(msg), byte(3))
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte, n byte) {
		one := written(t, msg, int(n)+1)
		if !bytes.Equal(one, written(t, msg, len(msg)+1)) {
			t.Fatalf("%q is written otherwise in pieces of %d", msg, int(n)+1)
		}
		x, err := index(bytes.NewReader(append(bytes.Clone(one), one...)), MaxMessages)
		if err != nil {
			t.Fatal(err)
		}
		messages, _ := x.settle(RD)
		if len(messages) != 2 {
			t.Fatalf("%q twice came back as %d messages", msg, len(messages))
		}
		got, err := io.ReadAll(newReader(bytes.NewReader(one), messages[0], RD))
		if err != nil || !bytes.Equal(got, gained(msg)) {
			t.Fatalf("got %q, error %v, want %q", got, err, gained(msg))
		}
	})
}

func BenchmarkWriter(b *testing.B) {
	msg := []byte("Subject: benchmark\r\n\r\n" + strings.Repeat(strings.Repeat("x", 72)+"\r\n", 55))
	b.SetBytes(int64(len(msg)))
	b.ReportAllocs()
	for b.Loop() {
		w, _ := NewWriter(io.Discard, line)
		w.Write(msg)
		w.Close()
	}
}
