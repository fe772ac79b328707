package host

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// Of all that a server may show, a good certificate of the CA file is taken.
func TestCertificates(t *testing.T) {
	for _, kind := range []pop3test.Kind{pop3test.Good, pop3test.WrongName, pop3test.Expired, pop3test.NotYetValid, pop3test.UnknownIssuer, pop3test.TLS11} {
		t.Run(string(kind), func(t *testing.T) {
			d := pop3test.New(t, fmt.Sprintf("tls %s\nS: +OK\neof\n", kind))
			ca := d.CA(t)
			r := luabind.DialRequest{TLS: true}
			r.Host, r.Port = split(t, d.Listen(t))
			_, err := dial(t, open(t, Options{Policy: loopback(t), CAFile: ca.File(t)}), r)
			if kind == pop3test.Good {
				wantError(t, err, "")
				return
			}
			if failed := (*pop3.TLSError)(nil); !errors.As(err, &failed) {
				t.Errorf("got error %v, want one of TLS", err)
			}
		})
	}
}

// A script's context chooses whom to trust, or asks for more.
func TestContexts(t *testing.T) {
	ca, other := pop3test.NewCA(t), pop3test.NewCA(t)
	good, err := ca.Certificate(pop3test.Good)
	if err != nil {
		t.Fatal(err)
	}
	print := fmt.Sprintf("sha256:%x", sha256.Sum256(good.Certificate[0]))
	wrong := fmt.Sprintf("sha256:%x", sha256.Sum256(nil))
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		caFile  string // the host's; empty for the system's
		context *luabind.TLSContext
		want    string
	}{
		{"nothing known of the server", "", nil, "unknown authority"},
		{"the host's CA file", ca.File(t), nil, ""},
		{"the host's CA file, of another", other.File(t), nil, "unknown authority"},
		{"cafile", "", &luabind.TLSContext{CAFile: ca.File(t)}, ""},
		{"cafile of another", "", &luabind.TLSContext{CAFile: other.File(t)}, "unknown authority"},
		{"cafile in the host's stead", other.File(t), &luabind.TLSContext{CAFile: ca.File(t)}, ""},
		{"cafile of another in the host's stead", ca.File(t), &luabind.TLSContext{CAFile: other.File(t)}, "unknown authority"},
		{"a context keeps the host's CA file", ca.File(t), &luabind.TLSContext{MinVersion: tls.VersionTLS12}, ""},
		{"cafile that is not there", ca.File(t), &luabind.TLSContext{CAFile: "/nonexistent.pem"}, "cafile /nonexistent.pem"},
		{"cafile without a certificate", ca.File(t), &luabind.TLSContext{CAFile: empty}, "holds no certificate"},
		{"fingerprint", "", &luabind.TLSContext{Fingerprint: print}, ""},
		{"fingerprint of another", ca.File(t), &luabind.TLSContext{Fingerprint: wrong}, "fingerprint"},
		{"fingerprint and cafile", "", &luabind.TLSContext{Fingerprint: print, CAFile: ca.File(t)}, ""},
		{"fingerprint and cafile of another", "", &luabind.TLSContext{Fingerprint: print, CAFile: other.File(t)}, "unknown authority"},
		{"fingerprint of another and cafile", "", &luabind.TLSContext{Fingerprint: wrong, CAFile: ca.File(t)}, "fingerprint"},
		{"version that the server has not", ca.File(t), &luabind.TLSContext{MinVersion: tls.VersionTLS13}, "protocol version"},
		{"certfile that is not there", ca.File(t), &luabind.TLSContext{CertFile: "/nonexistent.pem"}, "certfile /nonexistent.pem"},
		{"certfile without its key", ca.File(t), &luabind.TLSContext{CertFile: ca.File(t)}, "certfile"},
	}
	address, port := serveMail(t, &tls.Config{Certificates: []tls.Certificate{good}, MaxVersion: tls.VersionTLS12})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := open(t, Options{Policy: loopback(t), CAFile: tt.caFile})
			_, err := dial(t, h, luabind.DialRequest{Host: address, Port: port, TLS: true, Context: tt.context})
			wantError(t, err, tt.want)
		})
	}
}

// A client's certificate reaches the server.
func TestClientCertificate(t *testing.T) {
	ca := pop3test.NewCA(t)
	config, err := ca.ServerConfig(pop3test.Good)
	if err != nil {
		t.Fatal(err)
	}
	config.ClientAuth = tls.RequireAnyClientCert
	config.MaxVersion = tls.VersionTLS12 // so that the refusal comes with the handshake
	address, port := serveMail(t, config)
	h := open(t, Options{Policy: loopback(t), CAFile: ca.File(t)})
	both := clientFile(t, ca)
	for want, c := range map[string]*luabind.TLSContext{
		"":     {CertFile: both},
		"tls:": nil,
	} {
		_, err := dial(t, h, luabind.DialRequest{Host: address, Port: port, TLS: true, Context: c})
		wantError(t, err, want)
	}
}

// clientFile writes a certificate and its key.
func clientFile(t *testing.T, ca *pop3test.CA) string {
	t.Helper()
	cert, err := ca.Certificate(pop3test.Good)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	octets := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	octets = append(octets, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	path := filepath.Join(t.TempDir(), "client.pem")
	if err := os.WriteFile(path, octets, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
