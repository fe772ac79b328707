package worker

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestFramesRoundTrip(t *testing.T) {
	var pipe bytes.Buffer
	want := []frame{
		{frameEvent, 7, []byte("event")},
		{frameQuestion, 255, nil},
		{frameEvent, 0, pattern(MaxFrame)},
		{frameResult, 0, pattern(100)},
	}
	for _, f := range want {
		if err := writeFrame(&pipe, make([]byte, 0, smallFrame), f); err != nil {
			t.Fatal(err)
		}
	}
	frames := newFrameReader(&pipe, fromWorker)
	for _, f := range want {
		got, err := frames.next()
		if err != nil || got.what != f.what || got.kind != f.kind || !bytes.Equal(got.payload, f.payload) {
			t.Errorf("got %q %d, %d octets, %v; want %q %d, %d octets", got.what, got.kind, len(got.payload), err, f.what, f.kind, len(f.payload))
		}
	}
	if _, err := frames.next(); err != io.EOF {
		t.Errorf("after the last: %v, want EOF", err)
	}
}

func TestHostileFrames(t *testing.T) {
	for _, c := range []struct{ name, octets, want string }{
		{"nothing", "", "EOF"},
		{"half a header", "E\x01\x00", "unexpected EOF"},
		{"no payload", "E\x01\x00\x00\x00\x01", "unexpected EOF"},
		{"half a payload", "E\x01\x00\x00\x00\x05abc", "unexpected EOF"},
		{"no such type", "Z\x01\x00\x00\x00\x00", "frame: 0x5a begins none"},
		{"the other way", "J\x01\x00\x00\x00\x00", "frame: 0x4a begins none"},
		{"too long by one", "E\x01\x01\x00\x00\x01", `frame: 16777217 octets in 'E', more than 16777216`},
		{"longest length", "R\x01\xff\xff\xff\xff", `frame: 4294967295 octets in 'R', more than 67108864`},
		{"a Go trace", "panic: oh", "frame: 0x70 begins none"},
	} {
		_, err := newFrameReader(strings.NewReader(c.octets), fromWorker).next()
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// A length that is announced and does not come takes no memory.
func TestAnnouncedLengthTakesNoMemory(t *testing.T) {
	frames := newFrameReader(strings.NewReader("R\x01\x04\x00\x00\x00abc"), fromWorker)
	if _, err := frames.next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if got := cap(frames.buf); got > 128<<10 {
		t.Errorf("%d octets for 3, want no more than %d", got, 128<<10)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("E\x01\x00\x00\x00\x05abcdeR\x00\x00\x00\x00\x00"))
	f.Add([]byte("Q\x09\x00\x00\x00\x00E\x01\xff\xff\xff\xff"))
	f.Add([]byte("E\x01\x00\x00\x00\x05ab"))
	f.Add([]byte("panic: oh\n\ngoroutine 1 [running]:\n"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		frames := newFrameReader(bytes.NewReader(octets), fromWorker)
		var again bytes.Buffer
		var err error
		for err == nil {
			var g frame
			if g, err = frames.next(); err == nil {
				writeFrame(&again, nil, g)
			}
		}
		if !bytes.HasPrefix(octets, again.Bytes()) {
			t.Fatalf("read %q from %q", again.Bytes(), octets)
		}
		left := len(octets) - again.Len()
		var fault *frameError
		switch {
		case err == io.EOF && left == 0, err == io.ErrUnexpectedEOF && left > 0, errors.As(err, &fault) && left >= headerLen:
		default:
			t.Fatalf("%q ended with %v, %d octets left", octets, err, left)
		}
		if cap(frames.buf) > 2*len(octets)+128<<10 {
			t.Fatalf("%d octets held for %d", cap(frames.buf), len(octets))
		}
	})
}
