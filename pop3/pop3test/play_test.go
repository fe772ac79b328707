package pop3test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// A recorder is a test whose errors are a test's subject.
type recorder struct {
	testing.TB
	errs     []string
	cleanups []func()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errs = append(r.errs, fmt.Sprintf(format, args...))
}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

// end ends the recorded test, and returns its errors.
func (r *recorder) end() string {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return strings.Join(r.errs, "\n")
}

// playTo plays a script to a client that sends all of sends and closes, and
// returns what it received and the departure.
func playTo(t *testing.T, script, sends string) (received string, err error) {
	t.Helper()
	client, server := newPipe()
	done := make(chan error, 1)
	d := New(t, script)
	d.CA(t)
	go func() { done <- d.Play(server) }()
	io.WriteString(client, sends)
	client.(*pipeEnd).out.end(true) // as CloseWrite
	octets, _ := io.ReadAll(client)
	client.Close()
	return string(octets), <-done
}

func TestPlay(t *testing.T) {
	for _, test := range []struct{ script, sends, want string }{
		{"S: +OK\nC: NOOP\nS: +OK", "NOOP\r\n", "+OK\r\n+OK\r\n"},
		{"S: +OK\nC: NOOP\nC: QUIT\nS: +OK\nclose", "NOOP\r\nQUIT\r\n", "+OK\r\n+OK\r\n"},
		{"C: APOP \\* \\*x\nS: +OK", "APOP fred 12x\r\n", "+OK\r\n"},
		{"C: \\*\nS: +OK", "\r\n", "+OK\r\n"},
		{"C: *\nS: +OK", "*\r\n", "+OK\r\n"},
		{"C: a\\\\*\nS: +OK", "a\\*\r\n", "+OK\r\n"},
		{"C:\nS:", "\r\n", "\r\n"},
		{"octets a\\r\\n\\t\\x00\\xfF\\\\", "", "a\r\n\t\x00\xff\\"},
		{"together\nS: a\noctets b\nrepeat 2 octets c\nend\ntext 3", "", "a\r\nbccl\r\n.\r\n"},
		{"repeat 3 S: 1 1\ndrip octets abc\nrepeat 2 drip octets xy", "", "1 1\r\n1 1\r\n1 1\r\nabcxyxy"},
		{"# comment\n\nnote: value\nS: +OK\nstall", "anything\r\n", "+OK\r\n"},
		{"S: +OK\ncut", "anything\r\n", "+OK\r\n"},
	} {
		got, err := playTo(t, test.script, test.sends)
		if err != nil || got != test.want {
			t.Errorf("%q to %q: got %q, %v, want %q", test.script, test.sends, got, err, test.want)
		}
	}
}

func TestDepartures(t *testing.T) {
	for _, test := range []struct{ script, sends, want string }{
		{"S: +OK\nC: NOOP", "STAT\r\n", `2: want C: NOOP, got C: "STAT"`},
		{"S: +OK\nC: NOOP", "NOOP\n", `2: want C: NOOP, got "NOOP\n", which does not end with CR LF`},
		{"S: +OK\nC: NOOP", "NO", `2: want C: NOOP, got "NO" without a line end`},
		{"S: +OK\nC: NOOP", "", "2: want C: NOOP, got the end of the connection"},
		{"S: +OK\n", "QUIT\r\n", `2: want the end of the connection, got C: "QUIT\r\n"`},
		{"C: NOOP\neof", "NOOP\r\nNOOP\r\n", `2: want the end of the connection, got C: "NOOP\r\n"`},
		{"C: USER \\*", "USER\r\n", `1: want C: USER \*, got C: "USER"`},
		{"C: a\\*b\\*c", "axc\r\n", `1: want C: a\*b\*c, got C: "axc"`},
		{"C: ab\\*b", "ab\r\n", `1: want C: ab\*b, got C: "ab"`},
		{"tls good", "QUIT\r\n", "1: want tls good, got a handshake that failed"},
	} {
		_, err := playTo(t, test.script, test.sends)
		departure := (*Departure)(nil)
		if !errors.As(err, &departure) || !strings.HasPrefix(err.Error(), t.Name()+":"+test.want) {
			t.Errorf("%q to %q:\n got %v\nwant %s:%s", test.script, test.sends, err, t.Name(), test.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for script, want := range map[string]string{
		"S: +OK\nfoo bar":                 "f:2: \"foo\" is not a step",
		"S: \\q":                          "f:1: \"\\\\q\" starts with no known escape",
		"S: \\x1":                         "f:1: ",
		"S: \\":                           "f:1: ",
		"octets \\xzz":                    "f:1: ",
		"C: \\x":                          "f:1: ",
		"tls perfect":                     "f:1: tls: there is no kind",
		"after soon":                      "f:1: after",
		"text many":                       "f:1: text",
		"text -1":                         "f:1: text",
		"repeat 0 S: a":                   "f:1: repeat",
		"repeat S: a":                     "f:1: ",
		"repeat 2 C: a":                   "f:1: ",
		"drip stall":                      "f:1: ",
		"together\nS: a":                  "f:2: together without end",
		"together\nC: a\nend":             "f:2: only sending",
		"together\ntogether\nend":         "f:2: together stands alone",
		"together\nrepeat forever S: a":   "f:2: forever and drip",
		"together\ndrip S: a":             "f:2: forever and drip",
		"end":                             "f:1: end without together",
		"close\nS: +OK":                   "f:2: the connection was ended in line 1",
		"S: +OK\n==\n":                    "f:2: a dialogue needs a name",
		"s: +OK":                          "",
		"Note: x":                         "f:1: \"Note\" is not a note",
		": x":                             "f:1: \"\" is not a note",
		"S: +OK\n== a\nS: +OK\n== b\nxxx": "f:5: \"xxx\" is not a step",
	} {
		_, err := Parse("f", script)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%q: got %v, want %q", script, err, want)
		}
	}
}

func TestParseMany(t *testing.T) {
	got, err := Parse("f", "# about all\n\n== one\r\nnote: a b\r\nS: +OK\r\n== two\ndo: x\n")
	if err != nil || len(got) != 2 || got[0].Name != "one" || got[1].Name != "two" {
		t.Fatalf("got %v, %v, want two dialogues", got, err)
	}
	if want := (Note{4, "note", "a b"}); len(got[0].Notes) != 1 || got[0].Notes[0] != want {
		t.Errorf("got notes %v, want %v", got[0].Notes, want)
	}
	if got, err := Parse("f", "# nothing\n"); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v, want none", got, err)
	}
}

func TestRun(t *testing.T) {
	files := fstest.MapFS{
		"a.txt": {Data: []byte("S: +OK\n== second\nS: -ERR\n")},
		"b.txt": {Data: []byte("== third\nS: +OK\n")},
		"c.md":  {Data: []byte("not a dialogue")},
	}
	var got []string
	Run(t, files, "*.txt", func(t *testing.T, d *Dialogue) { got = append(got, t.Name()) })
	want := "TestRun/a/a.txt TestRun/a/second TestRun/b/third"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestKinds makes handshakes with a careful client: only a good certificate
// passes, and the player says so if one that is not was taken.
func TestKinds(t *testing.T) {
	for _, kind := range []Kind{Good, WrongName, Expired, NotYetValid, UnknownIssuer, TLS11} {
		for _, careful := range []bool{true, false} {
			d := New(t, "tls "+string(kind)+"\nS: +OK\n")
			config := d.CA(t).ClientConfig()
			config.ServerName = Host
			config.InsecureSkipVerify = !careful
			config.MinVersion = tls.VersionTLS10
			if careful {
				config.MinVersion = tls.VersionTLS12
			}
			client, server := newPipe()
			done := make(chan error, 1)
			go func() { done <- d.Play(server) }()
			conn := tls.Client(client, config)
			err := conn.Handshake()
			if want := kind == Good || !careful; (err == nil) != want {
				t.Errorf("%s, careful %v: got %v, want success %v", kind, careful, err, want)
			}
			client.Close()
			departed := <-done
			if want := kind != Good && !careful; (departed != nil) != want {
				t.Errorf("%s, careful %v: got departure %v, want one %v", kind, careful, departed, want)
			}
		}
	}
}

// TestGoodRefused: a client that does not trust the authority departs.
func TestGoodRefused(t *testing.T) {
	d := New(t, "tls good")
	d.CA(t)
	client, server := newPipe()
	done := make(chan error, 1)
	go func() { done <- d.Play(server) }()
	tls.Client(client, &tls.Config{ServerName: Host}).Handshake()
	client.Close()
	if err := <-done; err == nil {
		t.Error("got no departure, want one")
	}
}

func TestStartReports(t *testing.T) {
	r := &recorder{TB: t}
	conn := New(t, "S: +OK\nC: NOOP\n").Start(r)
	conn.Close()
	if got := r.end(); !strings.Contains(got, "want C: NOOP, got the end of the connection") {
		t.Errorf("got %q, want a departure", got)
	}
	r = &recorder{TB: t}
	New(t, "S: +OK\nstall\n").Start(r) // a client that never closes
	if got := r.end(); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestDialer(t *testing.T) {
	r := &recorder{TB: t}
	dialer := New(t, "S: +OK\n").Dialer(r)
	conn, err := dialer.DialContext(t.Context(), "tcp", "pop.example.com:110")
	if err != nil || dialer.Addr() != "pop.example.com:110" {
		t.Fatalf("got %v, dialled %q", err, dialer.Addr())
	}
	conn.Close()
	if _, err := dialer.DialContext(t.Context(), "tcp", "evil.example.org:110"); err == nil {
		t.Error("a second connection: got no error")
	}
	if got := r.end(); got != "a second connection, to evil.example.org:110" {
		t.Errorf("got %q", got)
	}
	r = &recorder{TB: t}
	New(t, "S: +OK\n").Dialer(r)
	if got := r.end(); !strings.Contains(got, "nobody dialled") {
		t.Errorf("got %q, want a report", got)
	}
}

func TestListen(t *testing.T) {
	r := &recorder{TB: t}
	addr := New(t, "S: +OK\nC: QUIT\nS: +OK\n").Listen(r)
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "QUIT\r\n")
	got := make([]byte, len("+OK\r\n+OK\r\n"))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "+OK\r\n+OK\r\n" {
		t.Errorf("got %q, %v", got, err)
	}
	conn.Close()
	if got := r.end(); got != "" {
		t.Errorf("got %q, want no report", got)
	}
	r = &recorder{TB: t}
	New(t, "S: +OK\n").Listen(r)
	if got := r.end(); !strings.Contains(got, "nobody connected") {
		t.Errorf("got %q, want a report", got)
	}
}

// TestForever ends when the client leaves.
func TestForever(t *testing.T) {
	client, server := newPipe()
	done := make(chan error, 1)
	go func() { done <- New(t, "repeat forever S: 1 1\n").Play(server) }()
	if n, err := io.CopyN(io.Discard, client, 1<<20); err != nil {
		t.Errorf("got %d octets, %v", n, err)
	}
	client.Close()
	if err := <-done; err != nil {
		t.Errorf("got %v, want no departure", err)
	}
}

// TestTime: after and drip wait in a bubble's time.
func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		got, err := playTo(t, "after 1h\nrepeat 2 drip 1m octets ab\nclose", "")
		if err != nil || got != "abab" || time.Since(start) != time.Hour+4*time.Minute {
			t.Errorf("got %q, %v after %v", got, err, time.Since(start))
		}
	})
}

func TestMessage(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 37, 38, 39, 100, 111, 112, 113, 1000, 100_000} {
		got := Message(n)
		if len(got) != n || n >= 2 && !bytes.HasSuffix(got, []byte("\r\n")) || !bytes.Equal(got, Message(n)) {
			t.Errorf("%d: got %d octets, that end in %q", n, len(got), got[max(0, n-3):])
		}
		text := wire.NewText(wire.NewReader(bytes.NewReader(stuffed(got))), 1<<20)
		read, err := io.ReadAll(text)
		if err != nil || n >= 2 && !bytes.Equal(read, got) {
			t.Errorf("%d: read back %d octets, %v", n, len(read), err)
		}
	}
	if !bytes.Contains(Message(1000), []byte("\r\n.")) {
		t.Error("no line starts with a dot")
	}
}
