package pop3server_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3/pop3server"
)

func TestLongLines(t *testing.T) {
	l := start(t, plainServer(three()))
	p := connect(t, l)
	p.play("S: +OK...\nC: USER " + strings.Repeat("u", 248) + "\nS: +OK...") // 255 octets with CR LF
	p.play("C: USER " + strings.Repeat("u", 249) + "\nS: -ERR the command line is too long\nS: EOF")

	p = connect(t, l)
	p.play("S: +OK...")
	if _, err := io.WriteString(p.conn, strings.Repeat("x", 255)); err != nil { // and no end
		t.Fatal(err)
	}
	p.play("S: -ERR the command line is too long\nS: EOF")
}

func TestBadCommandsInARow(t *testing.T) {
	s := plainServer(three())
	s.MaxBadCommands = 3
	p := connect(t, start(t, s))
	p.login()
	for range 5 {
		p.play("C: NOPE\nS: -ERR...\nC: LIST 0\nS: -ERR...\nC: NOOP\nS: +OK...")
		p.play("C: RETR 9\nS: -ERR no such message") // is not bad
	}
	p.play("C: NOPE\nS: -ERR...\nC: NOPE\nS: -ERR...\nC: NOPE\nS: -ERR...\nS: EOF")
}

// Silence ends the connection, without a word (RFC 1939 §3) and without
// UPDATE, and not before its time.
func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := &stub{messages: []pop3server.Message{{Octets: 1, UniqueID: "x"}}}
		s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}
		p := connect(t, start(t, s))
		p.login()
		p.play("C: DELE 1\nS: +OK...")
		began := time.Now()
		for range 3 {
			time.Sleep(9 * time.Minute)
			p.play("C: NOOP\nS: +OK...")
		}
		p.play("S: EOF")
		if got, want := time.Since(began), 37*time.Minute; got != want {
			t.Errorf("ended after %v, want %v", got, want)
		}
		synctest.Wait()
		if updates, closes := session.ends(); updates != 0 || closes != 1 {
			t.Errorf("got %d updates and %d closes, want 0 and 1", updates, closes)
		}
	})
}

// A command that comes octet by octet must be whole within the timeout.
func TestIdleTimeoutOfOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := plainServer(three())
		s.IdleTimeout = time.Minute
		p := connect(t, start(t, s))
		p.login()
		began := time.Now()
		for {
			if _, err := io.WriteString(p.conn, "N"); err != nil {
				break
			}
			time.Sleep(7 * time.Second)
		}
		if got := time.Since(began); got < time.Minute || got > 67*time.Second {
			t.Errorf("ended after %v, want a minute", got)
		}
	})
}

func TestLoginTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := plainServer(three())
		l := start(t, s)
		p := connect(t, l)
		began := time.Now()
		p.play("S: +OK...")
		for range 17 {
			time.Sleep(10 * time.Second)
			p.play("C: UTF8\nS: +OK...")
		}
		p.play("S: EOF")
		if got, want := time.Since(began), 3*time.Minute; got != want {
			t.Errorf("ended after %v, want %v", got, want)
		}

		p = connect(t, l)
		p.login()
		time.Sleep(9 * time.Minute)
		p.play("C: NOOP\nS: +OK...") // it no longer counts
	})
}

// The handshake is part of the login.
func TestLoginTimeoutInHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, _ := certificate(t)
		s := &pop3server.Server{NewSession: three().NewSession, TLSConfig: server}
		p := connect(t, start(t, s))
		began := time.Now()
		p.play("S: +OK...\nC: STLS\nS: +OK...\nS: EOF")
		if got, want := time.Since(began), 3*time.Minute; got != want {
			t.Errorf("ended after %v, want %v", got, want)
		}
	})
}

// A client that stops taking a message holds the maildrop for no longer than
// WriteTimeout, and what it had pipelined behind is not run.
func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		session := &stub{
			messages: []pop3server.Message{{Octets: 1 << 30, UniqueID: "x"}},
			body:     func() io.Reader { return io.LimitReader(octets('x'), 1<<30) },
		}
		s := &pop3server.Server{NewSession: session.new, InsecureAllowAuth: true}
		l := start(t, s)
		p := connect(t, l)
		p.login()
		began := time.Now()
		p.send("RETR 1\r\nDELE 1\r\nQUIT")
		p.await("+OK...")
		if _, err := io.CopyN(io.Discard, p.r, 10<<20); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if updates, closes := session.ends(); updates != 0 || closes != 1 {
			t.Errorf("got %d updates and %d closes, want 0 and 1", updates, closes)
		}
		if got, want := time.Since(began), 2*time.Minute; got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// octets is an endless reader of one octet.
type octets byte

func (o octets) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(o)
	}
	return len(p), nil
}
