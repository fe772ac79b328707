package login

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// A visit is one session with a server, and all that was seen of it.
type visit struct {
	t      *testing.T
	c      *pop3.Client
	traced []pop3.TraceEvent
}

// ways are how a session starts.
var ways = map[string]func(context.Context, *logintest.Server, *pop3.Options) (*pop3.Client, error){
	"clear": func(ctx context.Context, s *logintest.Server, o *pop3.Options) (*pop3.Client, error) {
		o.InsecureAllowPlaintext = true
		return pop3.Dial(ctx, s.Addr(), o)
	},
	"stls": func(ctx context.Context, s *logintest.Server, o *pop3.Options) (*pop3.Client, error) {
		return pop3.DialSTLS(ctx, s.Addr(), o)
	},
	"tls": func(ctx context.Context, s *logintest.Server, o *pop3.Options) (*pop3.Client, error) {
		return pop3.DialTLS(ctx, s.TLSAddr(), o)
	},
}

func call(t *testing.T, s *logintest.Server, way string, config *tls.Config) *visit {
	t.Helper()
	v := &visit{t: t}
	if config == nil {
		config = &tls.Config{}
	}
	config.RootCAs = s.Pool()
	c, err := ways[way](t.Context(), s, &pop3.Options{TLSConfig: config, Trace: func(e pop3.TraceEvent) { v.traced = append(v.traced, e) }})
	if err != nil {
		t.Fatal(err)
	}
	v.c = c
	t.Cleanup(func() { c.Close() })
	return v
}

// sent are the commands that the client gave, responses left out.
func (v *visit) sent() []string {
	var lines []string
	for _, e := range v.traced {
		if e.Sent && e.Line != "***" {
			lines = append(lines, e.Line)
		}
	}
	return lines
}

// wantHidden makes sure that no secret is in a trace, in an error, or on the
// network in the clear.
func (v *visit) wantHidden(s *logintest.Server, err error, clear bool) {
	v.t.Helper()
	u := logintest.DefaultUser()
	for _, hidden := range []string{u.Password, u.Token, "wrong-Secret"} {
		forms := []string{hidden}
		for before := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte("..."[:before] + hidden))
			forms = append(forms, encoded[4:len(encoded)-4])
		}
		for _, form := range forms {
			if seen := fmt.Sprintf("%+v %v %+v", v.traced, err, err); strings.Contains(seen, form) {
				v.t.Errorf("%q is in a trace or an error:\n%s", form, seen)
			}
			if !clear && bytes.Contains(s.Received(), []byte(form)) {
				v.t.Errorf("%q crossed the network in the clear", form)
			}
		}
	}
}

// credential has what a method needs and no more.
func credential(m Method) Credential {
	u := logintest.DefaultUser()
	cred := Credential{User: u.Name}
	switch m.Needs() {
	case NeedPassword:
		cred.Password = secret.New(u.Password)
	case NeedToken:
		cred.Token = secret.New(u.Token)
	}
	return cred
}

// command is what a login by m shows in a trace.
func command(m Method) []string {
	switch m {
	case UserPass:
		return []string{"USER ann", "PASS"}
	case APOP:
		return []string{"APOP ann ***"}
	}
	return []string{"CAPA", "AUTH " + m.mechanism()}
}

func explicit() []Method { return Methods()[1:] }

func TestEveryMethod(t *testing.T) {
	for way := range ways {
		for _, m := range explicit() {
			if way == "clear" && (m.plus() || m == External) {
				continue
			}
			t.Run(way+"/"+string(m), func(t *testing.T) {
				s := logintest.Start(t, logintest.Options{})
				config := &tls.Config{}
				if m == External {
					cert, _, _ := s.ClientCertificate("ann")
					config.Certificates = []tls.Certificate{cert}
				}
				v := call(t, s, way, config)
				used, err := Login(t.Context(), v.c, m, credential(m))
				if err != nil || used != m {
					t.Fatalf("got %q, %v", used, err)
				}
				if drop, err := v.c.Stat(t.Context()); err != nil || drop.Count != 1 {
					t.Errorf("STAT: got %+v, %v, want 1 message", drop, err)
				}
				want := append(command(m), "STAT")
				if way == "stls" {
					want = append([]string{"CAPA", "STLS"}, want...)
				}
				if got := v.sent(); !slices.Equal(got, want) {
					t.Errorf("sent %q, want %q", got, want)
				}
				v.wantHidden(s, nil, way == "clear")
			})
		}
	}
}

// A wrong secret is a refusal, after one attempt.
func TestWrongSecret(t *testing.T) {
	for _, m := range explicit() {
		t.Run(string(m), func(t *testing.T) {
			s := logintest.Start(t, logintest.Options{})
			config, cred := &tls.Config{}, credential(m)
			switch m.Needs() {
			case NeedPassword:
				cred.Password = secret.New("wrong-Secret")
			case NeedToken:
				cred.Token = secret.New("wrong-Secret")
			case NeedNothing:
				cert, _, _ := s.ClientCertificate("bob")
				config.Certificates = []tls.Certificate{cert}
			}
			v := call(t, s, "tls", config)
			used, err := Login(t.Context(), v.c, m, cred)
			var refused *pop3.Error
			if !errors.As(err, &refused) || refused.Code != pop3.CodeAuth || used != m {
				t.Fatalf("got %q, %v, want a refusal with code AUTH", used, err)
			}
			if got := v.sent(); !slices.Equal(got, command(m)) {
				t.Errorf("sent %q, want %q", got, command(m))
			}
			if got := s.Attempts(); len(got) != 1 || got[0].OK {
				t.Errorf("attempts: got %+v, want one", got)
			}
			token := (*TokenRefusedError)(nil)
			if got := errors.As(err, &token); got != (m.Needs() == NeedToken) {
				t.Errorf("TokenRefusedError: got %v: %v", got, err)
			}
			if status := map[Method]string{XOAUTH2: "400", OAuthBearer: "invalid_token"}[m]; token != nil && token.Status != status {
				t.Errorf("status: got %q, want %q", token.Status, status)
			}
			v.wantHidden(s, err, false)
		})
	}
}

// Auto takes the strongest that is there, whatever the server prefers.
func TestAuto(t *testing.T) {
	all := logintest.Mechanisms()
	from := func(name string) []string { return all[:slices.Index(all, name)+1] }
	for _, c := range []struct {
		name, way  string
		mechanisms []string
		token      bool
		want       Method
	}{
		{"all", "tls", all, false, SCRAMSHA256Plus},
		{"all", "stls", all, false, SCRAMSHA256Plus},
		{"no SHA-256-PLUS", "tls", from("SCRAM-SHA-1-PLUS"), false, SCRAMSHA256},
		{"no PLUS", "tls", from("SCRAM-SHA-256"), false, SCRAMSHA256},
		{"no SHA-256", "tls", []string{"PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"}, false, SCRAMSHA1Plus},
		{"no SHA-256 and PLUS", "tls", from("SCRAM-SHA-1"), false, SCRAMSHA1},
		{"no SCRAM", "tls", from("CRAM-MD5"), false, CRAMMD5},
		{"no challenge", "tls", from("LOGIN"), false, Plain},
		{"LOGIN", "tls", []string{"LOGIN"}, false, LegacyLogin},
		{"foreign ones", "tls", []string{"GSSAPI", "NTLM"}, false, UserPass},
		{"nothing", "tls", []string{}, false, UserPass},
		{"all", "clear", all, false, SCRAMSHA256},
		{"PLAIN", "clear", from("LOGIN"), false, APOP},
		{"nothing", "clear", []string{}, false, APOP},
		{"all", "tls", all, true, OAuthBearer},
		{"XOAUTH2", "tls", []string{"PLAIN", "XOAUTH2"}, true, XOAUTH2},
	} {
		t.Run(fmt.Sprint(c.way, "/", c.name, "/", c.token), func(t *testing.T) {
			s := logintest.Start(t, logintest.Options{Mechanisms: c.mechanisms})
			v := call(t, s, c.way, nil)
			cred := credential(UserPass)
			if c.token {
				cred = credential(XOAUTH2)
			}
			used, err := Login(t.Context(), v.c, Auto, cred)
			if err != nil || used != c.want {
				t.Errorf("got %q, %v, want %q", used, err, c.want)
			}
			if got := s.Attempts(); len(got) != 1 {
				t.Errorf("attempts: got %+v, want one", got)
			}
		})
	}
}

// A certificate alone is enough for Auto.
func TestAutoExternal(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	cert, _, _ := s.ClientCertificate("ann")
	v := call(t, s, "tls", &tls.Config{Certificates: []tls.Certificate{cert}})
	if used, err := Login(t.Context(), v.c, Auto, Credential{User: "ann"}); err != nil || used != External {
		t.Errorf("got %q, %v, want external", used, err)
	}
}

// In TLS 1.2 the binding is another.
func TestBindings(t *testing.T) {
	for version, want := range map[uint16]string{tls.VersionTLS12: "tls-unique", 0: "tls-exporter"} {
		s := logintest.Start(t, logintest.Options{MaxTLS: version})
		v := call(t, s, "tls", nil)
		bound, err := bind(v.c)
		if err != nil || string(bound.Type) != want {
			t.Errorf("binding: got %s, %v, want %s", bound.Type, err, want)
		}
		if _, err := Login(t.Context(), v.c, SCRAMSHA256Plus, credential(SCRAMSHA256Plus)); err != nil {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Without an extended master secret tls-unique can be forged.
func TestBindingWithoutExtendedMasterSecret(t *testing.T) {
	s := logintest.Start(t, logintest.Options{MaxTLS: tls.VersionTLS12})
	v := call(t, s, "tls", nil)
	state, _ := v.c.TLS()
	bound, err := bindOld(&state, false)
	if err != nil || bound.Type != "tls-server-end-point" {
		t.Fatalf("got %s, %v, want tls-server-end-point", bound.Type, err)
	}
	m, err := newSCRAM(SCRAMSHA1Plus, credential(SCRAMSHA1Plus), func(Method) (gs2, error) { return gs2{bound: bound}, nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.c.Authenticate(t.Context(), m); m.end(err) != nil {
		t.Errorf("got %v", m.end(err))
	}
}
