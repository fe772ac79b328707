package pop3server_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
)

func stlsServer(t *testing.T) (addr string, config *tls.Config) {
	server, client := certificate(t)
	s := &pop3server.Server{NewSession: three().NewSession, TLSConfig: server}
	return startTCP(t, s, false), client
}

func dialTCP(t *testing.T, addr string) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newPeer(t, conn)
}

func TestSTLS(t *testing.T) {
	addr, config := stlsServer(t)
	p := dialTCP(t, addr)
	p.play("S: +OK...\nC: CAPA\nS: +OK...")
	if text := p.text(); !strings.Contains(text, "STLS\r\n") || strings.Contains(text, "USER") {
		t.Errorf("before TLS: got %q, want STLS and no USER", text)
	}
	p.play("C: UTF8\nS: +OK...\nC: STLS\nS: +OK begin TLS")
	secure := tls.Client(p.conn, config)
	p = newPeer(t, secure)
	p.play("C: CAPA\nS: +OK...")
	if text := p.text(); strings.Contains(text, "STLS") || !strings.Contains(text, "USER\r\nSASL PLAIN\r\n") {
		t.Errorf("under TLS: got %q, want USER and no STLS", text)
	}
	p.play(`
		C: STLS
		S: -ERR TLS is active already
		C: USER ann
		S: +OK...
		C: PASS secret
		S: +OK...
		C: CAPA
		S: +OK...
	`)
	if text := p.text(); strings.Contains(text, "STLS") {
		t.Errorf("after login: got %q, want no STLS", text)
	}
	p.play("C: QUIT\nS: +OK...")
	if _, err := p.r.ReadByte(); err != io.EOF {
		t.Errorf("after QUIT: got %v, want TLS's close_notify and EOF", err)
	}
	if got := secure.ConnectionState().Version; got < tls.VersionTLS12 {
		t.Errorf("version %x", got)
	}
}

// A user named in the clear is not the one who logs in under TLS.
func TestSTLSForgetsUser(t *testing.T) {
	server, client := certificate(t)
	s := &pop3server.Server{NewSession: three().NewSession, TLSConfig: server, InsecureAllowAuth: true}
	p := dialTCP(t, startTCP(t, s, false))
	p.play("S: +OK...\nC: USER ann\nS: +OK...\nC: STLS\nS: +OK...")
	p = newPeer(t, tls.Client(p.conn, client))
	p.play("C: PASS secret\nS: -ERR give USER first")
}

// Commands that a man in the middle adds behind STLS are never run, under TLS
// or without (CVE-2011-0411).
func TestSTLSInjection(t *testing.T) {
	addr, _ := stlsServer(t)
	p := dialTCP(t, addr)
	p.play("S: +OK...")
	if _, err := io.WriteString(p.conn, "STLS\r\nUSER ann\r\nPASS secret\r\n"); err != nil {
		t.Fatal(err)
	}
	p.play("S: -ERR octets followed STLS in the clear\nS: EOF")
}

func TestSTLSNotOffered(t *testing.T) {
	p := connect(t, start(t, plainServer(three())))
	p.play("S: +OK...\nC: STLS\nS: -ERR STLS is not offered\nC: CAPA\nS: +OK...")
}

// What is no handshake ends the connection; there is no way back to the clear.
func TestSTLSFailedHandshake(t *testing.T) {
	addr, _ := stlsServer(t)
	p := dialTCP(t, addr)
	p.play("S: +OK...\nC: STLS\nS: +OK...\nC: QUIT")
	rest, _ := io.ReadAll(p.r)
	if strings.Contains(string(rest), "+OK") {
		t.Errorf("answered in the clear: %q", rest)
	}
}

func TestServeTLS(t *testing.T) {
	server, client := certificate(t)
	s := &pop3server.Server{NewSession: three().NewSession, TLSConfig: server}
	addr := startTCP(t, s, true)

	conn, err := tls.Dial("tcp", addr, client)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, conn)
	p.login()
	p.play("C: RETR 1\nS: +OK 22 octets")
	if got := p.text(); got != first+".\r\n" {
		t.Errorf("got %q", got)
	}

	old := client.Clone()
	old.MaxVersion = tls.VersionTLS11
	if _, err := tls.Dial("tcp", addr, old); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	http := client.Clone()
	http.NextProtos = []string{"http/1.1"}
	if _, err := tls.Dial("tcp", addr, http); err == nil {
		t.Error("ALPN http/1.1 was accepted")
	}
}

func TestServeTLSNeedsACertificate(t *testing.T) {
	s := &pop3server.Server{NewSession: three().NewSession}
	if err := s.ServeTLS(newPipes()); err == nil || err == pop3server.ErrServerClosed {
		t.Errorf("got %v, want an error", err)
	}
}
