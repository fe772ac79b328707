package maildrop

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

const corpusSize = 236

// corpus reads the messages of testdata/mail, in the order of their paths.
func corpus(t testing.TB) [][]byte {
	t.Helper()
	var messages [][]byte
	err := filepath.WalkDir("testdata/mail", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isMessage(d.Name()) {
			return err
		}
		octets, err := os.ReadFile(path)
		messages = append(messages, octets)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != corpusSize {
		t.Fatalf("testdata has %d messages, want %d", len(messages), corpusSize)
	}
	return messages
}

// withCRLF is what POP3 makes of a message: CR LF at its end.
func withCRLF(msg []byte) []byte {
	if bytes.HasSuffix(msg, []byte("\r\n")) {
		return msg
	}
	return append(bytes.Clone(msg), "\r\n"...)
}

// withLF is what an mbox makes of a message whose writer ends the last line
// and puts an empty one behind it.
func withLF(msg []byte) []byte {
	if bytes.HasSuffix(msg, []byte("\n")) {
		return msg
	}
	return append(bytes.Clone(msg), '\n')
}

// asMbox writes the messages into one file, with mboxrd quoting. Each has
// passed through end, and one LF stands behind it.
func asMbox(t testing.TB, messages [][]byte, end func([]byte) []byte) string {
	t.Helper()
	quotable := regexp.MustCompile(`(?m)^>*From `)
	var box bytes.Buffer
	for _, msg := range messages {
		box.WriteString("From popherd@localhost Thu Jan  1 00:00:00 1970\n")
		box.Write(quotable.ReplaceAll(end(msg), []byte(">$0")))
		box.WriteString("\n")
	}
	return filepath.Join(folder(t, "inbox", box.String()), "inbox")
}

// asFiles writes each message into a file of its own, named by format.
func asFiles(t testing.TB, messages [][]byte, format string) string {
	t.Helper()
	var files []string
	for i, msg := range messages {
		files = append(files, fmt.Sprintf(format, i+1), string(msg))
	}
	return folder(t, files...)
}

func unchanged(msg []byte) []byte { return msg }

// TestCorpusArrivesExactly sends every message of the corpus over POP3 and
// loopback TLS and compares it with the original.
func TestCorpusArrivesExactly(t *testing.T) {
	messages := corpus(t)
	tests := []struct {
		name   string
		path   string
		stored func([]byte) []byte // what the source itself makes of a message
	}{
		{"Maildir", asFiles(t, messages, "cur/1%06d.corpus:2,S"), unchanged},
		{"folder", asFiles(t, messages, "%03d.eml"), unchanged},
		{"one mbox", asMbox(t, messages, withLF), withLF},
		{"one mbox with one LF behind each message", asMbox(t, messages, unchanged), unchanged},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := snapshot(t, test.path)
			source := openSource(t, test.path, Options{})
			checkStored(t, source, messages, test.stored)
			client := dial(t, source)
			listed, err := client.List(t.Context())
			if err != nil || len(listed) != corpusSize {
				t.Fatalf("%d messages listed, error %v, want %d", len(listed), err, corpusSize)
			}
			for i, msg := range messages {
				want := withCRLF(test.stored(msg))
				got := retrieve(t, client, i+1)
				if sha256.Sum256(got) != sha256.Sum256(want) {
					t.Errorf("message %d: %d octets with SHA-256 %x, want %d with %x", i+1, len(got), sha256.Sum256(got), len(want), sha256.Sum256(want))
				}
				if listed[i].Octets != int64(len(got)) {
					t.Errorf("message %d: %d octets came, %d were announced", i+1, len(got), listed[i].Octets)
				}
			}
			quit(t, client)
			if after := snapshot(t, test.path); after != before {
				t.Error("the source was changed")
			}
		})
	}
}

// checkStored compares what a session opens, before any server touches it.
func checkStored(t *testing.T, source *Source, messages [][]byte, stored func([]byte) []byte) {
	t.Helper()
	session, listed := begin(t, source)
	if len(listed) != len(messages) {
		t.Fatalf("%d messages, want %d", len(listed), len(messages))
	}
	checkUniqueIDs(t, listed)
	for i, msg := range messages {
		if got := read(t, session, i); !bytes.Equal(got, stored(msg)) {
			t.Errorf("message %d is stored as %.60q..., want %.60q...", i+1, got, stored(msg))
		}
	}
}

func TestDeletionsOverTheWire(t *testing.T) {
	source := openSource(t, asMbox(t, corpus(t), withLF), Options{RememberDeletions: true})
	client := dial(t, source)
	before, err := client.UIDL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, corpusSize} {
		if _, err := client.Mark(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	dropped := dial(t, source)
	if _, err := dropped.Mark(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	dropped.Close() // without QUIT: deletes nothing
	quit(t, client)
	left, err := dial(t, source).UIDL(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != corpusSize-2 || left[0].ID != before[1].ID {
		t.Errorf("%d messages are left, the first %q; want %d and %q", len(left), left[0].ID, corpusSize-2, before[1].ID)
	}
}

// dial serves source on loopback with TLS and returns a session of it, logged in.
func dial(t testing.TB, source *Source) *pop3.Client {
	t.Helper()
	certificate, roots := selfSigned(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &pop3server.Server{NewSession: source.NewSession, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-served; err != pop3server.ErrServerClosed {
			t.Errorf("server ended with %v", err)
		}
	})
	client, err := pop3.DialTLS(t.Context(), l.Addr().String(), &pop3.Options{TLSConfig: &tls.Config{RootCAs: roots}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if err := client.Login(t.Context(), "anyone", "any password"); err != nil {
		t.Fatal(err)
	}
	return client
}

func retrieve(t testing.TB, client *pop3.Client, number int) []byte {
	t.Helper()
	text, err := client.Retrieve(t.Context(), number)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	octets, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

func quit(t testing.TB, client *pop3.Client) {
	t.Helper()
	if _, err := client.Quit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// selfSigned returns a certificate for 127.0.0.1 and the pool that trusts it.
func selfSigned(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
