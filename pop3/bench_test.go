package pop3_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"iter"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
	"github.com/popherd/popherd/pop3/pop3test"
)

// The benchmarks run client and server in one process, over loopback. Beside
// its own figures each has the metric x-raw: its time over that of a peer
// which sends the same commands without waiting, and reads the replies without
// looking at them, measured in turn with it. Only that ratio says something
// about the client on any machine.

// A bench is a server, a client that is logged in, and the raw peer.
type bench struct {
	b      *testing.B
	client *pop3.Client
	raw    net.Conn

	clientTime, rawTime     time.Duration
	clientAllocs, rawAllocs uint64
}

func newBench(b *testing.B, newSession func(pop3server.Conn) (pop3server.Session, error), secure bool) *bench {
	b.Helper()
	addr, options := serveTCP(b, newSession, secure)
	return &bench{b: b, client: loggedIn(b, addr, options, secure), raw: rawLogin(b, addr, options, secure)}
}

// serveTCP serves on loopback until the test ends.
func serveTCP(t testing.TB, newSession func(pop3server.Conn) (pop3server.Session, error), secure bool) (string, *pop3.Options) {
	t.Helper()
	ca := pop3test.NewCA(t)
	config, err := ca.ServerConfig(pop3test.Good)
	if err != nil {
		t.Fatal(err)
	}
	s := &pop3server.Server{NewSession: newSession, TLSConfig: config, InsecureAllowAuth: true}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve := s.Serve
	if secure {
		serve = s.ServeTLS
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return l.Addr().String(), &pop3.Options{TLSConfig: ca.ClientConfig(), InsecureAllowPlaintext: true}
}

func loggedIn(t testing.TB, addr string, options *pop3.Options, secure bool) *pop3.Client {
	t.Helper()
	dial := pop3.Dial
	if secure {
		dial = pop3.DialTLS
	}
	c, err := dial(context.Background(), addr, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(context.Background(), "ann", "secret"); err != nil {
		t.Fatal(err)
	}
	return c
}

func rawLogin(t testing.TB, addr string, options *pop3.Options, secure bool) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if secure {
		config := options.TLSConfig.Clone()
		config.ServerName = "127.0.0.1"
		conn = tls.Client(conn, config)
	}
	if _, err := io.WriteString(conn, "USER ann\r\nPASS secret\r\nCAPA\r\n"); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for one := make([]byte, 1); !bytes.HasSuffix(got, []byte("\r\n.\r\n")); got = append(got, one[0]) {
		if _, err := conn.Read(one); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// versus runs the client's way and the raw one in turn, and times the first.
// The raw one sends commands and reads as many octets as replies have.
func (b *bench) versus(client func() error, commands []byte, replies int) {
	b.b.Helper()
	buf := make([]byte, 256<<10)
	b.b.ReportAllocs()
	for b.b.Loop() {
		took, allocs := b.measure(client)
		b.clientTime, b.clientAllocs = b.clientTime+took, b.clientAllocs+allocs
		b.b.StopTimer()
		took, allocs = b.measure(func() error { return converse(b.raw, commands, replies, buf) })
		b.rawTime, b.rawAllocs = b.rawTime+took, b.rawAllocs+allocs
		b.b.StartTimer()
	}
	b.b.ReportMetric(b.clientTime.Seconds()/b.rawTime.Seconds(), "x-raw")
}

func (b *bench) measure(f func() error) (time.Duration, uint64) {
	b.b.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := f()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil {
		b.b.Fatal(err)
	}
	return took, after.Mallocs - before.Mallocs
}

// perMessage reports the rate of n messages a run, and the client's own
// allocations for each: the server's are those of the raw run, too.
func (b *bench) perMessage(n int) {
	all := float64(n * b.b.N)
	b.b.ReportMetric(all/b.clientTime.Seconds(), "msgs/s")
	b.b.ReportMetric((float64(b.clientAllocs)-float64(b.rawAllocs))/all, "allocs/msg")
}

// converse writes commands while it reads the replies.
func converse(conn net.Conn, commands []byte, replies int, buf []byte) error {
	wrote := make(chan error, 1)
	go func() {
		_, err := conn.Write(commands)
		wrote <- err
	}()
	for replies > 0 {
		n, err := conn.Read(buf[:min(replies, len(buf))])
		replies -= n
		if err != nil {
			return err
		}
	}
	return <-wrote
}

// mail returns a message of about size octets, in lines as mail has them.
func mail(size int) []byte {
	line := strings.Repeat("0123456789abcdef", 5)[:76] + "\r\n"
	return []byte("Subject: benchmark\r\n\r\n" + strings.Repeat(line, size/len(line)))
}

// retrieved is how long the reply to RETR is.
func retrieved(message []byte) int {
	return len(fmt.Sprintf("+OK %d octets\r\n", len(message))) + len(message) + len(".\r\n")
}

// eachSecurity runs f without TLS and with.
func eachSecurity(b *testing.B, f func(b *testing.B, secure bool)) {
	b.Run("plain", func(b *testing.B) { f(b, false) })
	b.Run("tls", func(b *testing.B) { f(b, true) })
}

// BenchmarkRetrieve is one message of 8 MiB.
func BenchmarkRetrieve(b *testing.B) {
	eachSecurity(b, func(b *testing.B, secure bool) {
		message := mail(8 << 20)
		x := newBench(b, pop3server.NewMemory("ann", "secret", message).NewSession, secure)
		b.SetBytes(int64(len(message)))
		x.versus(func() error {
			text, err := x.client.Retrieve(context.Background(), 1)
			if err != nil {
				return err
			}
			_, err = text.WriteTo(io.Discard)
			return err
		}, []byte("RETR 1\r\n"), retrieved(message))
	})
}

const small = 10_000 // messages of 4 KiB

func smallBench(b *testing.B, secure bool) (x *bench, numbers []int, commands []byte, replies int) {
	message := mail(4 << 10)
	m := pop3server.NewMemory("ann", "secret")
	for n := 1; n <= small; n++ {
		m.Add(message)
		numbers = append(numbers, n)
		commands = fmt.Appendf(commands, "RETR %d\r\n", n)
	}
	b.SetBytes(int64(small * len(message)))
	return newBench(b, m.NewSession, secure), numbers, commands, small * retrieved(message)
}

// BenchmarkSmallPipelined is RetrieveEach of 10,000 messages of 4 KiB.
func BenchmarkSmallPipelined(b *testing.B) {
	eachSecurity(b, func(b *testing.B, secure bool) {
		x, numbers, commands, replies := smallBench(b, secure)
		x.versus(func() error {
			return drain(x.client.RetrieveEach(context.Background(), numbers))
		}, commands, replies)
		x.perMessage(small)
	})
}

// BenchmarkSmallAhead is the same through a Pipeline that knows the sizes.
func BenchmarkSmallAhead(b *testing.B) {
	eachSecurity(b, func(b *testing.B, secure bool) {
		x, numbers, commands, replies := smallBench(b, secure)
		octets := int64(len(mail(4 << 10)))
		x.versus(func() error {
			p, err := x.client.Pipeline(context.Background(), requests(len(numbers), pop3.Whole, func(int) int64 { return octets }))
			if err != nil {
				return err
			}
			for _, n := range numbers {
				text, err := p.Get(pop3.Request{Number: n, Lines: pop3.Whole})
				if err != nil {
					return err
				}
				if _, err := text.WriteTo(io.Discard); err != nil {
					return err
				}
			}
			return p.Close()
		}, commands, replies)
		x.perMessage(small)
	})
}

func drain(messages iter.Seq2[pop3.Retrieved, error]) error {
	for r, err := range messages {
		if err != nil {
			return err
		}
		if _, err := r.WriteTo(io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkSmallOneByOne is the same without pipelining; the raw peer still
// pipelines.
func BenchmarkSmallOneByOne(b *testing.B) {
	eachSecurity(b, func(b *testing.B, secure bool) {
		x, numbers, commands, replies := smallBench(b, secure)
		x.versus(func() error {
			for _, n := range numbers {
				text, err := x.client.Retrieve(context.Background(), n)
				if err != nil {
					return err
				}
				if _, err := text.WriteTo(io.Discard); err != nil {
					return err
				}
			}
			return nil
		}, commands, replies)
		x.perMessage(small)
	})
}

// BenchmarkTopPipelined is TopEach of 10,000 headers.
func BenchmarkTopPipelined(b *testing.B) {
	x, numbers, _, _ := smallBench(b, false)
	commands := []byte(strings.Repeat("TOP 1 0\r\n", small))
	replies := small * len("+OK top of message follows\r\nSubject: benchmark\r\n\r\n.\r\n")
	b.SetBytes(0)
	x.versus(func() error {
		return drain(x.client.TopEach(context.Background(), numbers, 0))
	}, commands, replies)
	x.perMessage(small)
}

// A listed session is a maildrop of many messages that nobody reads.
type listed struct {
	pop3server.Session
	messages []pop3server.Message
}

func (l *listed) Login(context.Context, string, string) error        { return nil }
func (l *listed) List(context.Context) ([]pop3server.Message, error) { return l.messages, nil }
func (l *listed) Open(_ context.Context, index int) (io.ReadCloser, error) {
	return io.NopCloser(io.LimitReader(lines{}, l.messages[index].Octets)), nil
}
func (l *listed) Close() error                                    { return nil }
func (l *listed) new(pop3server.Conn) (pop3server.Session, error) { return l, nil }

// lines is an endless reader of lines, which holds none of them.
type lines struct{}

func (lines) Read(p []byte) (int, error) {
	n := len(p) / 78 * 78
	for i := 0; i < n; i += 78 {
		copy(p[i:], "0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n")
	}
	return n, nil
}

// BenchmarkListings is LIST and UIDL of 100,000 messages.
func BenchmarkListings(b *testing.B) {
	const count = 100_000
	session := &listed{}
	list, uidl := 0, 0
	for n := 1; n <= count; n++ {
		m := pop3server.Message{Octets: int64(n), UniqueID: fmt.Sprintf("%08x.popherd", n)}
		session.messages = append(session.messages, m)
		list += len(fmt.Sprintf("%d %d\r\n", n, m.Octets))
		uidl += len(fmt.Sprintf("%d %s\r\n", n, m.UniqueID))
	}
	frame := len(fmt.Sprintf("+OK %d messages (%d octets)\r\n.\r\n", count, count*(count+1)/2))
	b.Run("LIST", func(b *testing.B) {
		x := newBench(b, session.new, false)
		x.versus(func() error {
			all, err := x.client.List(context.Background())
			return wantCount(len(all), count, err)
		}, []byte("LIST\r\n"), list+frame)
		x.perMessage(count)
	})
	b.Run("UIDL", func(b *testing.B) {
		x := newBench(b, session.new, false)
		x.versus(func() error {
			all, err := x.client.UIDL(context.Background())
			return wantCount(len(all), count, err)
		}, []byte("UIDL\r\n"), uidl+frame)
		x.perMessage(count)
	})
}

func wantCount(got, want int, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("got %d rows, want %d", got, want)
	}
	return err
}

// TestMemoryStaysFlat retrieves 100 MB, client and server in this process:
// what they allocate together, which bounds what they hold, stays under 1 MiB.
func TestMemoryStaysFlat(t *testing.T) {
	const size = 100_000_000 / 78 * 78
	session := &listed{messages: []pop3server.Message{{Octets: size, UniqueID: "big"}}}
	addr, options := serveTCP(t, session.new, false)
	c := loggedIn(t, addr, options, false)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text, err := c.Retrieve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, text)
	if err != nil || n != size {
		t.Fatalf("got %d octets, %v, want %d", n, err, size)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("%d KiB were allocated, want less than 1024", got>>10)
	}
}
