package serverinfo

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"math"
	"time"
)

// describe returns what a session's TLS is.
func describe(state tls.ConnectionState, now time.Time) *TLS {
	t := &TLS{Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite)}
	if len(state.PeerCertificates) > 0 {
		t.Certificate = describeCertificate(state.PeerCertificates[0], now)
	}
	return t
}

func describeCertificate(cert *x509.Certificate, now time.Time) *Certificate {
	sum := sha256.Sum256(cert.Raw)
	names := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	return &Certificate{
		Subject:     cert.Subject.String(),
		Names:       names,
		Issuer:      cert.Issuer.String(),
		NotBefore:   cert.NotBefore.UTC(),
		NotAfter:    cert.NotAfter.UTC(),
		DaysLeft:    int(math.Floor(cert.NotAfter.Sub(now).Hours() / 24)),
		Fingerprint: "sha256:" + hex.EncodeToString(sum[:]),
	}
}
