package host

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hang bounds what must end by itself.
const hang = 30 * time.Second

// serveMail serves a maildrop of one message on loopback until the test ends:
// over TLS if there is a configuration.
func serveMail(t *testing.T, config *tls.Config) (host string, port int) {
	t.Helper()
	drop := pop3server.NewMemory("mrose", "tanstaaf", []byte("Subject: hello\r\n\r\nworld\r\n"))
	s := &pop3server.Server{NewSession: drop.NewSession, TLSConfig: config, InsecureAllowAuth: true}
	l := listenOn(t)
	serve := s.Serve
	if config != nil {
		serve = s.ServeTLS
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	t.Cleanup(func() {
		s.Close()
		l.Close()
		<-done
	})
	return split(t, l.Addr().String())
}

// listenOn takes a free port of loopback until the test ends.
func listenOn(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// silent takes connections and never answers.
func silent(t *testing.T) (host string, port int) {
	t.Helper()
	l := listenOn(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(io.Discard, conn)
				conn.Close()
			}()
		}
	}()
	return split(t, l.Addr().String())
}

func split(t *testing.T, address string) (host string, port int) {
	t.Helper()
	host, digits, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err = strconv.Atoi(digits)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

// open opens a host until the test ends.
func open(t *testing.T, o Options) *Host {
	t.Helper()
	h, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

// hosts parses a list of hosts.
func hosts(t *testing.T, list ...string) policy.Hosts {
	t.Helper()
	all, err := policy.ParseHosts(list...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// loopback is a policy that allows 127.0.0.1, and nothing else.
func loopback(t *testing.T) policy.Policy { return policy.Policy{Net: hosts(t, "127.0.0.1")} }

// dial dials, and closes the session when the test ends.
func dial(t *testing.T, h *Host, r luabind.DialRequest) (*pop3.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	t.Cleanup(cancel)
	c, err := h.Dial(ctx, r)
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatal("the dial does not end")
	}
	return c, err
}

// login dials and logs in.
func logIn(t *testing.T, h *Host, r luabind.DialRequest) *pop3.Client {
	t.Helper()
	c, err := dial(t, h, r)
	if err == nil {
		err = c.Login(context.Background(), "mrose", "tanstaaf")
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
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

// folder makes a maildrop of files.
func folder(t *testing.T, messages int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range messages {
		name := filepath.Join(dir, strconv.Itoa(i+1)+".eml")
		if err := os.WriteFile(name, []byte("Subject: "+strconv.Itoa(i+1)+"\n\nhello\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
