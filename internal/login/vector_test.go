package login

import (
	"errors"
	"testing"

	"github.com/xdg-go/scram"

	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// A step is a challenge of a vector, and the response that answers it.
type step struct{ challenge, response string }

// wantExchange plays a vector's challenges to a mechanism.
func wantExchange(t *testing.T, m mechanism, name, initial string, steps ...step) {
	t.Helper()
	gotName, gotInitial, err := m.Start()
	if err != nil || gotName != name || string(gotInitial) != initial {
		t.Fatalf("start: got %s %q, %v, want %s %q", gotName, gotInitial, err, name, initial)
	}
	for _, s := range steps {
		if got, err := m.Next([]byte(s.challenge)); err != nil || string(got) != s.response {
			t.Fatalf("challenge %q: got %q, %v, want %q", s.challenge, got, err, s.response)
		}
	}
	if err := m.end(nil); err != nil {
		t.Errorf("end: %v", err)
	}
}

// RFC 1939 §7.
func TestVectorAPOP(t *testing.T) {
	c := play(t, `
		S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>
		C: APOP mrose c4c9334bac560ecc979e58001b3e22fb
		S: +OK maildrop has 1 message (369 octets)
	`)
	if _, err := Login(t.Context(), c, APOP, Credential{User: "mrose", Password: secret.New("tanstaaf")}); err != nil {
		t.Error(err)
	}
}

// RFC 2195 §2.
func TestVectorCRAMMD5(t *testing.T) {
	wantExchange(t, &cram{cred: Credential{User: "tim", Password: secret.New("tanstaaftanstaaf")}}, "CRAM-MD5", "",
		step{"<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890"})
}

// RFC 4616 §4.
func TestVectorPlain(t *testing.T) {
	password := secret.New("tanstaaftanstaaf")
	wantExchange(t, plain{pop3.Plain("", "tim", password.Reveal()), password}, "PLAIN", "\x00tim\x00tanstaaftanstaaf")
}

// vectorSCRAM is an exchange with the client's nonce of an RFC.
func vectorSCRAM(t *testing.T, m Method, hash scram.HashGeneratorFcn, nonce string) *exchange {
	t.Helper()
	client, err := hash.NewClient("user", "pencil", "")
	if err != nil {
		t.Fatal(err)
	}
	client.WithNonceGenerator(func() string { return nonce }).WithMinIterations(minIterations)
	return &exchange{method: m, ClientConversation: client.NewConversation()}
}

// RFC 5802 §5.
func TestVectorSCRAMSHA1(t *testing.T) {
	wantExchange(t, vectorSCRAM(t, SCRAMSHA1, scram.SHA1, "fyko+d2lbbFgONRv9qkxdawL"),
		"SCRAM-SHA-1", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
		step{
			"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
			"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		},
		step{"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ""})
}

// RFC 7677 §3.
func TestVectorSCRAMSHA256(t *testing.T) {
	wantExchange(t, vectorSCRAM(t, SCRAMSHA256, scram.SHA256, "rOprNGfwEbeRWgbNEkqO"),
		"SCRAM-SHA-256", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		step{
			"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
			"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		},
		step{"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", ""})
}

// What a SCRAM server may not say.
func TestSCRAMRefuses(t *testing.T) {
	const nonce = "fyko+d2lbbFgONRv9qkxdawL"
	for _, c := range []struct{ challenge, want string }{
		{"r=" + nonce + "x,s=QSXCR+Q6sek8bf92,i=4095", "asks for 4095 iterations, fewer than 4096"},
		{"r=" + nonce + "x,s=QSXCR+Q6sek8bf92,i=10000001", "asks for 10000001 iterations, more than 10000000"},
		{"r=" + nonce + "x,s=QSXCR+Q6sek8bf92,i=99999999999999999999", "has no number of iterations"},
		{"r=" + nonce + "x,s=QSXCR+Q6sek8bf92,i=-1", "has no number of iterations"},
		{"r=" + nonce + ",s=QSXCR+Q6sek8bf92,i=4096", "does not extend the nonce"},
		{"r=other,s=QSXCR+Q6sek8bf92,i=4096", "does not extend the nonce"},
		{"r=" + nonce + "x,s=,i=4096", "is not SCRAM's"},
		{"r=" + nonce + "x,s=%%%,i=4096", "is not SCRAM's"},
		{"m=ext,r=" + nonce + "x,s=QSXCR+Q6sek8bf92,i=4096", "is not SCRAM's"},
		{"r=" + nonce + "x", "is not SCRAM's"},
		{"", "is not SCRAM's"},
		{"r=" + nonce + string(make([]byte, maxSCRAM)) + ",s=QSXCR+Q6sek8bf92,i=4096", "is too long"},
	} {
		e := vectorSCRAM(t, SCRAMSHA1, scram.SHA1, nonce)
		if _, _, err := e.Start(); err != nil {
			t.Fatal(err)
		}
		_, err := e.Next([]byte(c.challenge))
		var refused *ChallengeError
		if !errors.As(err, &refused) || refused.Reason != c.want {
			t.Errorf("%.80q: got %v, want %s", c.challenge, err, c.want)
		}
	}
}

// Google's document "OAuth 2.0 Mechanism".
func TestVectorXOAUTH2(t *testing.T) {
	cred := Credential{User: "someuser@example.com", Token: secret.New("ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")}
	m, err := newBearer(XOAUTH2, cred, "ignored.example.com")
	if err != nil {
		t.Fatal(err)
	}
	wantExchange(t, m, "XOAUTH2", "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01",
		step{`{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}`, ""})
	if m.refusal.status != "401" || m.refusal.scope != "https://mail.google.com/" {
		t.Errorf("got %+v", *m.refusal)
	}
}

// RFC 7628 §4.1 and §4.3.
func TestVectorOAuthBearer(t *testing.T) {
	cred := Credential{User: "user@example.com", Token: secret.New("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==")}
	m, err := newBearer(OAuthBearer, cred, "server.example.com")
	if err != nil {
		t.Fatal(err)
	}
	m.port = 143
	wantExchange(t, m, "OAUTHBEARER",
		"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01",
		step{`{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}`, "\x01"})
	if m.refusal.status != "invalid_token" || m.refusal.scope != "example_scope" {
		t.Errorf("got %+v", *m.refusal)
	}
}

// An error challenge is foreign text: what is kept of it is short, printable
// and never the token.
func TestErrorChallengeIsCleaned(t *testing.T) {
	b := &bearer{method: XOAUTH2, token: secret.New("sesame")}
	for _, c := range []struct{ challenge, status string }{
		{`{"status":400}`, "400"},
		{`{"status":"\u001b[31m4\n00\u0000é"}`, "[31m400"},
		{`{"status":"sesame is wrong"}`, "*** is wrong"},
		{`{"status":["400"]}`, ""},
		{`{"status":`, ""},
		{`no json`, ""},
		{``, ""},
		{`{"status":"` + string(make([]byte, 9000)) + `"}`, ""},
	} {
		if got := b.parse([]byte(c.challenge)); got.status != c.status || got.scope != "" {
			t.Errorf("%.60q: got %+v, want %q", c.challenge, *got, c.status)
		}
	}
	long := b.parse([]byte(`{"status":"` + pattern(300) + `"}`))
	if len(long.status) != 100 {
		t.Errorf("a long status: got %d octets, want 100", len(long.status))
	}
}

func pattern(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = 'x'
	}
	return string(text)
}

// play starts a session in the clear with the server of a dialogue.
func play(t *testing.T, script string) *pop3.Client {
	t.Helper()
	c, err := pop3.NewClient(t.Context(), pop3test.Play(t, script), pop3test.Host, &pop3.Options{InsecureAllowPlaintext: true})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
