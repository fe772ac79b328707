package login_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// everyMethod is Dovecot with every mechanism it has: tokens are looked up at
// a token server, and certificates of an authority name their user.
const everyMethod = `
auth_mechanisms = plain login cram-md5 apop scram-sha-1 scram-sha-256 xoauth2 oauthbearer external
auth_ssl_username_from_cert = yes
ssl_ca = <%[1]s
ssl_verify_client_cert = yes
ssl_require_crl = no
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %[2]s
}
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
`

const introspection = `
introspection_url = %s
introspection_mode = get
username_attribute = username
active_attribute = active
active_value = true
tokeninfo_url =
`

// A real is a Dovecot with user ann, and what she logs in by.
type real struct {
	*dovecottest.Server
	tokens *oauthtest.Server
	cert   tls.Certificate
}

const password = "tr0ub4dor & 3"

func dovecot(t *testing.T) *real {
	t.Helper()
	if err := dovecottest.Available(); err != nil {
		dovecottest.Start(t, dovecottest.Options{}) // says so, or skips
	}
	ca := logintest.Start(t, logintest.Options{}) // for its authority
	cert, _, _ := ca.ClientCertificate("ann")
	tokens := oauthtest.Start(t)

	// Dovecot's own users read it: not t.TempDir, which only its owner enters.
	dir, err := os.MkdirTemp("", "oauth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	settings := filepath.Join(dir, "oauth2.conf")
	text := fmt.Sprintf(introspection, tokens.IntrospectURL())
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(settings, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	s := dovecottest.Start(t, dovecottest.Options{Extra: fmt.Sprintf(everyMethod, ca.CAFile, settings)})
	s.AddUser("ann", password).Deliver([]byte("Subject: hello\r\n\r\nworld\r\n"))
	return &real{s, tokens, cert}
}

// call opens a session, with ann's certificate if certified.
func (r *real) call(t *testing.T, way string, certified bool, trace func(pop3.TraceEvent)) *pop3.Client {
	t.Helper()
	config := &tls.Config{RootCAs: r.Pool}
	if certified {
		config.Certificates = []tls.Certificate{r.cert}
	}
	dial := map[string]func(context.Context, string, *pop3.Options) (*pop3.Client, error){
		"clear": pop3.Dial, "stls": pop3.DialSTLS, "tls": pop3.DialTLS,
	}[way]
	addr := r.Addr()
	if way == "tls" {
		addr = r.TLSAddr()
	}
	c, err := dial(t.Context(), addr, &pop3.Options{TLSConfig: config, Trace: trace, InsecureAllowPlaintext: way == "clear"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// credential has what m needs.
func (r *real) credential(m login.Method) login.Credential {
	cred := login.Credential{User: "ann"}
	switch m.Needs() {
	case login.NeedPassword:
		cred.Password = secret.New(password)
	case login.NeedToken:
		cred.Token = secret.New(r.tokens.Issue("ann"))
	}
	return cred
}

// Dovecot 2.3 has every method but -PLUS.
func ofDovecot() []login.Method {
	return slices.DeleteFunc(login.Methods(), func(m login.Method) bool {
		return m == login.Auto || m == login.SCRAMSHA1Plus || m == login.SCRAMSHA256Plus
	})
}

func TestDovecot(t *testing.T) {
	r := dovecot(t)
	for _, way := range []string{"clear", "stls", "tls"} {
		for _, m := range ofDovecot() {
			if way == "clear" && m == login.External {
				continue
			}
			t.Run(way+"/"+string(m), func(t *testing.T) {
				c := r.call(t, way, m == login.External, nil)
				used, err := login.Login(t.Context(), c, m, r.credential(m))
				if err != nil || used != m {
					t.Fatalf("got %q, %v", used, err)
				}
				if drop, err := c.Stat(t.Context()); err != nil || drop.Count != 1 {
					t.Errorf("STAT: got %+v, %v, want 1 message", drop, err)
				}
				if _, err := c.Quit(t.Context()); err != nil {
					t.Errorf("QUIT: %v", err)
				}
			})
		}
	}
}

func TestDovecotRefuses(t *testing.T) {
	r := dovecot(t)
	for _, m := range ofDovecot() {
		if m == login.External {
			continue
		}
		t.Run(string(m), func(t *testing.T) {
			t.Parallel() // each refusal is held back half a second
			logins := 0
			c := r.call(t, "tls", false, func(e pop3.TraceEvent) {
				if e.Sent && (e.Line == "PASS" || len(e.Line) > 4 && (e.Line[:4] == "AUTH" || e.Line[:4] == "APOP")) {
					logins++
				}
			})
			cred := login.Credential{User: "ann", Password: secret.New("wrong"), Token: secret.New("wrong")}
			used, err := login.Login(t.Context(), c, m, cred)
			var refused *pop3.Error
			if !errors.As(err, &refused) || refused.Code != pop3.CodeAuth || used != m {
				t.Fatalf("got %q, %v, want a refusal with code AUTH", used, err)
			}
			var token *login.TokenRefusedError
			if got, want := errors.As(err, &token), m.Needs() == login.NeedToken; got != want {
				t.Errorf("TokenRefusedError: got %v, want %v: %v", got, want, err)
			}
			if token != nil && token.Status == "" {
				t.Error("the status of the error challenge is missing")
			}
			if logins != 1 {
				t.Errorf("%d logins were tried, want 1", logins)
			}
			if _, err := login.Login(t.Context(), c, m, r.credential(m)); err != nil {
				t.Errorf("with the right secret after it: %v", err)
			}
		})
	}
}

// A token that was good is refused once it expired; the next one is taken in
// the same session.
func TestDovecotExpiredToken(t *testing.T) {
	r := dovecot(t)
	c := r.call(t, "tls", false, nil)
	cred := r.credential(login.XOAUTH2)
	r.tokens.Expire()
	var token *login.TokenRefusedError
	if _, err := login.Login(t.Context(), c, login.XOAUTH2, cred); !errors.As(err, &token) {
		t.Fatalf("got %v, want TokenRefusedError", err)
	}
	if _, err := login.Login(t.Context(), c, login.XOAUTH2, r.credential(login.XOAUTH2)); err != nil {
		t.Errorf("with another token: %v", err)
	}
}

func TestDovecotAuto(t *testing.T) {
	r := dovecot(t)
	for _, c := range []struct {
		way  string
		need login.Method // whose credential is given
		want login.Method
	}{
		{"tls", login.Plain, login.SCRAMSHA256},
		{"stls", login.Plain, login.SCRAMSHA256},
		{"clear", login.Plain, login.SCRAMSHA256},
		{"tls", login.XOAUTH2, login.OAuthBearer},
		{"tls", login.External, login.External},
	} {
		client := r.call(t, c.way, c.need == login.External, nil)
		used, err := login.Login(t.Context(), client, login.Auto, r.credential(c.need))
		if err != nil || used != c.want {
			t.Errorf("%s, %s: got %q, %v, want %q", c.way, c.need, used, err, c.want)
		}
	}
}

func TestDovecotOffers(t *testing.T) {
	r := dovecot(t)
	c := r.call(t, "tls", true, nil)
	want := []login.Method{
		login.SCRAMSHA256, login.SCRAMSHA1, login.OAuthBearer, login.XOAUTH2, login.External,
		login.CRAMMD5, login.Plain, login.LegacyLogin, login.UserPass, login.APOP,
	}
	var unoffered *login.UnofferedError
	if _, err := login.Login(t.Context(), c, login.SCRAMSHA256Plus, r.credential(login.Plain)); !errors.As(err, &unoffered) {
		t.Fatalf("-plus: got %v, want UnofferedError", err)
	}
	if got := unoffered.Offered; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
