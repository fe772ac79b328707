package pop3test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// TestPipeKeepsWrites: one read gives octets of one write.
func TestPipeKeepsWrites(t *testing.T) {
	a, b := newPipe()
	io.WriteString(a, "one")
	io.WriteString(a, "")
	io.WriteString(a, "two")
	buf := make([]byte, 10)
	for _, want := range []string{"one", "two"} {
		if n, err := b.Read(buf); err != nil || string(buf[:n]) != want {
			t.Errorf("got %q, %v, want %q", buf[:n], err, want)
		}
	}
	io.WriteString(a, "three")
	if n, err := b.Read(buf[:2]); err != nil || string(buf[:n]) != "th" {
		t.Errorf("got %q, %v, want th", buf[:n], err)
	}
	a.Close()
	if rest, err := io.ReadAll(b); err != nil || string(rest) != "ree" {
		t.Errorf("after close: got %q, %v, want ree", rest, err)
	}
}

func TestPipeClosed(t *testing.T) {
	a, b := newPipe()
	a.Close()
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of the closed end: got %v", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write to the closed end: got %v", err)
	}
	if _, err := b.Write([]byte("x")); err != nil {
		t.Errorf("first write to the other end: got %v, want it lost without a word", err)
	}
	if _, err := b.Write([]byte("x")); err != io.ErrClosedPipe {
		t.Errorf("second write to the other end: got %v", err)
	}
	b.Close()
	b.Close()
}

func TestPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe()
		defer a.Close()
		defer b.Close()
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Minute))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: got %v", err)
		}
		a.SetDeadline(time.Time{})
		a.SetWriteDeadline(start.Add(2 * time.Minute))
		for {
			if _, err := a.Write(make([]byte, 64<<10)); err != nil {
				if !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("write: got %v", err)
				}
				break
			}
		}
		if got := time.Since(start); got != 2*time.Minute {
			t.Errorf("it took %v, want 2m", got)
		}
		a.SetWriteDeadline(time.Unix(1, 0)) // as to interrupt it
		if _, err := a.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write after its deadline: got %v", err)
		}
	})
}
