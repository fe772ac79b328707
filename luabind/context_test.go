package luabind_test

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
)

// files is a host's own readFile.
type files map[string][]byte

func (f files) read(name string) ([]byte, error) {
	if octets, ok := f[name]; ok {
		return octets, nil
	}
	if strings.HasPrefix(name, "/secret") {
		return nil, policyError{}
	}
	return nil, fs.ErrNotExist
}

func TestTLSContextConfig(t *testing.T) {
	c := testCertificate(t)
	der, err := x509.MarshalECPrivateKey(c.server.Certificates[0].PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	key := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	have := files{"ca": c.pem, "key": key, "both": append(key, c.pem...), "text": []byte("not PEM")}

	for _, x := range []struct {
		context luabind.TLSContext
		want    string // of the error; empty for none
		kind    string
	}{
		{luabind.TLSContext{}, "", ""},
		{luabind.TLSContext{CAFile: "ca", CertFile: "ca", KeyFile: "key"}, "", ""},
		{luabind.TLSContext{CertFile: "both"}, "", ""},
		{luabind.TLSContext{CAFile: "text"}, "cafile text: holds no certificate", "tls"},
		{luabind.TLSContext{CAFile: "missing"}, "cafile missing: ", "tls"},
		{luabind.TLSContext{CertFile: "ca", KeyFile: "missing"}, "keyfile missing: ", "tls"},
		{luabind.TLSContext{CertFile: "ca"}, "certfile ca: ", "tls"},
		{luabind.TLSContext{CAFile: "/secret/ca"}, "cafile /secret/ca: ", "policy"},
	} {
		config, err := x.context.Config(have.read)
		if x.want == "" {
			if err != nil || config.MinVersion != tls.VersionTLS12 || config.InsecureSkipVerify {
				t.Errorf("%+v: got %v, %v", x.context, config, err)
			}
			continue
		}
		kinded, ok := err.(interface{ Kind() string })
		if !ok || !strings.Contains(err.Error(), x.want) || kinded.Kind() != x.kind {
			t.Errorf("%+v: got %v, want %q of kind %s", x.context, err, x.want, x.kind)
		}
	}
}

// Only a fingerprint stands in for the authorities, and it does its own work.
func TestFingerprintWithoutCertificate(t *testing.T) {
	c := luabind.TLSContext{Fingerprint: "sha256:" + fmt.Sprintf("%064d", 0)}
	config, err := c.Config(nil)
	if err != nil || !config.InsecureSkipVerify || config.VerifyConnection == nil {
		t.Fatalf("got %v, %v", config, err)
	}
	if config.VerifyConnection(tls.ConnectionState{}) == nil {
		t.Error("a server without a certificate was trusted")
	}
}
