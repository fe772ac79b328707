package login

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// challenged are the methods that a server can challenge in its own way.
func challenged() []Method {
	return slices.DeleteFunc(explicit(), func(m Method) bool {
		return m == UserPass || m == APOP || m == Plain || m == External
	})
}

// A server that challenges without sense or end is left after one AUTH.
func TestChallengesWithoutSense(t *testing.T) {
	for name, fault := range map[string]logintest.Fault{"garbage": logintest.GarbageChallenge, "endless": logintest.EndlessChallenges} {
		for _, m := range challenged() {
			t.Run(name+"/"+string(m), func(t *testing.T) {
				s := logintest.Start(t, logintest.Options{Fault: fault})
				v := call(t, s, "tls", nil)
				used, err := Login(t.Context(), v.c, m, credential(m))
				var challenge *ChallengeError
				if !errors.As(err, &challenge) && !errors.Is(err, errEarly) || used != m {
					t.Errorf("got %q, %v, want a ChallengeError", used, err)
				}
				if got := v.sent(); !slices.Equal(got, command(m)) {
					t.Errorf("sent %q, want %q", got, command(m))
				}
				if v.c.State() == pop3.Transaction {
					t.Error("logged in")
				}
				v.wantHidden(s, err, false)
			})
		}
	}
}

// What a server offered before TLS counts no more; and Auto, which may take
// what is left, does so under TLS alone.
func TestWithdrawnAfterSTLS(t *testing.T) {
	s := logintest.Start(t, logintest.Options{Fault: logintest.WithdrawnAfterSTLS})
	for _, m := range challenged() {
		v := call(t, s, "stls", nil)
		_, err := Login(t.Context(), v.c, m, credential(m))
		var unoffered *UnofferedError
		if !errors.As(err, &unoffered) || !slices.Equal(unoffered.Offered, []Method{Plain, UserPass, APOP}) {
			t.Errorf("%s: got %v, want UnofferedError", m, err)
			continue
		}
		if want := `the server offers plain, user-pass, apop; set auth to one of these, or to "auto"`; unoffered.Hint() != want {
			t.Errorf("%s: got %q, want %q", m, unoffered.Hint(), want)
		}
		if got := v.sent(); !slices.Equal(got, []string{"CAPA", "STLS", "CAPA"}) {
			t.Errorf("%s: sent %q", m, got)
		}
	}
	if got := s.Attempts(); len(got) != 0 {
		t.Errorf("attempts: got %+v, want none", got)
	}
	v := call(t, s, "stls", nil)
	if used, err := Login(t.Context(), v.c, Auto, credential(Auto)); err != nil || used != Plain {
		t.Errorf("auto: got %q, %v, want plain", used, err)
	}
	v.wantHidden(s, nil, false)
}

// A list from which -PLUS was cut is found out by the server, and nothing
// weaker is tried.
func TestStrippedPlus(t *testing.T) {
	s := logintest.Start(t, logintest.Options{Fault: logintest.StrippedPlus})
	for _, m := range []Method{Auto, SCRAMSHA256, SCRAMSHA1} {
		v := call(t, s, "tls", nil)
		used, err := Login(t.Context(), v.c, m, credential(m))
		var refused *pop3.Error
		if !errors.As(err, &refused) || m != Auto && used != m || used == Plain {
			t.Fatalf("%s: got %q, %v, want a refusal", m, used, err)
		}
		hinted, ok := errors.AsType[interface {
			error
			Hint() string
		}](err)
		if !ok || !strings.Contains(hinted.Hint(), "somebody may be standing between") {
			t.Errorf("%s: got %v, without a warning", m, err)
		}
		if got := v.sent(); !slices.Equal(got, command(used)) {
			t.Errorf("%s: sent %q, want %q", m, got, command(used))
		}
	}
	v := call(t, s, "tls", nil)
	var unoffered *UnofferedError
	if _, err := Login(t.Context(), v.c, SCRAMSHA256Plus, credential(Auto)); !errors.As(err, &unoffered) {
		t.Errorf("scram-sha-256-plus: got %v, want UnofferedError", err)
	}
}

// Where -PLUS is offered and another was configured, that is no downgrade.
func TestPlusNotChosen(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	v := call(t, s, "tls", nil)
	if _, err := Login(t.Context(), v.c, SCRAMSHA256, credential(SCRAMSHA256)); err != nil {
		t.Error(err)
	}
}

// A server that does not know the password is left at once.
func TestServerIsAnother(t *testing.T) {
	for fault, want := range map[logintest.Fault]string{
		logintest.WrongSignature: "its signature is wrong",
		logintest.NoSignature:    "it took the login without its signature",
	} {
		for _, m := range []Method{SCRAMSHA1, SCRAMSHA256, SCRAMSHA1Plus, SCRAMSHA256Plus} {
			s := logintest.Start(t, logintest.Options{Fault: fault})
			v := call(t, s, "tls", nil)
			_, err := Login(t.Context(), v.c, m, credential(m))
			var fraud *ServerError
			if !errors.As(err, &fraud) || fraud.Reason != want {
				t.Errorf("%s: got %v, want ServerError, %s", m, err, want)
			}
			if got := v.c.State(); got != pop3.Closed {
				t.Errorf("%s: state: got %v, want CLOSED", m, got)
			}
		}
	}
}

// Secrets that a server repeats, as they are or in base64, stay hidden.
func TestSecretsRepeated(t *testing.T) {
	for _, m := range explicit() {
		if m == External { // it has no secret
			continue
		}
		t.Run(string(m), func(t *testing.T) {
			s := logintest.Start(t, logintest.Options{Fault: logintest.EchoSecret})
			v := call(t, s, "tls", nil)
			_, err := Login(t.Context(), v.c, m, credential(m))
			var refused *pop3.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a refusal", err)
			}
			if got := v.sent(); !slices.Equal(got, command(m)) {
				t.Errorf("sent %q, want %q", got, command(m))
			}
			v.wantHidden(s, err, false)
		})
	}
}

// What cannot be sent is refused before anything is.
func TestRefusedBeforeSending(t *testing.T) {
	for _, c := range []struct {
		m    Method
		cred Credential
		want string
	}{
		{Plain, Credential{User: "ann"}, "login: plain: there is no password"},
		{XOAUTH2, Credential{User: "ann", Password: secret.New("x")}, "login: xoauth2: there is no access token"},
		{XOAUTH2, Credential{User: "ann", Token: secret.New("a\x01b")}, "login: xoauth2: the access token has a blank or control character"},
		{XOAUTH2, Credential{User: "a\x01auth=x", Token: secret.New("x")}, "login: xoauth2: the user has a control character"},
		{SCRAMSHA256, Credential{User: "ann", Password: secret.New("se\u0007cret")}, "login: scram-sha-256: the user or password has a character that SASLprep (RFC 4013) forbids"},
		{SCRAMSHA256Plus, Credential{User: "ann", Password: secret.New("x")}, "login: scram-sha-256-plus: a -plus method needs TLS to be bound to"},
		{"kerberos", Credential{User: "ann"}, `login method "kerberos": there is no such method`},
		{Auto, Credential{User: "ann"}, "login: the server offers no method that fits"},
	} {
		c2 := play(t, "S: +OK\nC: CAPA\nS: +OK\nS: SASL PLAIN XOAUTH2 SCRAM-SHA-256 SCRAM-SHA-256-PLUS\nS: .\nC: NOOP\nS: +OK\n")
		_, err := Login(t.Context(), c2, c.m, c.cred)
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if _, err := c2.Capabilities(t.Context()); err != nil {
			t.Errorf("CAPA after it: %v", err)
		}
		if _, err := c2.Noop(t.Context()); err != nil {
			t.Errorf("NOOP after it: %v", err)
		}
	}
}
