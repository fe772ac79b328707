package pop3server_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// clientOptions are for a client that may log in to plainServer.
var clientOptions = pop3.Options{InsecureAllowPlaintext: true}

// dialClient logs a pop3.Client in, for the test.
func dialClient(t testing.TB, addr string) *pop3.Client {
	t.Helper()
	c, err := pop3.Dial(t.Context(), addr, &clientOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(t.Context(), "ann", "secret"); err != nil {
		t.Fatal(err)
	}
	return c
}

func readText(t testing.TB, text *pop3.Text, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// Every command of the client, over every kind of connection.
func TestClientRoundTrip(t *testing.T) {
	server, client := certificate(t)
	secure := &pop3.Options{TLSConfig: client}
	tests := map[string]struct {
		server func(*pop3server.Server)
		tls    bool
		dial   func(ctx context.Context, addr string) (*pop3.Client, error)
		login  func(ctx context.Context, c *pop3.Client) error
	}{
		"plain": {
			server: func(s *pop3server.Server) { s.InsecureAllowAuth = true },
			dial: func(ctx context.Context, addr string) (*pop3.Client, error) {
				return pop3.Dial(ctx, addr, &clientOptions)
			},
			login: func(ctx context.Context, c *pop3.Client) error { return c.Login(ctx, "ann", "secret") },
		},
		"APOP in the clear": {
			server: func(s *pop3server.Server) {},
			dial: func(ctx context.Context, addr string) (*pop3.Client, error) {
				return pop3.Dial(ctx, addr, &clientOptions)
			},
			login: func(ctx context.Context, c *pop3.Client) error {
				_, err := c.APOP(ctx, "ann", "secret")
				return err
			},
		},
		"STLS": {
			server: func(s *pop3server.Server) { s.TLSConfig = server },
			dial: func(ctx context.Context, addr string) (*pop3.Client, error) {
				return pop3.DialSTLS(ctx, addr, secure)
			},
			login: func(ctx context.Context, c *pop3.Client) error {
				_, err := c.Authenticate(ctx, pop3.Plain("", "ann", "secret"))
				return err
			},
		},
		"TLS": {
			server: func(s *pop3server.Server) { s.TLSConfig = server },
			tls:    true,
			dial: func(ctx context.Context, addr string) (*pop3.Client, error) {
				return pop3.DialTLS(ctx, addr, secure)
			},
			login: func(ctx context.Context, c *pop3.Client) error { return c.Login(ctx, "ann", "secret") },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := three().Exclusive()
			s := &pop3server.Server{NewSession: m.NewSession}
			test.server(s)
			c, err := test.dial(t.Context(), startTCP(t, s, test.tls))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.UTF8(t.Context()); err != nil {
				t.Error(err)
			}
			if err := test.login(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			everyCommand(t, c)
			if got := m.Messages(); len(got) != 1 || string(got[0]) != second {
				t.Errorf("left %q, want the second message", got)
			}
		})
	}
}

// everyCommand gives each command of TRANSACTION, marks 1 and 3, and quits.
func everyCommand(t *testing.T, c *pop3.Client) {
	t.Helper()
	ctx := t.Context()
	must := func(_ string, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	caps, err := c.Capabilities(ctx)
	if err != nil || !caps.Has("PIPELINING") || !caps.Has("UIDL") {
		t.Errorf("capabilities: %v, %v", caps, err)
	}
	drop, err := c.Stat(ctx)
	if want := (pop3.DropListing{Count: 3, Octets: 84}); err != nil || drop != want {
		t.Errorf("stat: got %v, %v, want %v", drop, err, want)
	}
	scans, err := c.List(ctx)
	if err != nil || len(scans) != 3 || scans[1] != (pop3.ScanListing{Number: 2, Octets: 32}) {
		t.Errorf("list: got %v, %v", scans, err)
	}
	scan, err := c.ListMessage(ctx, 2)
	if err != nil || scan != scans[1] {
		t.Errorf("list 2: got %v, %v", scan, err)
	}
	ids, err := c.UIDL(ctx)
	if err != nil || len(ids) != 3 || ids[2] != (pop3.UniqueID{Number: 3, ID: "memory.3"}) {
		t.Errorf("uidl: got %v, %v", ids, err)
	}
	id, err := c.UIDLMessage(ctx, 3)
	if err != nil || id != ids[2] {
		t.Errorf("uidl 3: got %v, %v", id, err)
	}
	text, err := c.Retrieve(ctx, 2)
	if got := readText(t, text, err); got != second+"\r\n" {
		t.Errorf("retr 2: got %q", got)
	}
	text, err = c.Top(ctx, 3, 1)
	if got := readText(t, text, err); got != "Subject: three\r\n\r\n1\r\n" {
		t.Errorf("top 3 1: got %q", got)
	}
	must(c.Noop(ctx))
	must(c.Mark(ctx, 2))
	_, err = c.Retrieve(ctx, 2)
	if refused := (*pop3.Error)(nil); !errors.As(err, &refused) {
		t.Errorf("retr of a marked message: got %v, want *Error", err)
	}
	must(c.Reset(ctx))
	must(c.Lang(ctx, "en"))
	if languages, err := c.Languages(ctx); err != nil || len(languages) != 2 {
		t.Errorf("lang: got %v, %v", languages, err)
	}
	everyPipeline(t, c)
	must(c.Quit(ctx))
}

func everyPipeline(t *testing.T, c *pop3.Client) {
	t.Helper()
	ctx := t.Context()
	var got []string
	for r, err := range c.RetrieveEach(ctx, []int{1, 3, 2}) {
		got = append(got, readText(t, r.Text, err))
	}
	for r, err := range c.TopEach(ctx, []int{1}, 0) {
		got = append(got, readText(t, r.Text, err))
	}
	for scan, err := range c.ListEach(ctx, []int{3, 9}) {
		got = append(got, strconv.FormatInt(scan.Octets, 10), strconv.FormatBool(err != nil))
	}
	for id, err := range c.UIDLEach(ctx, []int{3, 9}) {
		got = append(got, id.ID, strconv.FormatBool(err != nil))
	}
	for n, err := range c.MarkEach(ctx, []int{3, 1, 1}) {
		got = append(got, strconv.Itoa(n), strconv.FormatBool(err != nil))
	}
	want := []string{first, third, second + "\r\n", "Subject: one\r\n\r\n",
		"30", "false", "0", "true", "memory.3", "false", "", "true", "3", "false", "1", "false", "1", "true"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
