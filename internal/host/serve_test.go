package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
)

// A serving is Serve in the background.
type serving struct {
	plain, secure string
	messages      int
	stop          context.CancelFunc
	done          chan error
}

// serve starts o and waits until it is ready.
func serve(t *testing.T, o ServeOptions) *serving {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &serving{stop: cancel, done: make(chan error, 1)}
	ready := make(chan struct{})
	o.Ready = func(messages int, plain, secure string) {
		s.messages, s.plain, s.secure = messages, plain, secure
		close(ready)
	}
	go func() { s.done <- Serve(ctx, o) }()
	select {
	case <-ready:
	case err := <-s.done:
		cancel()
		t.Fatalf("Serve ended with %v", err)
	case <-time.After(hang):
		t.Fatal("Serve does not get ready")
	}
	t.Cleanup(func() {
		cancel()
		s.wait(t)
	})
	return s
}

// wait returns what Serve returned.
func (s *serving) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-s.done:
		s.done <- err
		return err
	case <-time.After(hang):
		t.Fatal("Serve does not end")
		return nil
	}
}

// session connects without TLS and logs in.
func (s *serving) session(t *testing.T) *pop3.Client {
	t.Helper()
	c, err := pop3.Dial(context.Background(), s.plain, &pop3.Options{InsecureAllowPlaintext: true})
	if err == nil {
		err = c.Login(context.Background(), "any", "password")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServe(t *testing.T) {
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	s := serve(t, ServeOptions{Maildrop: folder(t, 3), Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0", CAFile: caFile})
	if s.messages != 3 {
		t.Errorf("got %d messages, want 3", s.messages)
	}
	first := s.session(t)
	if drop, err := first.Stat(context.Background()); err != nil || drop.Count != 3 {
		t.Errorf("got %+v, %v; want 3 messages", drop, err)
	}
	first.Close()
	octets, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(octets) || strings.Contains(string(octets), "PRIVATE") {
		t.Fatalf("got CA file %q, want one certificate and no key", octets)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		conn, err := tls.Dial("tcp", s.secure, &tls.Config{RootCAs: pool, ServerName: name})
		if err != nil {
			t.Errorf("as %s: got error %v, want none", name, err)
			continue
		}
		greeting := make([]byte, 3)
		if _, err := conn.Read(greeting); err != nil || string(greeting) != "+OK" {
			t.Errorf("as %s: got %q, %v; want +OK", name, greeting, err)
		}
		conn.Close()
	}
	if _, err := tls.Dial("tcp", s.secure, &tls.Config{RootCAs: pool, ServerName: "pop.example.org"}); err == nil {
		t.Error("the certificate is for pop.example.org, want it for loopback alone")
	}
	_, port, _ := net.SplitHostPort(s.plain)
	c, err := pop3.DialSTLS(context.Background(), net.JoinHostPort("localhost", port), &pop3.Options{TLSConfig: &tls.Config{RootCAs: pool}})
	if err != nil {
		t.Fatalf("STLS: got error %v, want none", err)
	}
	c.Close()
	s.stop()
	if err := s.wait(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestServeWithoutTLS(t *testing.T) {
	s := serve(t, ServeOptions{Maildrop: folder(t, 1), Listen: "localhost:0"})
	if s.secure != "" || s.plain == "" {
		t.Errorf("got %q and %q, want no address for TLS", s.plain, s.secure)
	}
}

// What one session deletes is gone for the next; mail that arrives is seen.
func TestServeRemembersAndSeesAnew(t *testing.T) {
	ctx := context.Background()
	dir := folder(t, 2)
	s := serve(t, ServeOptions{Maildrop: dir, Listen: "127.0.0.1:0"})
	c := s.session(t)
	mark(t, c, 1)
	if _, err := c.Quit(ctx); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "new.eml"), []byte("Subject: new\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ids, err := s.session(t).UIDL(ctx); err != nil || len(ids) != 2 {
		t.Errorf("got %v, %v; want one left and one new", ids, err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 3 {
		t.Errorf("got %d files, %v; want all 3", len(files), err)
	}
}

// At the end sessions may finish, and nobody new is taken; who has not logged
// in is not waited for.
func TestServeLetsSessionsFinish(t *testing.T) {
	ctx := context.Background()
	s := serve(t, ServeOptions{Maildrop: folder(t, 1), Listen: "127.0.0.1:0"})
	idle, err := net.Dial("tcp", s.plain)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	if _, err := idle.Read(make([]byte, 512)); err != nil { // the greeting
		t.Fatal(err)
	}
	c := s.session(t)
	s.stop()
	idle.SetReadDeadline(time.Now().Add(hang))
	if n, err := idle.Read(make([]byte, 512)); n > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d octets, %v; want the connection closed", n, err)
	}
	if _, err := c.Stat(ctx); err != nil {
		t.Errorf("got error %v, want the session to go on", err)
	}
	if _, err := pop3.Dial(ctx, s.plain, nil); err == nil {
		t.Error("got a session, want none after the end")
	}
	if _, err := c.Quit(ctx); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	if err := s.wait(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestServeAddresses(t *testing.T) {
	taken := listenOn(t).Addr().String()
	tests := []struct{ address, want string }{
		{"0.0.0.0:0", "not a loopback address"},
		{":0", "not a loopback address"},
		{"[::]:0", "not a loopback address"},
		{"192.0.2.1:0", "not a loopback address"},
		{"pop.example.org:0", "not a loopback address"},
		{"localhost.example.org:0", "not a loopback address"},
		{"127.0.0.1.example.org:0", "not a loopback address"},
		{"[::ffff:192.0.2.1]:0", "not a loopback address"},
		{"*:0", "not a loopback address"},
		{"127.0.0.1", "not HOST:PORT"},
		{"1110", "not HOST:PORT"},
		{"", "not HOST:PORT"},
		{"::1:0", "not HOST:PORT"},
		{"127.0.0.1:99999", "invalid port"},
		{"127.0.0.1:pop3x", "unknown port"},
		{taken, "in use"},
	}
	never := func(int, string, string) { t.Error("it got ready") }
	for _, tt := range tests {
		for _, o := range []ServeOptions{
			{Listen: tt.address},
			{Listen: "127.0.0.1:0", ListenTLS: tt.address},
		} {
			if o.Listen != tt.address && tt.address == "" {
				continue // no TLS is no fault
			}
			o.Maildrop, o.Ready = folder(t, 1), never
			err := Serve(context.Background(), o)
			var refused *AddressError
			if !errors.As(err, &refused) || refused.Address != tt.address {
				t.Errorf("%+v: got error %v, want an *AddressError", o, err)
			}
			wantError(t, err, tt.want)
		}
	}
}

// The CA file may be that of an earlier serving, and no other file is touched.
func TestServeReplacesItsCAFileAlone(t *testing.T) {
	dir := folder(t, 1)
	caFile := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, nil, 0o600); err != nil { // as mktemp leaves it
		t.Fatal(err)
	}
	var octets [2]string
	for i := range octets {
		s := serve(t, ServeOptions{Maildrop: dir, Listen: "127.0.0.1:0", CAFile: caFile})
		content, err := os.ReadFile(caFile)
		if err != nil {
			t.Fatal(err)
		}
		octets[i] = string(content)
		s.stop()
		s.wait(t)
	}
	if octets[0] == octets[1] || octets[1] == "" {
		t.Errorf("got %q twice, want another certificate each time", octets[0])
	}
	before := sums(t, dir)
	err := Serve(context.Background(), ServeOptions{
		Maildrop: dir, Listen: "127.0.0.1:0", CAFile: filepath.Join(dir, "1.eml"), Ready: func(int, string, string) { t.Error("it got ready") },
	})
	wantError(t, err, "is no CA file")
	if after := sums(t, dir); after != before {
		t.Errorf("got %s, want %s", after, before)
	}
}

func TestServeFaults(t *testing.T) {
	never := func(int, string, string) { t.Error("it got ready") }
	err := Serve(context.Background(), ServeOptions{Maildrop: "/nonexistent", Listen: "127.0.0.1:0", Ready: never})
	wantError(t, err, "/nonexistent")
	err = Serve(context.Background(), ServeOptions{
		Maildrop: folder(t, 1), Listen: "127.0.0.1:0", ListenTLS: "127.0.0.1:0", CAFile: "/nonexistent/ca.pem", Ready: never,
	})
	if file := (*FileError)(nil); !errors.As(err, &file) {
		t.Errorf("got error %v, want a *FileError", err)
	}
}

// Servings do not disturb each other, and ports are free afterwards.
func TestServeAgain(t *testing.T) {
	dir := folder(t, 1)
	first := serve(t, ServeOptions{Maildrop: dir, Listen: "127.0.0.1:0"})
	second := serve(t, ServeOptions{Maildrop: dir, Listen: "127.0.0.1:0"})
	c := first.session(t)
	mark(t, c, 1)
	if _, err := c.Quit(context.Background()); err != nil {
		t.Error(err)
	}
	if drop, err := second.session(t).Stat(context.Background()); err != nil || drop.Count != 1 {
		t.Errorf("got %+v, %v; want the other's message", drop, err)
	}
	first.stop()
	if err := first.wait(t); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	third := serve(t, ServeOptions{Maildrop: dir, Listen: first.plain})
	if third.plain != first.plain {
		t.Errorf("got %s, want %s again", third.plain, first.plain)
	}
}
