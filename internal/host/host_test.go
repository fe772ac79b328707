package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// A host that the policy does not allow gets no packet, and is not even looked
// up; no file is read for it.
func TestPolicyComesFirst(t *testing.T) {
	l := listenOn(t)
	address, port := split(t, l.Addr().String())
	tests := []struct {
		name, net, host string
		port            int
	}{
		{"nothing allowed", "", address, port},
		{"another host", "pop.example.org", address, port},
		{"another port", fmt.Sprintf("%s:%d", address, port%65535+1), address, port},
		{"a name for the same", address, "localhost", port},
		{"a name nobody knows", address, "pop.invalid", 995},
		{"a short form of the same", address, "127.1", port},
		{"no host", address, "", port},
		{"port 0", "*", address, 0},
		{"port too large", "*", address, 65536},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var o Options
			if tt.net != "" {
				o.Policy.Net = hosts(t, tt.net)
			}
			h := open(t, o)
			for _, secure := range []bool{true, false} {
				_, err := dial(t, h, luabind.DialRequest{Host: tt.host, Port: tt.port, TLS: secure, Context: &luabind.TLSContext{CAFile: "/nonexistent"}})
				refused := (*policy.Error)(nil)
				if !errors.As(err, &refused) {
					t.Errorf("got error %v, want the policy's", err)
				}
			}
		})
	}
	l.(*net.TCPListener).SetDeadline(time.Now())
	if conn, err := l.Accept(); err == nil {
		conn.Close()
		t.Error("got a connection, want none")
	}
}

func TestPolicyNamesTheFlag(t *testing.T) {
	_, err := dial(t, open(t, Options{}), luabind.DialRequest{Host: "POP.example.org", Port: 995, TLS: true})
	refused := (*policy.Error)(nil)
	if !errors.As(err, &refused) || refused.Hint() != "allow it with --allow-net=pop.example.org:995" {
		t.Errorf("got error %v, want the flag that would allow it", err)
	}
}

// Without TLS nothing is said but CAPA, STLS and QUIT, loopback or not.
func TestPlaintext(t *testing.T) {
	address, port := serveMail(t, nil)
	r := luabind.DialRequest{Host: address, Port: port}
	for allowed, want := range map[string]error{
		"":                                nil,
		"localhost":                       nil,
		fmt.Sprintf("127.0.0.1:%d", 110):  nil,
		fmt.Sprintf("127.0.0.1:%d", port): errAllowed,
		"127.0.0.1":                       errAllowed,
	} {
		p := loopback(t)
		if allowed != "" {
			p.Plaintext = hosts(t, allowed)
		}
		c, err := dial(t, open(t, Options{Policy: p}), r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Capabilities(context.Background()); err != nil {
			t.Errorf("CAPA: got error %v, want none", err)
		}
		err = c.Login(context.Background(), "mrose", "tanstaaf")
		if got := !errors.Is(err, pop3.ErrPlaintext); got != (want == errAllowed) {
			t.Errorf("plaintext for %q: got error %v", allowed, err)
		}
	}
}

var errAllowed = errors.New("allowed")

// A script may shorten the waits of its session, and lengthen them no further
// than the policy's bound.
func TestTimeouts(t *testing.T) {
	address, port := silent(t)
	const short, long = 30 * time.Millisecond, time.Hour
	tests := []struct {
		name     string
		timeouts policy.Timeouts
		asked    time.Duration
	}{
		{"the host's own", policy.Timeouts{Connect: short, Command: short, Read: short}, 0},
		{"a shorter one", policy.Timeouts{Connect: long, Command: long, Read: long, Run: long}, short},
		{"clamped to the script's bound", policy.Timeouts{MaxScript: short}, long},
		{"clamped to the run's", policy.Timeouts{Run: short}, long},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := loopback(t)
			p.Timeouts = tt.timeouts
			h := open(t, Options{Policy: p})
			for _, secure := range []bool{true, false} {
				_, err := dial(t, h, luabind.DialRequest{Host: address, Port: port, TLS: secure, Timeout: tt.asked})
				timeout := (*pop3.TimeoutError)(nil)
				if !errors.As(err, &timeout) || timeout.Limit != short {
					t.Errorf("TLS %v: got error %v, want one of %v", secure, err, short)
				}
			}
		})
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	address, port := silent(t)
	h := open(t, Options{Policy: loopback(t)})
	cause := errors.New("interrupted by the test")
	for _, secure := range []bool{true, false} {
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(10*time.Millisecond, func() { cancel(cause) })
		if _, err := h.Dial(ctx, luabind.DialRequest{Host: address, Port: port, TLS: secure}); !errors.Is(err, cause) {
			t.Errorf("TLS %v: got error %v, want the cause", secure, err)
		}
	}
}

// traced plays a dialogue to a session that the script uses as f does, and
// returns the host's trace.
func traced(t *testing.T, dialogue string, r luabind.DialRequest, f func(c *pop3.Client)) string {
	t.Helper()
	r.Host, r.Port = split(t, pop3test.New(t, dialogue).Listen(t))
	p := loopback(t)
	p.Plaintext = hosts(t, "127.0.0.1")
	var trace strings.Builder
	c, err := dial(t, open(t, Options{Policy: p, Trace: &trace}), r)
	if err != nil {
		t.Fatal(err)
	}
	f(c)
	c.Close()
	return trace.String()
}

// The trace shows what a person may see: no password, not even when the server
// repeats it, no mail, and nothing that a terminal would act on.
func TestTrace(t *testing.T) {
	ctx := context.Background()
	var debug []pop3.TraceEvent
	got := traced(t, `
S: +OK \x1b[31mready\x07 \xff\x9b
C: USER mrose\x9b
S: +OK
C: PASS tanstaaf
S: -ERR PASS tanstaaf: tanstaaf is wrong
C: PASS second "secret"
S: +OK welcome second "secret"
C: RETR 1
S: +OK tanstaaf
S: Subject: private
S:
S: tanstaaf
S: .
C: QUIT
S: +OK
eof
`, luabind.DialRequest{Debug: func(e pop3.TraceEvent) { debug = append(debug, e) }}, func(c *pop3.Client) {
		if _, err := c.Cmd(ctx, "USER", "mrose\x9b"); err != nil {
			t.Error(err)
		}
		if _, err := c.Cmd(ctx, "PASS", "tanstaaf"); err == nil || strings.Contains(err.Error(), "tanstaaf") {
			t.Errorf("got error %v, want one without the password", err)
		}
		if _, err := c.Cmd(ctx, "PASS", `second "secret"`); err != nil {
			t.Error(err)
		}
		text, err := c.Retrieve(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := text.Close(); err != nil {
			t.Error(err)
		}
		if _, err := c.Quit(ctx); err != nil {
			t.Error(err)
		}
	})
	want := `127.0.0.1 S: +OK \x1b[31mready\a \xff\x9b
127.0.0.1 C: USER mrose\x9b
127.0.0.1 S: +OK
127.0.0.1 C: PASS
127.0.0.1 S: -ERR PASS ***: *** is wrong
127.0.0.1 C: PASS
127.0.0.1 S: +OK welcome ***
127.0.0.1 C: RETR 1
127.0.0.1 S: +OK ***
127.0.0.1 S: (30 octets of text)
127.0.0.1 C: QUIT
127.0.0.1 S: +OK
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if len(debug) != strings.Count(want, "\n") {
		t.Errorf("the script's own trace got %d events, want %d", len(debug), strings.Count(want, "\n"))
	}
}

// A host's name is the script's, and goes to a terminal too.
func TestTraceEscapesTheHost(t *testing.T) {
	var trace strings.Builder
	h := open(t, Options{Maildrop: folder(t, 1), Trace: &trace})
	if _, err := dial(t, h, luabind.DialRequest{Host: "a\u009b31mb", Port: 110}); err == nil {
		t.Error("got no error, want one: the name is not ASCII")
	}
	if _, err := dial(t, h, luabind.DialRequest{Host: "a\x1bcb", Port: 110}); err != nil {
		t.Error(err)
	}
	if got := trace.String(); !strings.HasPrefix(got, `a\x1bcb S: +OK`) {
		t.Errorf("got %q, want the host escaped", got)
	}
}

func TestCAFileErrors(t *testing.T) {
	tests := []struct{ path, want string }{
		{"/nonexistent/ca.pem", "no such file"},
		{t.TempDir(), "is not a file"},
		{folder(t, 1) + "/1.eml", "has no certificate"},
	}
	for _, tt := range tests {
		_, err := Open(Options{CAFile: tt.path})
		file := (*FileError)(nil)
		if !errors.As(err, &file) || file.Path != tt.path || strings.Count(err.Error(), tt.path) != 1 {
			t.Errorf("got error %v, want a *FileError that names %s once", err, tt.path)
		}
		wantError(t, err, tt.want)
	}
}
