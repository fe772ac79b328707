package pop3server_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
)

// mail returns a message of about size octets, in lines as mail has them.
func mail(size int) []byte {
	line := strings.Repeat("0123456789abcdef", 5)[:76] + "\r\n"
	return []byte("Subject: benchmark\r\n\r\n" + strings.Repeat(line, size/len(line)))
}

// rawRetrieve asks for message 1 n times, in commands sent without waiting,
// and reads the replies without looking at them.
func rawRetrieve(conn net.Conn, n, size int) error {
	reply := len(fmt.Sprintf("+OK %d octets\r\n", size)) + size + len(".\r\n")
	wrote := make(chan error, 1)
	go func() {
		batch := bytes.Repeat([]byte("RETR 1\r\n"), min(n, 4096))
		for left := n; left > 0; {
			now := min(left, 4096)
			if _, err := conn.Write(batch[:now*len("RETR 1\r\n")]); err != nil {
				wrote <- err
				return
			}
			left -= now
		}
		wrote <- nil
	}()
	buf := make([]byte, 256<<10)
	for left := n * reply; left > 0; {
		got, err := conn.Read(buf[:min(left, len(buf))])
		left -= got
		if err != nil {
			return err
		}
	}
	return <-wrote
}

func benchmarkServer(b *testing.B, size int) {
	message := mail(size)
	s := plainServer(pop3server.NewMemory("ann", "secret", message))
	conn, err := net.Dial("tcp", startTCP(b, s, false))
	if err != nil {
		b.Fatal(err)
	}
	p := newPeer(b, conn)
	p.login()
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if err := rawRetrieve(conn, 1, len(message)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRetrieve is one message at a time.
func BenchmarkRetrieve(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) { benchmarkServer(b, size) })
	}
}

// BenchmarkRetrievePipelined is 1000 messages of 4 KiB at a time.
func BenchmarkRetrievePipelined(b *testing.B) {
	const burst = 1000
	message := mail(4 << 10)
	s := plainServer(pop3server.NewMemory("ann", "secret", message))
	conn, err := net.Dial("tcp", startTCP(b, s, false))
	if err != nil {
		b.Fatal(err)
	}
	newPeer(b, conn).login()
	b.SetBytes(int64(burst * len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if err := rawRetrieve(conn, burst, len(message)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(burst*b.N)/b.Elapsed().Seconds(), "msgs/s")
}

// BenchmarkStuffing is a message whose every line starts with a dot.
func BenchmarkStuffing(b *testing.B) {
	message := bytes.Repeat([]byte("."+strings.Repeat("x", 60)+"\r\n"), 1<<14)
	s := plainServer(pop3server.NewMemory("ann", "secret", message))
	conn, err := net.Dial("tcp", startTCP(b, s, false))
	if err != nil {
		b.Fatal(err)
	}
	newPeer(b, conn).login()
	b.SetBytes(int64(len(message)))
	b.ReportAllocs()
	for b.Loop() {
		if err := rawRetrieve(conn, 1, len(message)+1<<14); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList is LIST of 100,000 messages.
func BenchmarkList(b *testing.B) {
	messages := make([]pop3server.Message, 100_000)
	for i := range messages {
		messages[i] = pop3server.Message{Octets: int64(i), UniqueID: fmt.Sprintf("%08x", i)}
	}
	session := &stub{messages: messages}
	s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}
	conn, err := net.Dial("tcp", startTCP(b, s, false))
	if err != nil {
		b.Fatal(err)
	}
	p := newPeer(b, conn)
	p.login()
	p.play("C: LIST\nS: +OK...")
	size := len(p.text())
	b.ReportAllocs()
	for b.Loop() {
		p.play("C: LIST\nS: +OK...")
		if _, err := io.CopyN(io.Discard, p.r, int64(size)); err != nil {
			b.Fatal(err)
		}
	}
}
