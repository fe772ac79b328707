package host

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

// plainOnly is the port of a server that has no TLS at all.
func plainOnly(t *testing.T) int {
	t.Helper()
	_, port := serveMail(t, nil)
	return port
}

// What an account cannot do is said with its name, and with what to change in
// the configuration.
func TestOpenErrors(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	other := logintest.Start(t, logintest.Options{})
	_, plain := split(t, s.Addr())
	_, secure := split(t, s.TLSAddr())
	none := plainOnly(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, closed := split(t, free.Addr().String())
	free.Close()
	pin := "sha256:" + strings.Repeat("0", 64)
	tests := []struct {
		name   string
		change func(*config.Account)
		says   string
		hint   string
	}{
		{"implicit on a plain port", func(a *config.Account) { a.Port = plain }, "handshake: tls: first record does not look like a TLS handshake", `set tls = "starttls", or port = 995`},
		{"starttls on a TLS port", func(a *config.Account) { a.TLS = config.StartTLS; a.Timeouts.Command = time.Second / 5 }, "greeting", `set tls = "implicit"`},
		{"no STLS", func(a *config.Account) { a.TLS, a.Port = config.StartTLS, none }, "the server does not offer STLS", `set tls = "implicit"`},
		{"nobody listens", func(a *config.Account) { a.Port = closed }, "connection refused", "see whether host, port and tls are right"},
		{"no such host", func(a *config.Account) { a.Host = "pop.example.invalid" }, "", "see whether host, port"},
		{"unknown CA", func(a *config.Account) { a.CAFile = other.CAFile }, "unknown authority", "name that CA's file in ca_file"},
		{"another name", func(a *config.Account) { a.ServerName = "pop.example.org" }, "pop.example.org", "server_name"},
		{"another certificate", func(a *config.Account) { a.CAFile, a.Fingerprint = "", pin }, "the certificate's fingerprint is sha256:", "only when the server's owner confirms"},
		{"no such user", func(a *config.Account) { a.User = "nobody" }, "[AUTH]", "see whether user and password are right; some providers want an app password"},
		{"a method that is not offered", func(a *config.Account) { a.Auth = "user-pass" }, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := config.Account{Name: "work", User: logintest.DefaultUser().Name, Host: "127.0.0.1", Port: secure, TLS: config.Implicit, Auth: "auto", CAFile: s.CAFile}
			tt.change(&a)
			o := Options{Credential: func(context.Context, string, bool) (login.Credential, error) {
				return login.Credential{User: a.User, Password: secret.New(logintest.DefaultUser().Password)}, nil
			}}
			_, err := openAccount(t, o, a)
			if tt.hint == "" {
				if err != nil {
					t.Errorf("got error %v", err)
				}
				return
			}
			e := (*OpenError)(nil)
			if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), "account work: ") || !strings.Contains(err.Error(), tt.says) || !strings.Contains(e.Hint(), tt.hint) {
				t.Errorf("got %v (%s), want %q and the hint %q", err, hintOf(err), tt.says, tt.hint)
			}
			if text := err.Error(); strings.Contains(text, "pop3: ") || strings.Contains(text, "--") || strings.Count(text, address(a)) > 1 {
				t.Errorf("got %s", text)
			}
		})
	}
}

func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// The address is said once, and no more than is wrong.
func TestDialErrorNamesTheAddressOnce(t *testing.T) {
	h := open(t, Options{Policy: loopback(t)})
	_, err := dial(t, h, luabind.DialRequest{Host: "127.0.0.1", Port: 9, TLS: true})
	if got := errorText(err); got != "127.0.0.1:9: connection refused" {
		t.Errorf("got %s", got)
	}
	a := config.Account{Name: "dead", User: "anna", Host: "127.0.0.1", Port: 9, TLS: config.Implicit, Auth: "auto"}
	_, err = openAccount(t, Options{}, a)
	if got := errorText(err); got != "account dead: 127.0.0.1:9: connection refused" {
		t.Errorf("got %s", got)
	}
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

// A script that opens an account learns which, and what the server said.
func TestOpenErrorOfAScript(t *testing.T) {
	s := logintest.Start(t, logintest.Options{Mechanisms: []string{}, NoAPOP: true})
	a := accountAt(t, s, config.Implicit)
	o := Options{Accounts: []config.Account{a}, Credential: func(context.Context, string, bool) (login.Credential, error) {
		return login.Credential{User: a.User, Password: secret.New("letmein")}, nil
	}}
	_, err := open(t, o).Account(t.Context(), "work", nil)
	e := luabind.CallError("account", "", err)
	if e.Kind != luabind.KindErrorProto || e.Code != "AUTH" || e.Command != "PASS" || !strings.HasPrefix(e.Message, "account work: -ERR [AUTH] ") || !strings.Contains(e.Hint(), "app password") {
		t.Errorf("got %+v, hint %s", e, e.Hint())
	}
}

// A session that is in use is no wrong password.
func TestOpenErrorOfAMaildropInUse(t *testing.T) {
	for code, want := range map[pop3.ResponseCode]string{pop3.CodeInUse: "another session", pop3.CodeSysTemp: "try again later", pop3.CodeAuth: "user and password", "": "user and password"} {
		e := &OpenError{Account: "work", Err: &pop3.Error{Command: "PASS", Code: code, Text: "no"}}
		if !strings.Contains(e.Hint(), want) {
			t.Errorf("%s: got the hint %q, want %q", code, e.Hint(), want)
		}
	}
}

// The files of an account are named as the configuration names them, and a key
// that others can read is not used.
func TestAccountFiles(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	_, certFile, keyFile := s.ClientCertificate(logintest.DefaultUser().Name)
	dir := t.TempDir()
	lost := filepath.Join(dir, "lost.pem")
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, want string
		missing    bool
		change     func(*config.Account)
	}{
		{"no CA file", "account work: ca_file " + lost + ": no such file or directory", true, func(a *config.Account) { a.CAFile = lost }},
		{"no certificate", "account work: client_cert " + lost + ": no such file or directory", true, func(a *config.Account) { a.ClientCert, a.ClientKey = lost, keyFile }},
		{"no key", "account work: client_key " + lost + ": no such file or directory", true, func(a *config.Account) { a.ClientCert, a.ClientKey = certFile, lost }},
		{"empty CA file", "account work: ca_file " + empty + ": holds no certificate", false, func(a *config.Account) { a.CAFile = empty }},
		{"empty certificate", "account work: client_cert " + empty + ": tls: failed to find any PEM data in certificate input", false, func(a *config.Account) { a.ClientCert, a.ClientKey = empty, keyFile }},
	} {
		a := accountAt(t, s, config.Implicit)
		tt.change(&a)
		_, err := openAccount(t, Options{}, a)
		e := (*AccountFileError)(nil)
		if !errors.As(err, &e) || err.Error() != tt.want || (e.Err != nil) != tt.missing || e.Hint() == "" {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	a := accountAt(t, s, config.Implicit)
	a.Auth, a.ClientCert, a.ClientKey = "external", certFile, keyFile
	if err := os.Chmod(keyFile, 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := openAccount(t, Options{}, a)
	wantError(t, err, "client_key "+keyFile+": others than you can read the private key: its mode is 0640")
	if hint := hintOf(err); !strings.HasPrefix(hint, "chmod 600 ") {
		t.Errorf("got the hint %q", hint)
	}
	if err := os.Chmod(keyFile, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openAccount(t, Options{}, a); err != nil {
		t.Errorf("for the user alone: got error %v", err)
	}
}
