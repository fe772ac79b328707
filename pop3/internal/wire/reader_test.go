package wire_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/popherd/popherd/pop3/internal/wire"
)

func TestLine(t *testing.T) {
	for _, test := range []struct {
		in    string
		want  []string
		limit int
		err   error // behind the lines
	}{
		{"+OK\r\n", []string{"+OK"}, 100, io.EOF},
		{"+OK\n", []string{"+OK"}, 100, io.EOF},
		{"a\r\n\r\n\nb\n", []string{"a", "", "", "b"}, 100, io.EOF},
		{"a\rb\r\r\n", []string{"a\rb\r"}, 100, io.EOF},
		{"", nil, 100, io.EOF},
		{"+OK", nil, 100, io.ErrUnexpectedEOF},
		{"+OK\r", nil, 100, io.ErrUnexpectedEOF},
		{"a\r\n+O", []string{"a"}, 100, io.ErrUnexpectedEOF},
		{"12345678\r\n", []string{"12345678"}, 10, io.EOF},
		{"123456789\r\n", nil, 10, wire.ErrTooLong},
		{"123456789\n", []string{"123456789"}, 10, io.EOF},
		{"1234567890", nil, 10, wire.ErrTooLong},
		{"123456789", nil, 10, io.ErrUnexpectedEOF},
	} {
		for how, reader := range readers {
			r := wire.NewReader(reader(strings.NewReader(test.in)))
			for _, want := range test.want {
				if got, err := r.Line(test.limit); err != nil || string(got) != want {
					t.Errorf("%q, %s: got %q, %v, want %q", test.in, how, got, err, want)
				}
			}
			if got, err := r.Line(test.limit); err != test.err {
				t.Errorf("%q, %s: got %q, %v, want %v", test.in, how, got, err, test.err)
			}
		}
	}
}

// TestLineThenText: lines and texts of one stream, in turn.
func TestLineThenText(t *testing.T) {
	const in = "+OK\r\na\r\n.\r\n+OK again\r\n.\r\n-ERR\r\n"
	for how, reader := range readers {
		r := wire.NewReader(reader(strings.NewReader(in)))
		var got []string
		for range 2 {
			line, _ := r.Line(100)
			got = append(got, string(line))
			text, _ := io.ReadAll(wire.NewText(r, 100))
			got = append(got, string(text))
		}
		line, _ := r.Line(100)
		got = append(got, string(line))
		want := []string{"+OK", "a\r\n", "+OK again", "", "-ERR"}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%s: got %q, want %q", how, got, want)
		}
	}
}

// TestReaderThatNeverReads: no loop without an end.
func TestReaderThatNeverReads(t *testing.T) {
	r := wire.NewReader(idle{})
	if _, err := r.Line(100); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v, want io.ErrNoProgress", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestBuffered(t *testing.T) {
	r := wire.NewReader(strings.NewReader("a\r\nbc"))
	r.Line(100)
	if got := r.Buffered(); got != 2 {
		t.Errorf("got %d, want 2", got)
	}
	errBad := errors.New("bad")
	r = wire.NewReader(iotest.ErrReader(errBad))
	if _, err := r.Line(10); err != errBad {
		t.Errorf("got %v, want %v", err, errBad)
	}
}
