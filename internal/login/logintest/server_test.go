package logintest_test

import (
	"bytes"
	"crypto/tls"
	"os"
	"slices"
	"testing"

	"github.com/emersion/go-sasl"

	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// The mechanisms of go-sasl can be used as they are.
var (
	_ pop3server.SASLExchange = sasl.Server(nil)
	_ pop3.Mechanism          = sasl.Client(nil)
)

// What crossed the network is what a listener would have seen, and every login
// is counted.
func TestServerIsAWitness(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	u, ctx := logintest.DefaultUser(), t.Context()
	options := &pop3.Options{TLSConfig: &tls.Config{RootCAs: s.Pool()}, InsecureAllowPlaintext: true}

	c, err := pop3.DialSTLS(ctx, s.Addr(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(ctx, u.Name, "guess"); err == nil {
		t.Error("a wrong password was taken")
	}
	if err := c.Login(ctx, u.Name, u.Password); err != nil {
		t.Error(err)
	}
	if bytes.Contains(s.Received(), []byte(u.Password)) || !bytes.Contains(s.Received(), []byte("STLS\r\n")) {
		t.Errorf("over TLS: got %q", s.Received())
	}
	want := []logintest.Attempt{{Command: "PASS", User: "ann"}, {Command: "PASS", User: "ann", OK: true}}
	if got := s.Attempts(); !slices.Equal(got, want) {
		t.Errorf("attempts: got %+v, want %+v", got, want)
	}

	c, err = pop3.Dial(ctx, s.Addr(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(ctx, u.Name, u.Password); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(s.Received(), []byte("PASS "+u.Password+"\r\n")) {
		t.Error("in the clear: the password was not seen")
	}
	if _, err := c.Mark(ctx, 1); err != nil {
		t.Error(err)
	}
	if _, err := c.Quit(ctx); err != nil || len(s.Messages("ann")) != 0 {
		t.Errorf("QUIT: %v, and %d messages are left", err, len(s.Messages("ann")))
	}
}

func TestOptions(t *testing.T) {
	s := logintest.Start(t, logintest.Options{NoAPOP: true, Mechanisms: []string{}, MaxTLS: tls.VersionTLS12})
	cert, certFile, keyFile := s.ClientCertificate("ann")
	for _, path := range []string{s.CAFile, certFile, keyFile} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Error(err)
	}
	options := &pop3.Options{TLSConfig: &tls.Config{RootCAs: s.Pool(), Certificates: []tls.Certificate{cert}}}
	c, err := pop3.DialTLS(t.Context(), s.TLSAddr(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if state, _ := c.TLS(); state.Version != tls.VersionTLS12 {
		t.Errorf("version: got %x", state.Version)
	}
	if caps, err := c.Capabilities(t.Context()); err != nil || caps.Has("SASL") || !caps.Has("USER") {
		t.Errorf("CAPA: got %v, %v, want USER and no SASL", caps, err)
	}
	if got := c.Greeting(); got != "+OK POP3 server ready" {
		t.Errorf("greeting: got %q", got)
	}
}
