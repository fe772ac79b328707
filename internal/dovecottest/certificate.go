package dovecottest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// makeCertificate makes a CA and, signed by it, the server's certificate, and
// sets Pool and CAFile. The CA's key is forgotten.
func (s *Server) makeCertificate() error {
	// Fixed dates: no test depends on the day it is run.
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	until := time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: s.name() + " CA"},
		NotBefore: from, NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: from, NotAfter: until,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(127, 0, 0, 2)},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return err
	}
	return s.keepCertificate(caDER, leafDER, keyDER)
}

// keepCertificate writes the three parts where dovecot.conf expects them.
func (s *Server) keepCertificate(ca, leaf, key []byte) error {
	parsed, err := x509.ParseCertificate(ca)
	if err != nil {
		return err
	}
	s.Pool = x509.NewCertPool()
	s.Pool.AddCert(parsed)
	s.CAFile = s.path("ca.pem")
	for _, part := range []struct {
		file, kind string
		der        []byte
		mode       os.FileMode
	}{
		{s.CAFile, "CERTIFICATE", ca, 0o644},
		{s.path("cert.pem"), "CERTIFICATE", leaf, 0o644},
		{s.path("key.pem"), "PRIVATE KEY", key, 0o600},
	} {
		text := pem.EncodeToMemory(&pem.Block{Type: part.kind, Bytes: part.der})
		if err := os.WriteFile(part.file, text, part.mode); err != nil {
			return err
		}
	}
	return nil
}
