package deliver_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
)

// post is a mail server that keeps what it is given.
type post struct {
	*smtp.Server
	addr string

	mu     sync.Mutex
	mail   map[string][][]byte // by recipient
	from   []string
	refuse map[string]error // recipients, when they are named
	fail   map[string]error // recipients, when the message is there
}

// start starts a server; change may set it up.
func startPost(t testing.TB, change func(*post)) *post {
	t.Helper()
	p := &post{mail: map[string][][]byte{}, refuse: map[string]error{}, fail: map[string]error{}}
	p.Server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{post: p}, nil }))
	p.Domain, p.ErrorLog = "localhost", quiet{}
	p.MaxLineLength = 1 << 20 // else it refuses lines of 2,000 octets, in messages too
	if change != nil {
		change(p)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	done := make(chan error)
	go func() { done <- p.Serve(l) }()
	t.Cleanup(func() {
		p.Server.Close()
		<-done
	})
	return p
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// stored returns the mail of a recipient.
func (p *post) stored(recipient string) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mail[recipient]
}

// visit is one connection.
type visit struct {
	*post
	to []string
}

func (v *visit) Reset()        { v.to = nil }
func (v *visit) Logout() error { return nil }

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.post.from = append(v.post.from, from)
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = append(v.to, to)
	return v.refuse[to]
}

func (v *visit) Data(r io.Reader) error {
	octets, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, to := range v.to {
		if err == nil {
			err = v.fail[to]
		}
	}
	for _, to := range v.to {
		if err == nil {
			v.mail[to] = append(v.mail[to], octets)
		}
	}
	return err
}

func (v *visit) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	octets, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, to := range v.to {
		if v.fail[to] == nil {
			v.mail[to] = append(v.mail[to], octets)
		}
		status.SetStatus(to, v.fail[to])
	}
	return nil
}

func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user == "ann" && password == "secret word" {
			return nil
		}
		return &smtp.SMTPError{Code: 535, Message: "not with the password " + password}
	}), nil
}

// cannotCarry reports whether SMTP cannot carry a message unchanged.
func cannotCarry(msg []byte) bool {
	bare := bytes.ReplaceAll(msg, []byte("\r\n"), nil)
	return bytes.ContainsAny(bare, "\r\n\x00")
}

// onTheWire is what SMTP makes of a message: CR LF at its end.
func onTheWire(msg []byte) []byte {
	if bytes.HasSuffix(msg, []byte("\r\n")) {
		return msg
	}
	return append(bytes.Clone(msg), "\r\n"...)
}

func TestSMTP(t *testing.T) {
	var p *post
	delivertest.Run(t, delivertest.Place{
		Spec: func(t *testing.T, _ string) string {
			p = startPost(t, nil)
			return "smtp://" + p.addr + "/?rcpt=bob@example.org"
		},
		Stored:  func(*testing.T, string) [][]byte { return p.stored("bob@example.org") },
		Form:    onTheWire,
		Refuses: cannotCarry,
	}, corpus(t))
}

func TestLMTP(t *testing.T) {
	var p *post
	delivertest.Run(t, delivertest.Place{
		Spec: func(t *testing.T, _ string) string {
			p = startPost(t, func(p *post) { p.LMTP = true })
			return "lmtp://" + p.addr + "/?rcpt=bob@example.org&rcpt=eve@example.org"
		},
		Stored:  func(*testing.T, string) [][]byte { return p.stored("eve@example.org") },
		Form:    onTheWire,
		Refuses: cannotCarry,
	}, corpus(t))
}

// send opens a target and delivers letters; it returns the last error.
func send(t *testing.T, spec string, o deliver.Options, letters ...int) error {
	t.Helper()
	target, err := deliver.Open(t.Context(), spec, o)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	for _, n := range letters {
		_, err = delivertest.Put(t.Context(), target, delivertest.Envelope(n), delivertest.Letter(n), 100)
	}
	return err
}

// wantFault checks an error of a target.
func wantFault(t *testing.T, err error, temporary bool, words string) *deliver.Error {
	t.Helper()
	var why *deliver.Error
	if !errors.As(err, &why) || why.Temporary != temporary || !strings.Contains(err.Error(), words) {
		t.Fatalf("got error %v, want a fault with %q, temporary %t", err, words, temporary)
	}
	return why
}

func TestSMTPTakesAllRecipientsOrNone(t *testing.T) {
	p := startPost(t, nil)
	spec := "smtp://" + p.addr + "/?rcpt=bob@example.org&rcpt=eve@example.org"
	for code, temporary := range map[int]bool{450: true, 550: false} {
		p.refuse["eve@example.org"] = &smtp.SMTPError{Code: code, Message: "no such\x1b[31m user"}
		why := wantFault(t, send(t, spec, deliver.Options{}, 1), temporary, "no such")
		if why.Recipient != "eve@example.org" || strings.ContainsRune(why.Error(), '\x1b') {
			t.Errorf("got recipient %q in %q", why.Recipient, why)
		}
	}
	delete(p.refuse, "eve@example.org")
	if err := send(t, spec, deliver.Options{}, 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bob@example.org", "eve@example.org"} {
		if got := len(p.stored(name)); got != 1 {
			t.Errorf("%s has %d messages, want 1", name, got)
		}
	}
	for _, from := range p.from {
		if from != "ann@example.org" {
			t.Errorf("the sender is %q, want the envelope's", from)
		}
	}
}

func TestLMTPAnswersForEachRecipient(t *testing.T) {
	p := startPost(t, func(p *post) { p.LMTP = true })
	p.fail["eve@example.org"] = &smtp.SMTPError{Code: 452, Message: "quota"}
	spec := "lmtp://" + p.addr + "/?rcpt=bob@example.org&rcpt=eve@example.org&rcpt=zoe@example.org"
	target, err := deliver.Open(t.Context(), spec, deliver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	e := delivertest.Envelope(1)
	_, err = delivertest.Put(t.Context(), target, e, delivertest.Letter(1), 100)
	why := wantFault(t, err, true, "quota")
	if why.Recipient != "eve@example.org" || strings.Join(why.Had, " ") != "bob@example.org zoe@example.org" {
		t.Fatalf("got recipient %q, had %q", why.Recipient, why.Had)
	}
	delete(p.fail, "eve@example.org")
	e.Had = why.Had
	if _, err := delivertest.Put(t.Context(), target, e, delivertest.Letter(1), 100); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bob@example.org", "eve@example.org", "zoe@example.org"} {
		if got := len(p.stored(name)); got != 1 {
			t.Errorf("%s has %d messages, want 1", name, got)
		}
	}
}

// certified returns a certificate for 127.0.0.1 and who trusts it.
func certified(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, text, text, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestSTARTTLSAndLogin(t *testing.T) {
	certificate, pool := certified(t)
	p := startPost(t, func(p *post) { p.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}} })
	spec := "smtp://ann@" + p.addr + "/?rcpt=bob@example.org&starttls=yes"
	o := deliver.Options{TLSConfig: &tls.Config{RootCAs: pool}, Password: fixed("secret word")}
	if err := send(t, spec, o, 1, 2); err != nil {
		t.Fatal(err)
	}
	if got := len(p.stored("bob@example.org")); got != 2 {
		t.Errorf("%d messages, want 2", got)
	}
	o.Password = fixed("wrong word")
	if why := wantFault(t, send(t, spec, o, 1), false, "535"); strings.Contains(why.Error(), "wrong word") {
		t.Errorf("the password is in the error: %v", why)
	}
	o.Password = nil
	wantFault(t, send(t, spec, o, 1), false, "no password was given")
	// An insecure configuration is made secure, an unknown certificate refused.
	o.TLSConfig, o.Password = &tls.Config{InsecureSkipVerify: true}, fixed("secret word")
	wantFault(t, send(t, spec, o, 3), false, "certificate")
	p = startPost(t, nil)
	wantFault(t, send(t, "smtp://"+p.addr+"/?rcpt=bob@example.org&starttls=yes", deliver.Options{}, 1), false, "STARTTLS")
	if got := len(p.stored("bob@example.org")); got != 0 {
		t.Errorf("%d messages went in clear", got)
	}
}
