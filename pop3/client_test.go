package pop3_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// TestBusy: no command while a text is open, neither within a pipeline's loop.
func TestBusy(t *testing.T) {
	c := connect(t, "S: +OK\nC: RETR 1\nS: +OK\ntext 100000\nC: NOOP\nS: +OK\n")
	text, err := c.Retrieve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := c.Noop(t.Context()); !errors.Is(err, pop3.ErrBusy) {
			t.Errorf("NOOP while a text is open: got %v, want ErrBusy", err)
		}
		text.Read(make([]byte, 10))
	}
	if err := text.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := text.Read(make([]byte, 10)); err != io.EOF {
		t.Errorf("read after close: got %v, want EOF", err)
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after close: %v", err)
	}
}

func TestBusyInLoop(t *testing.T) {
	c := connect(t, "S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\nC: DELE 1\nC: DELE 2\nS: +OK\nS: +OK\nC: NOOP\nS: +OK\n")
	for n, err := range c.MarkEach(t.Context(), []int{1, 2}) {
		if err != nil {
			t.Errorf("DELE %d: %v", n, err)
		}
		if _, err := c.Stat(t.Context()); !errors.Is(err, pop3.ErrBusy) {
			t.Errorf("STAT within the loop: got %v, want ErrBusy", err)
		}
		for _, err := range c.MarkEach(t.Context(), []int{3}) {
			if !errors.Is(err, pop3.ErrBusy) {
				t.Errorf("a loop within the loop: got %v, want ErrBusy", err)
			}
		}
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after the loop: %v", err)
	}
}

// TestUnreadTexts: a loop that does not read its texts goes on all the same.
func TestUnreadTexts(t *testing.T) {
	c := connect(t, "S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\nC: RETR 1\nC: LIST 1\nC: RETR 2\nC: LIST 2\nS: +OK\ntext 100000\nS: +OK 1 100000\nS: +OK\ntext 5\nS: +OK 2 5\nC: NOOP\nS: +OK\n")
	var got []int
	for r, err := range c.RetrieveEach(t.Context(), []int{1, 2}) {
		if err != nil {
			t.Errorf("RETR %d: %v", r.Number, err)
		}
		got = append(got, r.Number)
	}
	if len(got) != 2 {
		t.Errorf("got %v, want two messages", got)
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after the loop: %v", err)
	}
}

// TestManyPipelined: more commands than any window, each answered at once.
func TestManyPipelined(t *testing.T) {
	const count = 5000
	var script strings.Builder
	script.WriteString("S: +OK\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\n")
	var numbers []int
	for n := 1; n <= count; n++ {
		numbers = append(numbers, n)
		fmt.Fprintf(&script, "C: LIST %d\nS: +OK %d %d\n", n, n, n*10)
	}
	c := connect(t, script.String())
	next := 1
	for scan, err := range c.ListEach(t.Context(), numbers) {
		if want := (pop3.ScanListing{Number: next, Octets: int64(next) * 10}); err != nil || scan != want {
			t.Fatalf("got %v, %v, want %v", scan, err, want)
		}
		next++
	}
	if next != count+1 {
		t.Errorf("got %d answers, want %d", next-1, count)
	}
}

// failing is a writer that takes some octets and then none.
type failing struct{ room int }

var errFull = errors.New("disk is full")

func (f *failing) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// TestWriterFails: a disk that is full is not the session's fault.
func TestWriterFails(t *testing.T) {
	c := connect(t, "S: +OK\nC: RETR 1\nS: +OK\ntext 300000\nC: NOOP\nS: +OK\n")
	text, err := c.Retrieve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := text.WriteTo(&failing{100_000}); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
	if err := text.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP after it: %v", err)
	}
}

// TestTextKeepsItsError: a text that was cut is never complete, whoever asks.
func TestTextKeepsItsError(t *testing.T) {
	c := connect(t, "S: +OK\nC: RETR 1\nS: +OK\nS: a\nclose\n")
	text, err := c.Retrieve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	_, readErr := io.ReadAll(text)
	_, writeErr := text.WriteTo(io.Discard)
	for name, err := range map[string]error{"read": readErr, "write": writeErr, "close": text.Close()} {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v, want io.ErrUnexpectedEOF", name, err)
		}
	}
}

// TestNewText: a text of nobody's server.
func TestNewText(t *testing.T) {
	text := pop3.NewText("+OK made up", strings.NewReader("a\r\n"))
	octets, err := io.ReadAll(text)
	if err != nil || string(octets) != "a\r\n" || text.Response() != "+OK made up" || text.Close() != nil {
		t.Errorf("got %q, %v, %q", octets, err, text.Response())
	}
	spoilt := pop3.NewText("+OK", io.MultiReader(strings.NewReader("a"), errReader{errFull}))
	if _, err := spoilt.WriteTo(io.Discard); !errors.Is(err, errFull) {
		t.Errorf("got %v, want %v", err, errFull)
	}
	if err := spoilt.Close(); !errors.Is(err, errFull) {
		t.Errorf("close: got %v, want %v", err, errFull)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// TestTrace: the whole of a session, without its secrets and contents.
func TestTrace(t *testing.T) {
	var got []string
	trace := func(e pop3.TraceEvent) {
		switch {
		case e.Sent:
			got = append(got, "C: "+e.Line)
		case e.Line != "":
			got = append(got, "S: "+e.Line)
		default:
			got = append(got, fmt.Sprintf("%d octets", e.Octets))
		}
	}
	conn := pop3test.Play(t, `
S: +OK ready <1@a>
C: USER fred
S: +OK
C: PASS wonderland
S: -ERR [AUTH] not wonderland
C: APOP fred \*
S: -ERR no
C: AUTH PLAIN \*
S: +OK
C: RETR 1
S: +OK
S: Subject: secret
S: .
C: QUIT
S: +OK bye
`)
	c, err := pop3.NewClient(t.Context(), conn, pop3test.Host, insecure(trace))
	if err != nil {
		t.Fatal(err)
	}
	c.Login(t.Context(), "fred", "wonderland")
	c.APOP(t.Context(), "fred", "wonderland")
	c.Authenticate(t.Context(), pop3.Plain("", "fred", "wonderland"))
	text, err := c.Retrieve(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	text.Close()
	c.Quit(t.Context())
	want := []string{
		"S: +OK ready <1@a>", "C: USER fred", "S: +OK", "C: PASS", "S: -ERR [AUTH] not ***", "C: APOP fred ***",
		"S: -ERR no", "C: AUTH PLAIN", "S: +OK", "C: RETR 1", "S: +OK", "17 octets", "C: QUIT", "S: +OK bye",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestUnsafeTLSConfig: verification cannot be switched off by the usual field,
// nor old versions on.
func TestUnsafeTLSConfig(t *testing.T) {
	o := insecure(nil)
	o.TLSConfig = &tls.Config{InsecureSkipVerify: true}
	o.Dialer = pop3test.New(t, "eof").Dialer(t)
	_, err := pop3.DialTLS(t.Context(), pop3test.Host+":995", o)
	argument := (*pop3.ArgumentError)(nil)
	if !errors.As(err, &argument) {
		t.Errorf("InsecureSkipVerify: got %v, want an ArgumentError", err)
	}
	d := pop3test.New(t, "tls tls1.1")
	o.Dialer, o.TLSConfig = d.Dialer(t), d.CA(t).ClientConfig()
	o.TLSConfig.MinVersion = tls.VersionTLS10
	_, err = pop3.DialTLS(t.Context(), pop3test.Host+":995", o)
	if failed := (*pop3.TLSError)(nil); !errors.As(err, &failed) {
		t.Errorf("MinVersion 1.0 against TLS 1.1: got %v, want a TLSError", err)
	}
}

// TestHostNames: the certificate is for the host that was dialled, by name or
// address, or for ServerName.
func TestHostNames(t *testing.T) {
	for _, test := range []struct {
		addr, serverName string
		good             bool
	}{
		{pop3test.Host + ":995", "", true},
		{"127.0.0.1:995", "", true},
		{"[::1]:995", "", true},
		{"127.0.0.2:995", "", false},
		{"pop.example.org:995", "", false},
		{"pop.example.org:995", pop3test.Host, true},
		{pop3test.Host + ":995", "pop.example.org", false},
	} {
		script := "tls wrong-name" // which stands for any that is refused
		if test.good {
			script = "tls good\nS: +OK\n"
		}
		d := pop3test.New(t, script)
		o := &pop3.Options{Dialer: d.Dialer(t), TLSConfig: d.CA(t).ClientConfig()}
		o.TLSConfig.ServerName = test.serverName
		c, err := pop3.DialTLS(t.Context(), test.addr, o)
		if (err == nil) != test.good {
			t.Errorf("%s, ServerName %q: got %v, want success %v", test.addr, test.serverName, err, test.good)
		}
		if c != nil {
			c.Close()
		}
	}
}

// TestDialErrors: the network's own errors are kept.
func TestDialErrors(t *testing.T) {
	o := &pop3.Options{Dialer: dialerFunc(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: os.ErrPermission}
	})}
	if _, err := pop3.Dial(t.Context(), "a:110", o); !errors.Is(err, os.ErrPermission) {
		t.Errorf("got %v, want os.ErrPermission", err)
	}
	for _, addr := range []string{"", "host", "host:1:2", "[::1"} {
		_, err := pop3.Dial(t.Context(), addr, o)
		argument := (*pop3.ArgumentError)(nil)
		if !errors.As(err, &argument) {
			t.Errorf("Dial %q: got %v, want an ArgumentError", addr, err)
		}
	}
}

type dialerFunc func(ctx context.Context, network, addr string) (net.Conn, error)

func (f dialerFunc) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return f(ctx, network, addr)
}

// TestOverTCP: one session over a socket, to keep the connections in memory of
// the other tests honest.
func TestOverTCP(t *testing.T) {
	d := pop3test.New(t, `
S: +OK
C: CAPA
S: +OK
S: STLS
S: PIPELINING
S: .
C: STLS
S: +OK
tls good
C: CAPA
S: +OK
S: PIPELINING
S: .
C: RETR 1
C: LIST 1
C: RETR 2
C: LIST 2
S: +OK
text 1000000
S: +OK 1 1000000
S: +OK
text 70000
S: +OK 2 70000
C: QUIT
S: +OK
`)
	addr := d.Listen(t)
	c, err := pop3.DialSTLS(t.Context(), addr, &pop3.Options{TLSConfig: d.CA(t).ClientConfig()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var total int64
	for r, err := range c.RetrieveEach(t.Context(), []int{1, 2}) {
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			t.Error(err)
		}
		total += n
	}
	if total != 1_070_000 {
		t.Errorf("got %d octets, want 1070000", total)
	}
	if _, err := c.Quit(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestPasswordERR: a password that is a word of the protocol does not spoil
// the lines it is in.
func TestPasswordERR(t *testing.T) {
	c := connect(t, "S: +OK\nC: PASS ERR\nS: -ERR [AUTH] no ERR\n")
	_, err := c.Pass(t.Context(), "ERR")
	want := pop3.Error{Command: "PASS", Code: pop3.CodeAuth, Text: "no ***", Line: "-ERR [AUTH] no ***"}
	if got := (*pop3.Error)(nil); !errors.As(err, &got) || *got != want {
		t.Errorf("got %+v, want %+v", err, want)
	}
}
