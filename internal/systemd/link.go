package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// A Link tells systemd how this process is, by the protocol of sd_notify(3). Of
// the zero value, and where no systemd waits to be told, every call does
// nothing. It may be used by several goroutines.
//
// An error says that systemd was not told, which a service may log and go on:
// whoever has to know is systemd, and it will notice.
type Link struct {
	socket string        // a path, or "@" and an abstract name
	beat   time.Duration // 0 for none
}

// New makes the link of a process with that environment, of which it reads
// NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. The library go-systemd reads
// the process's own.
func New(getenv func(name string) string) Link {
	socket := getenv("NOTIFY_SOCKET")
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		return Link{} // vsock: is for whole machines
	}
	return Link{socket: socket, beat: beat(getenv)}
}

// beat is how often the watchdog wants to hear of this process: twice as often
// as it must, as sd_watchdog_enabled(3) has it.
func beat(getenv func(string) string) time.Duration {
	if pid := getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0 // it means a parent of ours
	}
	most, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || most <= 0 || most > int64(1<<63-1)/int64(time.Microsecond) {
		return 0
	}
	return time.Duration(most) * time.Microsecond / 2
}

// Ready says that the service has begun, or that it has reloaded.
func (l Link) Ready(status string) error { return l.tell("READY=1", statusLine(status)) }

// Reloading says that the service begins to read its configuration again; Ready
// says the end of that. Now is what [Monotonic] returns, which Type=notify-reload
// wants to know; 0 leaves it out.
func (l Link) Reloading(now time.Duration) error {
	if now <= 0 {
		return l.tell("RELOADING=1")
	}
	return l.tell("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", now.Microseconds()))
}

// Stopping says that the service begins to end.
func (l Link) Stopping(status string) error { return l.tell("STOPPING=1", statusLine(status)) }

// Status is a line for systemctl status.
func (l Link) Status(text string) error { return l.tell(statusLine(text)) }

// Watchdog returns how often Alive is to be called, or 0 for never: systemd ends
// a service that it did not hear from for twice as long.
func (l Link) Watchdog() time.Duration { return l.beat }

// Alive says that the service works. Only what shows that it does may call it.
func (l Link) Alive() error { return l.tell("WATCHDOG=1") }

// maxStatus is how much of a status systemd gets, in octets.
const maxStatus = 500

// statusLine is one line, whatever the text is: a second one would be an order.
func statusLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	return "STATUS=" + strings.ToValidUTF8(text[:min(len(text), maxStatus)], "")
}

// patience is how long a message may take: systemd that is busy lets one wait.
const patience = 5 * time.Second

// tell sends lines as one datagram.
func (l Link) tell(lines ...string) error {
	if l.socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: l.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("systemd: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("systemd: %w", err)
	}
	if _, err := conn.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		return fmt.Errorf("systemd: %w", err)
	}
	return nil
}
