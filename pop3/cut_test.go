package pop3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// exchange is one command of a session: what the client does, and what the
// server answers.
type exchange struct {
	name  string
	reply string
	do    func(t *testing.T, c *pop3.Client) error
}

// session is the one that the tests below cut.
var session = []exchange{
	{"NOOP", "+OK\r\n", func(t *testing.T, c *pop3.Client) error {
		_, err := c.Noop(t.Context())
		return err
	}},
	{"LIST", "+OK 2 messages\r\n1 9\r\n2 120\r\n.\r\n", func(t *testing.T, c *pop3.Client) error {
		rows, err := c.List(t.Context())
		if err == nil && len(rows) != 2 {
			t.Errorf("LIST: got %v, want two rows", rows)
		}
		return err
	}},
	{"RETR 1", "+OK 14 octets\r\na\r\n..\r\n..\r\r\n\r\n.\r\n", func(t *testing.T, c *pop3.Client) error {
		text, err := c.Retrieve(t.Context(), 1)
		if err != nil {
			return err
		}
		octets, err := io.ReadAll(text)
		if want := "a\r\n.\r\n.\r\r\n\r\n"; err == nil && string(octets) != want {
			t.Errorf("RETR 1: got %q, want %q", octets, want)
		}
		return err
	}},
	{"QUIT", "+OK bye\r\n", func(t *testing.T, c *pop3.Client) error {
		_, err := c.Quit(t.Context())
		return err
	}},
}

// cutScript is the session's dialogue, ended in the middle of reply i.
func cutScript(i, octets int, end string) string {
	var script bytes.Buffer
	script.WriteString("S: +OK\n")
	for _, e := range session[:i] {
		fmt.Fprintf(&script, "C: %s\noctets %s\n", e.name, escape(e.reply))
	}
	fmt.Fprintf(&script, "C: %s\noctets %s\n%s\n", session[i].name, escape(session[i].reply[:octets]), end)
	return script.String()
}

func escape(octets string) string {
	quoted := fmt.Sprintf("%q", octets)
	return quoted[1 : len(quoted)-1]
}

func TestCutAtEveryOctet(t *testing.T) {
	for i, e := range session {
		for octets := range e.reply {
			t.Run(fmt.Sprintf("%s %d", e.name, octets), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testCut(t, i, cutScript(i, octets, "close"), io.ErrUnexpectedEOF) })
			})
		}
	}
}

func TestStallAtEveryOctet(t *testing.T) {
	for i, e := range session {
		for octets := range e.reply {
			t.Run(fmt.Sprintf("%s %d", e.name, octets), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					testCut(t, i, cutScript(i, octets, "stall"), errTimeout)
					if waited := time.Since(start); waited > 2*time.Minute {
						t.Errorf("gave up after %v", waited)
					}
				})
			})
		}
	}
}

var errTimeout error = &pop3.TimeoutError{}

// testCut plays the session up to exchange i, which must fail with want.
func testCut(t *testing.T, i int, script string, want error) {
	c := connect(t, script)
	for _, e := range session[:i] {
		if err := e.do(t, c); err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
	}
	err := session[i].do(t, c)
	if timeout := (*pop3.TimeoutError)(nil); want == errTimeout && !errors.As(err, &timeout) {
		t.Errorf("%s: got %v, want a TimeoutError", session[i].name, err)
	} else if want != errTimeout && !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", session[i].name, err, want)
	}
	if _, err := c.Noop(t.Context()); !errors.Is(err, pop3.ErrBroken) {
		t.Errorf("NOOP after it: got %v, want ErrBroken", err)
	}
}

// TestWholeSession makes sure that what the tests above cut works uncut, in
// writes of any size.
func TestWholeSession(t *testing.T) {
	for _, how := range []string{"", "drip "} {
		synctest.Test(t, func(t *testing.T) {
			script := how + "S: +OK\n"
			for _, e := range session {
				script += fmt.Sprintf("C: %s\n%soctets %s\n", e.name, how, escape(e.reply))
			}
			c := connect(t, script)
			for _, e := range session {
				if err := e.do(t, c); err != nil {
					t.Errorf("%s: %v", e.name, err)
				}
			}
		})
	}
}

// TestBigMessage retrieves a message with stuffed dots, in reads and by
// WriteTo.
func TestBigMessage(t *testing.T) {
	const size = 1_000_000
	c := connect(t, fmt.Sprintf("S: +OK\nC: RETR 1\nS: +OK\ntext %d\nC: RETR 1\nS: +OK\ntext %d\n", size, size))
	for _, how := range []func(w io.Writer, text *pop3.Text) error{
		func(w io.Writer, text *pop3.Text) error { _, err := text.WriteTo(w); return err },
		func(w io.Writer, text *pop3.Text) error {
			_, err := io.CopyBuffer(w, struct{ io.Reader }{text}, make([]byte, 77))
			return err
		},
	} {
		text, err := c.Retrieve(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := how(&got, text); err != nil || !bytes.Equal(got.Bytes(), pop3test.Message(size)) {
			t.Errorf("got %d octets, %v, want the message's %d", got.Len(), err, size)
		}
	}
}
