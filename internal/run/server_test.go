package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
	"github.com/popherd/popherd/pop3/pop3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A server serves one maildrop in memory, and keeps what it heard.
type server struct {
	drop   *pop3server.Memory
	conns  chan net.Conn
	server *pop3server.Server

	mu    sync.Mutex
	heard bytes.Buffer
}

// serve starts a server; change, unless nil, may alter it before. The caller
// stops it.
func serve(drop *pop3server.Memory, change func(*pop3server.Server)) *server {
	s := &server{drop: drop, conns: make(chan net.Conn)}
	s.server = &pop3server.Server{NewSession: drop.NewSession, InsecureAllowAuth: true, MaxBadCommands: -1}
	if change != nil {
		change(s.server)
	}
	listener := &pipeListener{server: s, closed: make(chan struct{})}
	go s.server.Serve(listener)
	// Serve must own the listener before stop can close it.
	s.dial("probe").Close()
	return s
}

func (s *server) stop() { s.server.Close() }

// dial is the host's part: it gives a session whatever host was named.
func (s *server) dial(host string) net.Conn {
	client, remote := net.Pipe()
	s.conns <- &recorded{remote, s}
	return client
}

// commands are the lines that all clients sent, without passwords.
func (s *server) commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := strings.Split(strings.TrimSuffix(s.heard.String(), "\r\n"), "\r\n")
	return slices.DeleteFunc(lines, func(l string) bool { return l == "" || strings.HasPrefix(l, "PASS") })
}

// heardVerb reports whether a client sent a command.
func (s *server) heardVerb(verb string) bool {
	return slices.ContainsFunc(s.commands(), func(line string) bool {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		return strings.EqualFold(first, verb)
	})
}

// A recorded connection keeps what its server reads.
type recorded struct {
	net.Conn
	server *server
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.server.heard.Write(p[:n])
	return n, err
}

// A pipeListener hands the server the other ends of what was dialled.
type pipeListener struct {
	server *server
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.server.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// insecure are the options of sessions in these tests.
func insecure() *pop3.Options { return &pop3.Options{InsecureAllowPlaintext: true} }

// mail is n messages of different sizes.
func mail(n int) *pop3server.Memory {
	drop := pop3server.NewMemory("mrose", "tanstaaf")
	for i := range n {
		drop.Add(fmt.Appendf(nil, "From: sender%d@example.org\r\nSubject: message %d\r\n\r\n%s\r\n.dotted\r\n", i+1, i+1, strings.Repeat("x", i)))
	}
	return drop
}

// program compiles a script that logs in as M before its own lines.
func program(t interface{ Fatal(...any) }, source string) *script.Program {
	return compile(t, `local M = pop3.POP3("pop.example.org") M:user("mrose") M:pass_("tanstaaf") `+source)
}

func compile(t interface{ Fatal(...any) }, source string) *script.Program {
	p, err := script.Compile("test.lua", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// options are those of a run of source over s: any deletion is allowed.
func (s *server) options(t interface{ Fatal(...any) }, source string) Options {
	return Options{
		Program: program(t, source),
		Policy:  policy.Policy{Delete: allow(t, policy.NoLimit)},
		Dial: func(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error) {
			return pop3.NewClient(ctx, s.dial(r.Host), r.Host, insecure())
		},
	}
}

func allow(t interface{ Fatal(...any) }, most string) policy.Cap {
	limit, err := policy.ParseCap(most)
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

// against is a run of source against a dialogue, which must be played whole.
// The host dials once for each dialogue.
func against(t *testing.T, source string, dialogues ...string) Options {
	return Options{
		Program: compile(t, source),
		Policy:  policy.Policy{Delete: allow(t, policy.NoLimit)},
		Dial: func(ctx context.Context, r luabind.DialRequest) (*pop3.Client, error) {
			if len(dialogues) == 0 {
				t.Error("the script dialled once more than there are dialogues")
				return nil, errors.New("no dialogue left")
			}
			conn := pop3test.New(t, dialogues[0]).Start(t)
			dialogues = dialogues[1:]
			return pop3.NewClient(ctx, conn, r.Host, insecure())
		},
	}
}

// hang bounds what must end by itself.
const hang = 30 * time.Second

// perform runs o, and fails the test if that does not end. Not for bubbles.
func perform(t *testing.T, ctx context.Context, o Options) (*Report, error) {
	t.Helper()
	type result struct {
		report *Report
		err    error
	}
	done := make(chan result, 1)
	go func() {
		report, err := Run(ctx, o)
		done <- result{report, err}
	}()
	select {
	case r := <-done:
		return r.report, r.err
	case <-time.After(hang):
		t.Fatal("the run does not end")
		return nil, nil
	}
}

// only is the one account of a report.
func only(t *testing.T, r *Report) Account {
	t.Helper()
	if len(r.Accounts) != 1 {
		t.Fatalf("got %d accounts, want 1: %+v", len(r.Accounts), r.Accounts)
	}
	return r.Accounts[0]
}

// wantOutcome checks what a report says of an account.
func wantOutcome(t *testing.T, a Account, outcome, why string) {
	t.Helper()
	if a.Outcome != outcome || !strings.Contains(a.Why, why) || why == "" && a.Why != "" {
		t.Errorf("got outcome %q because %q, want %q because %q", a.Outcome, a.Why, outcome, why)
	}
}

// wantLeft checks how many messages a maildrop still has.
func (s *server) wantLeft(t *testing.T, want int) {
	t.Helper()
	if got := len(s.drop.Messages()); got != want {
		t.Errorf("the maildrop has %d messages, want %d", got, want)
	}
}

// wantError checks the text of an error; "" is none.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got error %q, want none", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got error %v, want one with %q", err, want)
	}
}
