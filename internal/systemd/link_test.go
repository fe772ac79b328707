package systemd_test

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/systemd"
)

// environment has variables of the form NAME=VALUE.
func environment(variables ...string) func(string) string {
	return func(name string) string {
		for _, v := range variables {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// listen is systemd, as far as a service sees it: it returns what came last.
func listen(t *testing.T, socket string) (next func() string) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skipf("no datagram sockets here: %v", err)
	}
	t.Cleanup(func() { conn.Close() })
	return func() string {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 8192)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
}

// socketPath is short: a socket's path has some 100 octets at most.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "notify")
}

func TestSystemdIsTold(t *testing.T) {
	socket := socketPath(t)
	next := listen(t, socket)
	l := systemd.New(environment("NOTIFY_SOCKET=" + socket))
	for _, c := range []struct {
		tell func() error
		want string
	}{
		{func() error { return l.Ready("3 jobs") }, "READY=1\nSTATUS=3 jobs\n"},
		{func() error { return l.Status("2 runs under way") }, "STATUS=2 runs under way\n"},
		{func() error { return l.Alive() }, "WATCHDOG=1\n"},
		{func() error { return l.Reloading(0) }, "RELOADING=1\n"},
		{func() error { return l.Reloading(1500 * time.Millisecond) }, "RELOADING=1\nMONOTONIC_USEC=1500000\n"},
		{func() error { return l.Stopping("2 runs end") }, "STOPPING=1\nSTATUS=2 runs end\n"},
	} {
		if err := c.tell(); err != nil {
			t.Fatal(err)
		}
		if got := next(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestAbstractSocket(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("abstract sockets are Linux's")
	}
	socket := "@popherd-test-" + strconv.Itoa(os.Getpid())
	next := listen(t, socket)
	if err := systemd.New(environment("NOTIFY_SOCKET=" + socket)).Ready(""); err != nil {
		t.Fatal(err)
	}
	if got, want := next(), "READY=1\nSTATUS=\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestStatusIsOneLine: what a server said may stand in a status, and gives
// systemd no orders.
func TestStatusIsOneLine(t *testing.T) {
	socket := socketPath(t)
	next := listen(t, socket)
	l := systemd.New(environment("NOTIFY_SOCKET=" + socket))
	for _, c := range []struct{ text, want string }{
		{"bad\nMAINPID=1\r\x00\x7f", "STATUS=bad MAINPID=1   \n"},
		{strings.Repeat("x", 1<<20), "STATUS=" + strings.Repeat("x", 500) + "\n"},
		{strings.Repeat("x", 499) + "ü", "STATUS=" + strings.Repeat("x", 499) + "\n"},
		{"no \xff UTF-8", "STATUS=no \ufffd UTF-8\n"},
	} {
		if err := l.Status(c.text); err != nil {
			t.Fatal(err)
		}
		if got := next(); got != c.want {
			t.Errorf("got %.80q, want %.80q", got, c.want)
		}
	}
}

func TestNobodyToTell(t *testing.T) {
	for _, l := range []systemd.Link{{}, systemd.New(environment()), systemd.New(environment("NOTIFY_SOCKET=vsock:2:1", "WATCHDOG_USEC=30000000"))} {
		for _, err := range []error{l.Ready("x"), l.Reloading(1), l.Stopping("x"), l.Status("x"), l.Alive()} {
			if err != nil {
				t.Error(err)
			}
		}
		if got := l.Watchdog(); got != 0 {
			t.Errorf("watchdog: got %v, want 0", got)
		}
	}
	gone := systemd.New(environment("NOTIFY_SOCKET=" + socketPath(t)))
	if err := gone.Alive(); err == nil || !strings.HasPrefix(err.Error(), "systemd: ") {
		t.Errorf("a socket that is gone: got %v, want an error", err)
	}
}

func TestWatchdog(t *testing.T) {
	own := "WATCHDOG_PID=" + strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		variables []string
		want      time.Duration
	}{
		{nil, 0},
		{[]string{"WATCHDOG_USEC=120000000"}, time.Minute},
		{[]string{"WATCHDOG_USEC=120000000", own}, time.Minute},
		{[]string{"WATCHDOG_USEC=120000000", "WATCHDOG_PID=1"}, 0},
		{[]string{"WATCHDOG_USEC=0"}, 0},
		{[]string{"WATCHDOG_USEC=-1"}, 0},
		{[]string{"WATCHDOG_USEC=soon"}, 0},
		{[]string{"WATCHDOG_USEC=9223372036854775807"}, 0}, // no duration
	} {
		l := systemd.New(environment(append(c.variables, "NOTIFY_SOCKET=/run/systemd/notify")...))
		if got := l.Watchdog(); got != c.want {
			t.Errorf("%v: got %v, want %v", c.variables, got, c.want)
		}
	}
}

func TestMonotonicGoesOn(t *testing.T) {
	first, second := systemd.Monotonic(), systemd.Monotonic()
	if first < 0 || second < first || runtime.GOOS == "linux" && first == 0 {
		t.Errorf("got %v, then %v", first, second)
	}
}
