package pop3server_test

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// A burst of commands, all written before any reply is read, is answered in
// order; replies go out in few writes.
func TestPipelinedBurst(t *testing.T) {
	const burst = 10_000
	addr := startTCP(t, plainServer(three()), false)
	p := dialTCP(t, addr)
	p.login()
	p.send(strings.Repeat("NOOP\r\nLIST 2\r\n", burst/2) + "STAT")
	for range burst / 2 {
		p.play("S: +OK still here\nS: +OK 2 32")
	}
	p.play("S: +OK 3 84")
}

// A client that writes and does not read is stopped by back-pressure, not by
// the server's memory: it takes one buffer of commands and gives one of
// replies. Once the client reads, all goes on.
func TestWriterWithoutReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := connect(t, start(t, plainServer(three())))
		p.login()
		const burst = "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"
		const bursts = 50_000
		var taken atomic.Int64
		go func() {
			for range bursts {
				n, err := io.WriteString(p.conn, burst)
				taken.Add(int64(n))
				if err != nil {
					return
				}
			}
			io.WriteString(p.conn, "QUIT\r\n")
		}()
		synctest.Wait() // nothing moves any more
		if got := taken.Load(); got > 256<<10 {
			t.Errorf("%d octets of commands were taken without a reply being read", got)
		}
		got, err := io.ReadAll(p.r)
		want := strings.Repeat("+OK still here\r\n", 4*bursts) + "+OK signing off (3 messages left)\r\n"
		if err != nil || string(got) != want {
			t.Errorf("got %d octets, %v, want %d", len(got), err, len(want))
		}
	})
}

// Replies wait for the last command at hand, no longer.
func TestRepliesGoOutTogether(t *testing.T) {
	p := connect(t, start(t, plainServer(three())))
	p.login()
	if _, err := io.WriteString(p.conn, "NOOP\r\nNOOP\r\nNOOP\r\nNO"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := p.conn.Read(buf) // one read of a pipe is one write
	if want := strings.Repeat("+OK still here\r\n", 3); err != nil || string(buf[:n]) != want {
		t.Errorf("got %q, %v, want %q", buf[:n], err, want)
	}
	p.play("C: OP\nS: +OK...")
}
