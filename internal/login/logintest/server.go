package logintest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
)

// A User may log in, by the password or the token; "" is none.
type User struct {
	Name, Password, Token string
	Messages              [][]byte
}

// A Fault is how a server misbehaves.
type Fault int

// The faults. Where none of the server's answers would show it, a fault does
// nothing.
const (
	NoFault            Fault = iota
	GarbageChallenge         // each challenge is one that no mechanism has
	EndlessChallenges        // each response gets another challenge, 1000 of them
	WithdrawnAfterSTLS       // SASL is offered before TLS, and only PLAIN after it
	StrippedPlus             // -PLUS is offered, and somebody cuts it from the list
	WrongSignature           // SCRAM's proof is another's
	NoSignature              // SCRAM succeeds without it
	EchoSecret               // every login is refused, and the refusal repeats the secret
)

// Options say what a server is like. The zero value offers every login, and
// has one user: DefaultUser.
type Options struct {
	Users      []User
	Mechanisms []string // of SASL, as CAPA lists them; nil for all, empty for no SASL
	NoAPOP     bool     // the greeting has no timestamp
	Fault      Fault
	MaxTLS     uint16 // tls.VersionTLS12, or 0 for the newest

	// Token reports whether an access token is good, in place of comparing it
	// to the user's.
	Token func(user, token string) bool
}

// DefaultUser is who may log in where Options names nobody.
func DefaultUser() User {
	return User{
		Name: "ann", Password: "tr0ub4dor&3 horse", Token: "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg",
		Messages: [][]byte{[]byte("Subject: hello\r\n\r\nworld\r\n")},
	}
}

// Mechanisms returns all SASL mechanisms that a Server knows.
func Mechanisms() []string {
	return []string{
		"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS",
		"XOAUTH2", "OAUTHBEARER", "EXTERNAL",
	}
}

// An Attempt is a login that a client tried.
type Attempt struct {
	Command string // "PASS", "APOP" or "AUTH" and the mechanism; PLAIN is "PASS", too
	User    string // "" if it came not so far
	OK      bool
}

// Server is a running server. It stops when its test ends.
type Server struct {
	CAFile string // the authority, a PEM file

	t         testing.TB
	options   Options
	ca        *authority
	leaf      []byte // the server's certificate
	plain     net.Listener
	secure    net.Listener
	drops     map[string]*pop3server.Memory
	mu        sync.Mutex
	received  bytes.Buffer
	attempted []Attempt
}

// Start starts a server.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Users == nil {
		o.Users = []User{DefaultUser()}
	}
	if o.Mechanisms == nil {
		o.Mechanisms = Mechanisms()
	}
	s := &Server{t: t, options: o, drops: map[string]*pop3server.Memory{}}
	for _, u := range o.Users {
		s.drops[u.Name] = pop3server.NewMemory(u.Name, u.Password, u.Messages...)
	}
	if err := s.start(); err != nil {
		t.Fatalf("logintest: %v", err)
	}
	return s
}

func (s *Server) start() (err error) {
	if s.ca, err = newAuthority(); err != nil {
		return err
	}
	if s.CAFile, err = s.ca.file(s.t.TempDir()); err != nil {
		return err
	}
	cert, err := s.ca.server()
	if err != nil {
		return err
	}
	s.leaf = cert.Certificate[0]
	server := &pop3server.Server{
		NewSession: s.newSession, InsecureAllowAuth: true,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{cert}, MaxVersion: s.options.MaxTLS,
			ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: s.Pool(),
		},
	}
	if s.plain, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	if s.secure, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.t.Cleanup(func() { server.Close() })
	go server.Serve(&listener{s.plain, s})
	go server.ServeTLS(&listener{s.secure, s})
	return nil
}

// Addr is the address for POP3 without TLS and for STLS, as "host:port".
func (s *Server) Addr() string { return s.plain.Addr().String() }

// TLSAddr is the address for implicit TLS, as "host:port".
func (s *Server) TLSAddr() string { return s.secure.Addr().String() }

// Pool has the authority that signed the server's certificate, which is valid
// for localhost and 127.0.0.1.
func (s *Server) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.ca.cert)
	return pool
}

// ClientCertificate issues a certificate by which a user logs in with EXTERNAL,
// as PEM files, too.
func (s *Server) ClientCertificate(user string) (cert tls.Certificate, certFile, keyFile string) {
	s.t.Helper()
	cert, certFile, keyFile, err := s.ca.client(user, s.t.TempDir())
	if err != nil {
		s.t.Fatalf("logintest: client certificate: %v", err)
	}
	return cert, certFile, keyFile
}

// Received returns all octets that came over the network so far: what came
// under TLS is as unreadable in it as to any listener.
func (s *Server) Received() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.received.Bytes())
}

// Attempts returns the logins that were tried so far.
func (s *Server) Attempts() []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempted)
}

// Messages returns what is in a user's maildrop now.
func (s *Server) Messages(user string) [][]byte { return s.drops[user].Messages() }

// user returns the user of that name.
func (s *Server) user(name string) (User, bool) {
	i := slices.IndexFunc(s.options.Users, func(u User) bool { return u.Name == name })
	if i < 0 {
		return User{}, false
	}
	return s.options.Users[i], true
}

// attempt notes a login and how it ended.
func (s *Server) attempt(command, user string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempted = append(s.attempted, Attempt{command, user, err == nil})
}

// A listener notes what its connections receive.
type listener struct {
	net.Listener
	server *Server
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &recorder{c, l.server}, err
}

type recorder struct {
	net.Conn
	server *Server
}

// Read implements net.Conn.
func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.server.received.Write(p[:n])
	return n, err
}
