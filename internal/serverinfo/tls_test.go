package serverinfo_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/internal/serverinfo"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
	"github.com/popherd/popherd/pop3/pop3test"
)

// serve starts a pop3server with TLS and returns its addresses, the options of
// a client, and its certificate.
func serve(t *testing.T, drop *pop3server.Memory) (plain, secure string, o *pop3.Options, cert tls.Certificate) {
	t.Helper()
	ca := pop3test.NewCA(t)
	config, err := ca.ServerConfig(pop3test.Good)
	if err != nil {
		t.Fatal(err)
	}
	server := &pop3server.Server{NewSession: drop.NewSession, TLSConfig: config, InsecureAllowAuth: true, Capabilities: []string{"EXPIRE 60"}}
	listen := func(serve func(net.Listener) error) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = serve(l) }()
		return l.Addr().String()
	}
	plain, secure = listen(server.Serve), listen(server.ServeTLS)
	t.Cleanup(func() { _ = server.Close() })
	return plain, secure, &pop3.Options{TLSConfig: ca.ClientConfig()}, config.Certificates[0]
}

// examiner are options for a server with both ports.
func examiner(plain, secure, mode string, o *pop3.Options) serverinfo.Options {
	return serverinfo.Options{
		Host: "localhost", TLS: mode, Now: time.Now,
		Connect: func(ctx context.Context, mode string) (*pop3.Client, error) {
			switch mode {
			case "implicit":
				return pop3.DialTLS(ctx, secure, o)
			case "starttls":
				return pop3.DialSTLS(ctx, plain, o)
			}
			return pop3.Dial(ctx, plain, o)
		},
		Login: func(ctx context.Context, c *pop3.Client) (string, error) {
			return "user-pass", c.Login(ctx, "ann", "secret")
		},
	}
}

func TestCapabilitiesBeforeAndAfterTLS(t *testing.T) {
	plain, secure, o, cert := serve(t, pop3server.NewMemory("ann", "secret", []byte("A: b\r\n\r\none\r\ntwo\r\nthree\r\n")))
	var sent []string
	o.Trace = func(e pop3.TraceEvent) {
		if e.Sent {
			sent = append(sent, e.Line)
		}
	}
	r, err := serverinfo.Examine(t.Context(), examiner(plain, secure, "starttls", o))
	if err != nil {
		t.Fatal(err)
	}
	caps := r.Capabilities
	if !caps.BeforeTLS.Has("STLS") || caps.BeforeLogin.Has("STLS") || !caps.BeforeLogin.Has("USER") || !caps.AfterLogin.Has("UIDL") {
		t.Errorf("got %+v, want STLS before TLS alone", caps)
	}
	sum := sha256.Sum256(cert.Certificate[0])
	if got, want := r.TLS.Certificate.Fingerprint, "sha256:"+hex.EncodeToString(sum[:]); got != want {
		t.Errorf("got fingerprint %s, want %s", got, want)
	}
	if names := strings.Join(r.TLS.Certificate.Names, " "); !strings.Contains(names, "localhost") || !strings.Contains(names, "127.0.0.1") {
		t.Errorf("got names %q, want localhost and 127.0.0.1 in them", names)
	}
	if r.TLS.Version != "TLS 1.3" || r.TLS.Cipher == "" || r.Timestamp == "" {
		t.Errorf("got %+v, %q", r.TLS, r.Timestamp)
	}
	if text := findings(r); !strings.Contains(text, "info before TLS: the server takes passwords without TLS") || !strings.Contains(text, "info EXPIRE: 60 days") {
		t.Errorf("got findings\n%s", text)
	}
	want := "CAPA QUIT CAPA STLS CAPA USER ann PASS CAPA STAT LIST UIDL TOP 1 0 TOP 1 2 TOP 1 65536 QUIT CAPA STLS USER ann PASS UIDL QUIT"
	if got := strings.Join(sent, " "); got != want {
		t.Errorf("got sent %s\nwant     %s", got, want)
	}
}

// A policy that denies plaintext costs nothing but the look before TLS.
func TestPlaintextDenied(t *testing.T) {
	plain, secure, o, _ := serve(t, pop3server.NewMemory("ann", "secret"))
	x := examiner(plain, secure, "starttls", o)
	connect := x.Connect
	x.Connect = func(ctx context.Context, mode string) (*pop3.Client, error) {
		if mode == serverinfo.Plain {
			return nil, errors.New("denied by policy")
		}
		return connect(ctx, mode)
	}
	r, err := serverinfo.Examine(t.Context(), x)
	if err != nil || r.Capabilities.BeforeTLS != nil || r.Maildrop == nil {
		t.Errorf("got %+v, %v, want all but the look before TLS", r, err)
	}
}

func TestCertificateThatEndsSoon(t *testing.T) {
	plain, secure, o, cert := serve(t, pop3server.NewMemory("ann", "secret"))
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		left time.Duration
		days int
		want string
	}{
		{100*24*time.Hour + time.Hour, 100, "ok certificate: valid for 100 days more"},
		{5*24*time.Hour + time.Hour, 5, "warning certificate: expires in 5 days, on "},
		{-time.Hour, -1, "warning certificate: expired on "},
	} {
		x := examiner(plain, secure, "implicit", o)
		x.Login = nil
		x.Now = func() time.Time { return leaf.NotAfter.Add(-c.left) }
		r, err := serverinfo.Examine(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.TLS.Certificate.DaysLeft; got != c.days || !strings.Contains(findings(r), c.want) {
			t.Errorf("got %d days, findings\n%swant %d, %q", got, findings(r), c.days, c.want)
		}
	}
}

// Dovecot agrees with everything, and nothing that it keeps has changed.
func TestDovecot(t *testing.T) {
	s := dovecottest.Start(t, dovecottest.Options{})
	ann := s.AddUser("ann", "secret")
	for _, text := range []string{
		"Subject: a\r\n\r\none\r\n.two\r\n\r\nfour\r\n",
		"Subject: b\n\nbare\nline\nends\n",
		"Subject: header alone\r\n",
		"\r\nbody alone\r\n",
		"Subject: large\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 2000),
	} {
		ann.Deliver([]byte(text))
	}
	var sent []string
	o := &pop3.Options{TLSConfig: &tls.Config{RootCAs: s.Pool}, Trace: func(e pop3.TraceEvent) {
		if e.Sent {
			sent = append(sent, e.Line)
		}
	}}
	for _, mode := range []string{"implicit", "starttls"} {
		r, err := serverinfo.Examine(t.Context(), examiner(s.Addr(), s.TLSAddr(), mode, o))
		if err != nil {
			t.Fatal(err)
		}
		m := r.Maildrop
		if m.Count != 5 || *m.UniqueIDs != (serverinfo.UniqueIDs{Listed: 5, Longest: m.UniqueIDs.Longest, Stable: serverinfo.Stable}) || *m.Top != (serverinfo.Top{Looked: 5, Counted: 4}) {
			t.Errorf("%s: got %+v, %+v, %+v", mode, m, m.UniqueIDs, m.Top)
		}
		for _, f := range r.Findings {
			if f.Level != "ok" && f.Subject != "before TLS" {
				t.Errorf("%s: got %+v, want all well", mode, f)
			}
		}
		if (r.Capabilities.BeforeTLS != nil) != (mode == "starttls") || r.Method != "user-pass" {
			t.Errorf("%s: got %+v, %q", mode, r.Capabilities, r.Method)
		}
	}
	s.WaitIdle()
	if ann.Count() != 5 {
		t.Errorf("got %d messages left, want 5", ann.Count())
	}
	for _, line := range sent {
		if verb, _, _ := strings.Cut(line, " "); verb == "RETR" || verb == "DELE" || verb == "RSET" {
			t.Errorf("sent %s", line)
		}
	}
}
