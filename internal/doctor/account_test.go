package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// An attempt is a Reach to a server of the tests' own.
type attempt struct {
	Reach
	account    config.Account
	credential login.Credential
}

// to is the way to a server, with all that the default user has.
func to(t *testing.T, s *logintest.Server) *attempt {
	t.Helper()
	_, port, err := net.SplitHostPort(s.TLSAddr())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	u := logintest.DefaultUser()
	a := &attempt{account: config.Account{Name: "work", User: u.Name, Host: "localhost", Port: n, TLS: config.Implicit, Auth: "auto", AddressFamily: "any"}}
	a.credential = login.Credential{User: u.Name, Password: secret.New(u.Password)}
	a.Reach = Reach{
		Secret: func(context.Context, config.Account) (string, error) { return "keyring", nil },
		Lookup: func(context.Context, string) ([]string, error) { return []string{"127.0.0.1", "::1", "::2"}, nil },
		Connect: func(ctx context.Context, c config.Account) (*pop3.Client, error) {
			return pop3.DialTLS(ctx, s.TLSAddr(), &pop3.Options{TLSConfig: &tls.Config{RootCAs: s.Pool()}})
		},
		Login: func(ctx context.Context, c config.Account, client *pop3.Client, _ bool) (login.Method, error) {
			return login.Login(ctx, client, login.Method(c.Auth), a.credential)
		},
		Now:   time.Now,
		Limit: time.Minute,
	}
	return a
}

// finds checks that findings begin with these, each "level check".
func (a *attempt) finds(t *testing.T, want ...string) string {
	t.Helper()
	got := look(t, OfAccount(a.account, a.Reach))
	var short []string
	for line := range strings.Lines(got) {
		short = append(short, strings.Join(strings.Fields(line)[:2], " "))
	}
	if len(short) < len(want) || strings.Join(short[:len(want)], ", ") != strings.Join(want, ", ") {
		t.Errorf("got\n%s\nwant %s", got, strings.Join(want, ", "))
	}
	if strings.Contains(got, logintest.DefaultUser().Password) {
		t.Errorf("the password is shown:\n%s", got)
	}
	return got
}

func TestAccountThatIsWell(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	got := a.finds(t, "ok password", "ok name", "ok connect", "ok login", "ok maildrop", "ok tls", "ok certificate")
	if !strings.Contains(got, "ok name localhost has 1 IPv4 and 2 IPv6 addresses\n") || !strings.Contains(got, "ok unique-ids 1") {
		t.Errorf("got\n%s", got)
	}
}

// A password that is wrong is tried once.
func TestAccountThatIsRefused(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	a := to(t, s)
	a.credential.Password = secret.New("letmein")
	a.finds(t, "ok password", "ok name", "ok connect", "error login", "ok tls")
	if n := len(s.Attempts()); n != 1 {
		t.Errorf("got %d logins, want 1", n)
	}
}

// A token that the server refuses is renewed once, and nothing is said of that.
func TestAccountWithAnOldToken(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	a.account.Auth, a.account.OAuth = string(login.XOAUTH2), &config.OAuth{Provider: "google"}
	var asked []bool
	a.Login = func(ctx context.Context, _ config.Account, c *pop3.Client, refused bool) (login.Method, error) {
		asked = append(asked, refused)
		token := secret.New("old")
		if refused {
			token = secret.New(logintest.DefaultUser().Token)
		}
		return login.Login(ctx, c, login.XOAUTH2, login.Credential{User: a.account.User, Token: token})
	}
	a.finds(t, "ok token", "ok name", "ok connect", "ok login", "ok maildrop")
	if got := fmt.Sprint(asked); got != "[false true true]" {
		t.Errorf("got the logins %s", got)
	}
	a.Login = func(ctx context.Context, _ config.Account, c *pop3.Client, _ bool) (login.Method, error) {
		return login.Login(ctx, c, login.XOAUTH2, login.Credential{User: a.account.User, Token: secret.New("old")})
	}
	a.finds(t, "ok token", "ok name", "ok connect", "error login", "ok tls")
}

func TestAccountWithoutSecret(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	a := to(t, s)
	a.Secret = func(context.Context, config.Account) (string, error) {
		return "", &secret.NotFoundError{Account: "work"}
	}
	a.finds(t, "warning password", "ok name", "ok connect", "ok tls")
	a.Secret = func(context.Context, config.Account) (string, error) {
		return "", &secret.Error{Account: "work", Source: `file "x"`, Err: errors.New("others can read it")}
	}
	if got := a.finds(t, "error password", "ok name", "ok connect", "ok tls"); !strings.Contains(got, "error password file \"x\": others can read it\n") {
		t.Errorf("got\n%s", got)
	}
	a.Secret = func(context.Context, config.Account) (string, error) { return "", errors.New("no store") }
	a.finds(t, "error password", "ok name")
	a.account.Auth = string(login.External)
	a.Login = func(context.Context, config.Account, *pop3.Client, bool) (login.Method, error) {
		return login.External, errors.New("no certificate")
	}
	a.finds(t, "ok password", "ok name", "ok connect", "error login")
	if n := len(s.Attempts()); n != 0 {
		t.Errorf("got %d logins, want none", n)
	}
}

func TestAccountThatCannotBeReached(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	a.Lookup = func(_ context.Context, host string) ([]string, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	a.Connect = func(context.Context, config.Account) (*pop3.Client, error) {
		return nil, errors.New("connection refused")
	}
	if got := a.finds(t, "ok password", "error name", "error connect"); !strings.Contains(got, "error name localhost: no such host\n") {
		t.Errorf("got\n%s", got)
	}
	a.Lookup = func(context.Context, string) ([]string, error) { return []string{"192.0.2.1"}, nil }
	a.account.AddressFamily = "ipv6"
	a.finds(t, "ok password", "error name", "error connect")
	a.account.Proxy = "socks5://127.0.0.1:1"
	a.finds(t, "ok password", "info name", "error connect")
	a.account.Proxy, a.account.Host = "", "127.0.0.1"
	a.finds(t, "ok password", "error connect")
	a.Connect = nil
	a.finds(t, "ok password", "info network")
}

// With STLS two sessions are tried; what both fail at is said once, and without
// the account's name, which the section has.
func TestAccountThatCannotBeReachedIsSaidOnce(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	a.account.TLS = config.StartTLS
	var modes []string
	a.Connect = func(_ context.Context, c config.Account) (*pop3.Client, error) {
		modes = append(modes, c.TLS)
		return nil, errors.New("account work: 127.0.0.1:9: connection refused")
	}
	got := a.finds(t, "ok password", "ok name", "error connect")
	if strings.Count(got, "connection refused") != 1 || !strings.Contains(got, "error connect 127.0.0.1:9: connection refused\n") || len(modes) != 2 {
		t.Errorf("over %v: got\n%s", modes, got)
	}
	a.account.CAFile = "/no/such.pem" // then there is no use in trying
	modes = nil
	got = a.finds(t, "error ca_file", "ok password", "ok name", "info connect")
	if strings.Contains(got, "connection refused") || len(modes) != 0 {
		t.Errorf("over %v: got\n%s", modes, got)
	}
}

// Where was looked for a password is said.
func TestAccountWhereWasLooked(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	a.Secret = func(context.Context, config.Account) (string, error) {
		return "", &secret.NotFoundError{Account: "work", Tried: []string{"keyring", "netrc"}}
	}
	if got := a.finds(t, "warning password"); !strings.Contains(got, "; looked in keyring, netrc\n") {
		t.Errorf("got\n%s", got)
	}
}

// A certificate and a clock that do not agree: the dates are said, and which of
// the two is the likelier.
func TestAccountAndTheClock(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	c := &x509.Certificate{NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)}
	a.Connect = func(context.Context, config.Account) (*pop3.Client, error) {
		return nil, fmt.Errorf("handshake: %w", x509.CertificateInvalidError{Cert: c, Reason: x509.Expired})
	}
	for now, want := range map[string]string{
		"2025-12-31": "error certificate for 2026-01-01 to 2026-03-31, and here it is 2025-12-31: not valid yet\n",
		"2026-04-02": "error certificate for 2026-01-01 to 2026-03-31, and here it is 2026-04-02: expired\n",
	} {
		moment, err := time.Parse(time.DateOnly, now)
		if err != nil {
			t.Fatal(err)
		}
		a.Now = func() time.Time { return moment }
		if got := a.finds(t, "ok password", "ok name", "error certificate"); !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %s", got, want)
		}
	}
}

// A server that hangs costs the limit, and what was found before is there.
func TestAccountThatHangs(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	a.Limit = 50 * time.Millisecond
	a.Connect = func(ctx context.Context, _ config.Account) (*pop3.Client, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	a.finds(t, "ok password", "ok name", "error connect")
}

func TestAccountsFiles(t *testing.T) {
	a := to(t, logintest.Start(t, logintest.Options{}))
	a.Connect = nil
	dir := t.TempDir()
	a.account.CAFile = dir + "/none.pem"
	a.account.ClientCert = write(t, dir+"/cert.pem", "", 0o644)
	a.account.ClientKey = write(t, dir+"/key.pem", "", 0o640)
	a.finds(t, "error ca_file", "ok client_cert", "error client_key", "ok password")
	a.account.ClientKey = "" // then the certificate's file has it
	a.finds(t, "error ca_file", "error client_cert", "ok password")
	if err := os.Chmod(dir+"/cert.pem", 0o600); err != nil {
		t.Fatal(err)
	}
	a.finds(t, "error ca_file", "ok client_cert", "ok password")
}
