package cli_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
	"github.com/popherd/popherd/pop3/pop3test"
)

// soakDelay is what the server of that fault announces, in seconds of the fast
// clock.
const soakDelay = 90

// soakStep is how long the slow server takes for each piece of a reply.
const soakStep = 900 * time.Millisecond

// A soakServer has one maildrop, and one fault that is switched on and off.
type soakServer struct {
	t      *testing.T
	fault  string // its own one; "none" for a server that is always well
	addr   string
	drop   *pop3server.Memory
	server *pop3server.Server
	good   tls.Certificate
	bad    tls.Certificate // expired

	mu       sync.Mutex
	ill      bool
	well     chan struct{} // closed when it is well again
	listener net.Listener
	wanted   [][]byte // messages that no rule deletes

	met     int       // times that the fault met somebody
	ended   time.Time // the last session that was logged in
	hurried int       // logins that did not wait for LOGIN-DELAY
	logins  int
}

// counted returns what was counted so far.
func (s *soakServer) counted() (met, logins, hurried int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.met, s.logins, s.hurried
}

// startSoakServer starts a server that is well.
func startSoakServer(t *testing.T, ca *pop3test.CA, fault string) *soakServer {
	t.Helper()
	s := &soakServer{t: t, fault: fault, drop: pop3server.NewMemory("anna", "secret"), well: make(chan struct{})}
	close(s.well)
	if fault != "stuck" { // its sessions outlast their clients
		s.drop.Exclusive()
	}
	var err error
	if s.good, err = ca.Certificate(pop3test.Good); err != nil {
		t.Fatal(err)
	}
	if s.bad, err = ca.Certificate(pop3test.Expired); err != nil {
		t.Fatal(err)
	}
	s.server = &pop3server.Server{NewSession: s.session, TLSConfig: &tls.Config{GetCertificate: s.certificate}}
	if fault == "login-delay" {
		s.server.Capabilities = []string{fmt.Sprintf("LOGIN-DELAY %d", soakDelay)}
	}
	s.listen("127.0.0.1:0")
	t.Cleanup(func() {
		s.set(false)
		s.server.Close()
	})
	return s
}

// listen serves an address, which is taken again after the server was down.
func (s *soakServer) listen(addr string) {
	l, err := net.Listen("tcp", addr)
	for tries := 0; err != nil && tries < 50; tries++ { // somebody's connection may have it just now
		time.Sleep(100 * time.Millisecond)
		l, err = net.Listen("tcp", addr)
	}
	if err != nil {
		s.t.Errorf("server %s: %v", s.fault, err)
		return
	}
	s.addr, s.listener = l.Addr().String(), l
	go s.server.ServeTLS(&soakListener{l, s})
}

// set switches the fault.
func (s *soakServer) set(ill bool) {
	s.mu.Lock()
	was := s.ill
	s.ill = ill
	if ill && !was {
		s.well = make(chan struct{})
	} else if was && !ill {
		close(s.well)
	}
	s.mu.Unlock()
	switch {
	case s.fault != "down" || was == ill:
	case ill:
		s.listener.Close()
	default:
		s.listen(s.addr)
	}
}

// has reports whether the server has the fault now.
func (s *soakServer) has(fault string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ill && s.fault == fault {
		s.met++
		return true
	}
	return false
}

// until returns when the server is well, or somebody gives up.
func (s *soakServer) until(ctx context.Context) {
	s.mu.Lock()
	well := s.well
	s.mu.Unlock()
	select {
	case <-well:
	case <-ctx.Done():
	}
}

func (s *soakServer) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if s.has("expired") {
		return &s.bad, nil
	}
	return &s.good, nil
}

// add puts a message there that the rule deletes, and one that it keeps.
func (s *soakServer) add(n int) {
	s.drop.Add(fmt.Appendf(nil, "Subject: old %d\r\n\r\nto be deleted\r\n", n))
	kept := fmt.Appendf(nil, "Subject: dear %d\r\n\r\nto be kept\r\n", n)
	s.drop.Add(kept)
	s.wanted = append(s.wanted, kept)
}

// judge compares the maildrop with what must be left of it.
func (s *soakServer) judge() {
	s.t.Helper()
	got := s.drop.Messages()
	same := len(got) == len(s.wanted)
	for i := range min(len(got), len(s.wanted)) {
		same = same && string(got[i]) == string(s.wanted[i])
	}
	if !same {
		s.t.Errorf("%s: the maildrop has %d messages, want just the %d that are kept", s.fault, len(got), len(s.wanted))
	}
}

// A soakListener lets no connection in while the server is hung, and all of
// them slowly while it is slow.
type soakListener struct {
	net.Listener
	server *soakServer
}

// Accept implements net.Listener.
func (l *soakListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !l.server.has("hung") {
			return &soakConn{c, l.server}, nil
		}
		go func() { // it says nothing, until the client goes
			io.Copy(io.Discard, c)
			c.Close()
		}()
	}
}

type soakConn struct {
	net.Conn
	server *soakServer
}

// Write implements net.Conn.
func (c *soakConn) Write(p []byte) (int, error) {
	if c.server.has("slow") {
		time.Sleep(soakStep)
	}
	return c.Conn.Write(p)
}

// A soakSession refuses what the server refuses.
type soakSession struct {
	pop3server.Session
	server *soakServer
	holds  bool
}

func (s *soakServer) session(c pop3server.Conn) (pop3server.Session, error) {
	inner, err := s.drop.NewSession(c)
	return &soakSession{Session: inner, server: s}, err
}

// soakRefusals are what a login gets.
var soakRefusals = map[string]pop3.ResponseCode{
	"auth": pop3.CodeAuth, "in-use": pop3.CodeInUse, "sys-temp": pop3.CodeSysTemp, "sys-perm": pop3.CodeSysPerm, "login-delay": pop3.CodeLoginDelay,
}

// Login implements pop3server.Session.
func (s *soakSession) Login(ctx context.Context, user, password string) error {
	code, refuses := soakRefusals[s.server.fault]
	if refuses && s.server.has(s.server.fault) {
		return &pop3server.Error{Code: code, Text: "on purpose"}
	}
	err := s.Session.Login(ctx, user, password)
	if err != nil {
		return err
	}
	s.holds = true
	m := s.server
	m.mu.Lock()
	defer m.mu.Unlock()
	m.logins++
	// A little less, for this is another process than the one that waited.
	if least := soakDelay * time.Second / soakRate; m.fault == "login-delay" && !m.ended.IsZero() && time.Since(m.ended) < least-50*time.Millisecond {
		m.hurried++
	}
	return nil
}

// Open implements pop3server.Session.
func (s *soakSession) Open(ctx context.Context, index int) (io.ReadCloser, error) {
	message, err := s.Session.Open(ctx, index)
	if err != nil || !s.server.has("stuck") {
		return message, err
	}
	return &soakStuck{message, s.server, ctx}, nil
}

// Close implements pop3server.Session.
func (s *soakSession) Close() error {
	if s.holds {
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.ended = time.Now()
	}
	return s.Session.Close()
}

// A soakStuck is a message that ends nowhere: the server is stuck in it.
type soakStuck struct {
	io.ReadCloser
	server *soakServer
	ctx    context.Context
}

// Read implements io.Reader.
func (s *soakStuck) Read([]byte) (int, error) {
	ctx, cancel := context.WithTimeout(s.ctx, 10*time.Second) // the client is gone long before
	defer cancel()
	s.server.until(ctx)
	return 0, errors.New("stuck")
}
