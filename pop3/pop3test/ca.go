package pop3test

import (
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
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A Kind is what a server's certificate is like, or its TLS.
type Kind string

// The kinds of certificates. A careful client takes Good alone.
const (
	Good          Kind = "good"
	WrongName     Kind = "wrong-name"     // valid for another host
	Expired       Kind = "expired"        // since an hour
	NotYetValid   Kind = "not-yet-valid"  // for another hour
	UnknownIssuer Kind = "unknown-issuer" // of an authority with the same name
	TLS11         Kind = "tls1.1"         // good, but the server speaks TLS 1.0 and 1.1 only
)

func (k Kind) valid() bool {
	switch k {
	case Good, WrongName, Expired, NotYetValid, UnknownIssuer, TLS11:
		return true
	}
	return false
}

// Host is a name that certificates are valid for, beside "localhost",
// 127.0.0.1 and ::1.
const Host = "pop.example.com"

// A CA is a certificate authority for one test. Its certificates are valid
// around the moment it was made, which in a bubble of testing/synctest is the
// bubble's.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
}

// NewCA makes an authority.
func NewCA(t testing.TB) *CA {
	t.Helper()
	ca, err := newCA()
	if err != nil {
		t.Fatalf("pop3test: certificate authority: %v", err)
	}
	return ca
}

func newCA() (*CA, error) {
	now := time.Now()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "pop3test authority"},
		NotBefore:             now.Add(-48 * time.Hour),
		NotAfter:              now.Add(48 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &CA{cert, key, now}, err
}

// Pool returns the authority as the only root.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	return pool
}

// PEM returns the authority's certificate.
func (ca *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw})
}

// File writes the authority's certificate to a file of the test's temporary
// folder, and returns its path.
func (ca *CA) File(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, ca.PEM(), 0o600); err != nil {
		t.Fatalf("pop3test: %v", err)
	}
	return path
}

// ClientConfig returns the configuration of a client that trusts the authority.
func (ca *CA) ClientConfig() *tls.Config { return &tls.Config{RootCAs: ca.Pool()} }

// ServerConfig returns the configuration of a server with a new certificate of
// that kind.
func (ca *CA) ServerConfig(kind Kind) (*tls.Config, error) {
	cert, err := ca.Certificate(kind)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	if kind == TLS11 {
		config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	}
	return config, nil
}

// Certificate issues a new certificate of that kind, with its key.
func (ca *CA) Certificate(kind Kind) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "pop3test"},
		NotBefore:    ca.now.Add(-24 * time.Hour),
		NotAfter:     ca.now.Add(24 * time.Hour),
		DNSNames:     []string{Host, "localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	issuer := ca
	switch kind {
	case WrongName:
		template.DNSNames, template.IPAddresses = []string{"other.example.org"}, nil
	case Expired:
		template.NotAfter = ca.now.Add(-time.Hour)
	case NotYetValid:
		template.NotBefore = ca.now.Add(time.Hour)
	case UnknownIssuer:
		var err error
		if issuer, err = newCA(); err != nil {
			return tls.Certificate{}, err
		}
	}
	return issuer.issue(template)
}

func (ca *CA) issue(template *x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("issue certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
