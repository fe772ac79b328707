package cli

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"

	"github.com/popherd/popherd/internal/host"
)

// unverified is the certificate of a server that could not be verified, nil if
// that is not what failed; and whether the reason is that nobody knows who
// signed it.
func unverified(err error) (cert *x509.Certificate, unknown bool) {
	var fault *tls.CertificateVerificationError
	if !errors.As(err, &fault) || len(fault.UnverifiedCertificates) == 0 {
		return nil, false
	}
	return fault.UnverifiedCertificates[0], errors.As(fault.Err, new(x509.UnknownAuthorityError))
}

// authorityHint is what to do about such a certificate where nobody is asked.
const authorityHint = "name a file with its authority's certificate by --ca-file; or run popherd init on a terminal, which shows the certificate and can trust it by its fingerprint"

// trust shows a certificate, and trusts it alone if a person says so.
func (s *setup) trust(cert *x509.Certificate) error {
	sum := sha256.Sum256(cert.Raw)
	fingerprint := "sha256:" + hex.EncodeToString(sum[:])
	names := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	const day = "2006-01-02"
	pairs := onlySet([]pair{
		{"subject", cert.Subject.String()}, {"for", strings.Join(names, ", ")}, {"issued by", cert.Issuer.String()},
		{"valid", cert.NotBefore.UTC().Format(day) + " to " + cert.NotAfter.UTC().Format(day)}, {"fingerprint", fingerprint},
	})
	s.dialog.say("%s", strings.TrimRight(linesOf(pairs, "  "), "\n"))
	s.dialog.say("Whoever stands between can show a certificate, too: compare the fingerprint with what the")
	s.dialog.say("server's owner tells you. Then this certificate alone is trusted, until it is replaced.")
	sure, err := s.dialog.confirm("Trust it", false)
	switch {
	case err != nil:
		return err
	case !sure:
		return errUntrusted
	}
	s.account.Fingerprint, s.account.CAFile = fingerprint, "" // beside a CA file both would have to hold
	return nil
}

// askAuthority asks for a CA file.
func (s *setup) askAuthority() error {
	_, err := s.dialog.ask("File, PEM", s.account.CAFile, func(answer string) error {
		if rest, ok := strings.CutPrefix(answer, "~/"); ok { // there is no shell
			answer = filepath.Join(s.sh.Getenv("HOME"), rest)
		}
		path, err := authority(answer)
		if err == nil {
			s.account.CAFile, s.account.Fingerprint = path, ""
		}
		return err
	})
	return err
}

// authority is the full path of a CA file: in the configuration a relative one
// would begin elsewhere. The file is read, to say at once what is wrong with it.
func authority(path string) (string, error) {
	if path == "" {
		return "", errors.New("name a file, such as ca.pem")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	h, err := host.Open(host.Options{CAFile: path})
	if err != nil {
		return "", err
	}
	h.Close()
	return path, nil
}
