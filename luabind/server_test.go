package luabind_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// listen serves each connection to a free port of loopback in a goroutine.
// All end with the test.
func listen(t *testing.T, serve func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			done.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		done.Wait()
	})
	return l.Addr().(*net.TCPAddr).Port
}

// A certificate is for localhost, and is its own authority.
type certificate struct {
	server *tls.Config
	pem    []byte
	der    []byte
}

var newCertificate = sync.OnceValues(func() (*certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	pair := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return &certificate{
		server: &tls.Config{Certificates: []tls.Certificate{pair}},
		pem:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		der:    der,
	}, nil
})

// testCertificate is one for all tests.
func testCertificate(t testing.TB) *certificate {
	t.Helper()
	c, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	dummyGreeting = "+OK dummy pop3 server ready. <timestamp>"
	dummyList     = "1 1\r\n2 2\r\n3 3\r\n4 4\r\n5 5\r\n.\r\n"
	dummyMessage  = "From: postmaster@python.org\r\nContent-Type: text/plain\r\nMIME-Version: 1.0\r\n" +
		"Subject: Dummy\r\n\r\nline1\r\nline2\r\nline3\r\n.\r\n"
)

// A dummy is DummyPOP3Handler of CPython's test_poplib.
type dummy struct {
	tls    *tls.Config
	active bool // TLS from the first octet
	utf8   atomic.Bool
}

func (d *dummy) serve(conn net.Conn) {
	secure := d.active
	if secure {
		conn = tls.Server(conn, d.tls)
	}
	fmt.Fprint(conn, dummyGreeting+"\r\n")
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		verb, arg, _ := strings.Cut(lines.Text(), " ")
		reply := d.reply(strings.ToLower(verb), arg, secure)
		if _, err := fmt.Fprint(conn, reply); err != nil || strings.EqualFold(verb, "quit") {
			return
		}
		if strings.EqualFold(verb, "stls") && !secure {
			secure = true
			conn = tls.Server(conn, d.tls)
			lines = bufio.NewScanner(conn)
		}
	}
}

// reply has both answers of CPython's handler to a wrong name or password.
func (d *dummy) reply(verb, arg string, secure bool) string {
	switch verb {
	case "echo":
		return arg + "\r\n"
	case "user":
		return unless(arg == "guido", "-ERR no such user\r\n") + "+OK password required\r\n"
	case "pass":
		return unless(arg == "python", "-ERR wrong password\r\n") + "+OK 10 messages\r\n"
	case "stat":
		return "+OK 10 100\r\n"
	case "list", "uidl":
		if arg != "" {
			return "+OK " + arg + " " + arg + "\r\n"
		}
		return "+OK\r\n" + dummyList
	case "retr", "top":
		return fmt.Sprintf("+OK %d bytes\r\n%s", len(dummyMessage), dummyMessage)
	case "dele":
		return "+OK message marked for deletion.\r\n"
	case "noop", "rpop", "apop":
		return "+OK done nothing.\r\n"
	case "quit":
		return "+OK closing.\r\n"
	case "capa":
		return "+OK Capability list follows\r\nUIDL\r\nIMPLEMENTATION python-testlib-pop-server\r\n" +
			unless(secure, "STLS\r\n") + ".\r\n"
	case "utf8":
		if d.utf8.Load() {
			return "+OK I know RFC6856\r\n"
		}
		return "-ERR What is UTF8?!\r\n"
	case "stls":
		if secure {
			return "-ERR Command not permitted when TLS active\r\n"
		}
		return "+OK Begin TLS negotiation\r\n"
	}
	return fmt.Sprintf("-ERR unrecognized POP3 command %q.\r\n", verb)
}

func unless(condition bool, text string) string {
	if condition {
		return ""
	}
	return text
}

// silence stands for a reply that never comes.
const silence = "\x00silence"

// A player sends a greeting and then one reply for each line it hears. After
// the last it closes its side, so that the client meets the end of the stream.
type player struct {
	greeting string
	replies  []string

	mu    sync.Mutex
	lines []string
}

func (p *player) serve(conn net.Conn) {
	fmt.Fprint(conn, p.greeting)
	lines := bufio.NewReader(conn)
	for _, reply := range p.replies {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		p.hear(line)
		if reply == silence {
			break
		}
		fmt.Fprint(conn, reply)
	}
	if n := len(p.replies); n == 0 || p.replies[n-1] != silence {
		conn.(*net.TCPConn).CloseWrite()
	}
	for { // whatever still comes: an unread line would reset the connection
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		p.hear(line)
	}
}

func (p *player) hear(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, strings.TrimSuffix(line, "\r\n"))
}

// heard returns the lines so far.
func (p *player) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.lines...)
}
