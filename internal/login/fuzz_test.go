package login

import (
	"strings"
	"testing"
)

// Whatever a server challenges with: no panic, no secret in an error, no login
// without the server's proof.
func FuzzChallenges(f *testing.F) {
	f.Add("<1896.697170952@postoffice.reston.mci.net>", "", "")
	f.Add("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "")
	f.Add("r=x,s=,i=99999999999", "e=invalid-proof", "")
	f.Add(`{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}`, "\x01", "\x00")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		for _, m := range explicit() {
			if m.mechanism() == "" || m.plus() {
				continue
			}
			s := &session{}
			exchange, err := s.fuzzed(m)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := exchange.Start(); err != nil {
				t.Fatal(err)
			}
			var failed error
			for _, challenge := range []string{a, b, c} {
				if _, failed = exchange.Next([]byte(challenge)); failed != nil {
					break
				}
			}
			cred := credential(m)
			hidden := cred.Password.Reveal() + cred.Token.Reveal()
			if failed != nil && hidden != "" && strings.Contains(failed.Error(), hidden) {
				t.Errorf("%s: the secret is in %q", m, failed)
			}
			if _, proves := exchange.(interface{ Valid() bool }); proves && exchange.end(nil) == nil {
				t.Errorf("%s: a login without proof", m)
			}
		}
	})
}

// fuzzed makes a mechanism without a client.
func (s *session) fuzzed(m Method) (mechanism, error) {
	switch m {
	case XOAUTH2, OAuthBearer:
		return newBearer(m, credential(m), "")
	case SCRAMSHA1, SCRAMSHA256:
		return newSCRAM(m, credential(m), func(Method) (gs2, error) { return gs2{}, nil })
	}
	return s.mechanism(m, credential(m))
}
