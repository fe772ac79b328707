package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/pop3"
)

// accountAt is the account of logintest's user at an address of it.
func accountAt(t *testing.T, s *logintest.Server, mode string) config.Account {
	t.Helper()
	addr := s.TLSAddr()
	if mode != config.Implicit {
		addr = s.Addr()
	}
	host, port := split(t, addr)
	return config.Account{Name: "work", User: logintest.DefaultUser().Name, Host: host, Port: port, TLS: mode, Auth: "auto", CAFile: s.CAFile}
}

// openAccount logs in to an account with the password of logintest's user.
func openAccount(t *testing.T, o Options, a config.Account) (login.Method, error) {
	t.Helper()
	u := logintest.DefaultUser()
	if o.Credential == nil {
		o.Credential = func(context.Context, string, bool) (login.Credential, error) {
			return login.Credential{User: u.Name, Password: secret.New(u.Password)}, nil
		}
	}
	client, used, err := open(t, o).Open(t.Context(), a, nil)
	if err == nil {
		defer client.Close()
		if client.State() != pop3.Transaction {
			t.Errorf("state %v, want TRANSACTION", client.State())
		}
	}
	return used, err
}

// An account gets the TLS that it demands, or no session.
func TestAccountTLS(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	old := logintest.Start(t, logintest.Options{MaxTLS: 0x0303})
	certificate, certFile, keyFile := s.ClientCertificate(logintest.DefaultUser().Name)
	_ = certificate
	pin := "sha256:" + fingerprint(t, s)
	with := func(s *logintest.Server, mode string, change func(*config.Account)) config.Account {
		a := accountAt(t, s, mode)
		change(&a)
		return a
	}
	none := func(*config.Account) {}
	tests := []struct {
		name    string
		account config.Account
		used    login.Method
		fails   string
	}{
		{"implicit", with(s, config.Implicit, none), login.SCRAMSHA256Plus, ""},
		{"starttls", with(s, config.StartTLS, none), login.SCRAMSHA256Plus, ""},
		{"insecure-plaintext", with(s, config.InsecurePlaintext, none), login.SCRAMSHA256, ""},
		{"no CA file", with(s, config.Implicit, func(a *config.Account) { a.CAFile = "" }), "", "certificate"},
		{"another name", with(s, config.Implicit, func(a *config.Account) { a.ServerName = "pop.example.org" }), "", "pop.example.org"},
		{"TLS 1.3", with(s, config.Implicit, func(a *config.Account) { a.MinTLS = "1.3" }), login.SCRAMSHA256Plus, ""},
		{"TLS 1.3 of a server with 1.2", with(old, config.Implicit, func(a *config.Account) { a.MinTLS = "1.3" }), "", "protocol version"},
		{"pin", with(s, config.Implicit, func(a *config.Account) { a.CAFile, a.Fingerprint = "", pin }), login.SCRAMSHA256Plus, ""},
		{"another's pin", with(old, config.Implicit, func(a *config.Account) { a.CAFile, a.Fingerprint = "", pin }), "", "fingerprint"},
		{"external", with(s, config.Implicit, func(a *config.Account) { a.Auth, a.ClientCert, a.ClientKey = "external", certFile, keyFile }), login.External, ""},
		{"no such certificate", with(s, config.Implicit, func(a *config.Account) { a.ClientCert = certFile + "x" }), "", certFile + "x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			used, err := openAccount(t, Options{}, tt.account)
			switch {
			case tt.fails == "" && (err != nil || used != tt.used):
				t.Errorf("got %s and error %v, want %s", used, err, tt.used)
			case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)):
				t.Errorf("got error %v, want one of %q", err, tt.fails)
			}
		})
	}
}

// fingerprint is the SHA-256 of a server's certificate, in hexadecimal.
func fingerprint(t *testing.T, s *logintest.Server) string {
	t.Helper()
	client, err := open(t, Options{}).Connect(t.Context(), accountAt(t, s, config.Implicit), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	state, _ := client.TLS()
	sum := sha256.Sum256(state.PeerCertificates[0].Raw)
	return hex.EncodeToString(sum[:])
}

// A denial on the command line wins over an account that is set up without TLS.
func TestDeniedPlaintextAccount(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	o := Options{}
	o.Policy.DenyPlaintext = hosts(t, "*")
	_, err := openAccount(t, o, accountAt(t, s, config.InsecurePlaintext))
	if err == nil || !strings.Contains(err.Error(), "--deny-plaintext") || len(s.Received()) > 0 {
		t.Errorf("got error %v and %q at the server", err, s.Received())
	}
}

// A token that the server refuses is asked for once more, and once only.
func TestRefusedTokenIsRenewedOnce(t *testing.T) {
	u := logintest.DefaultUser()
	for _, good := range []bool{true, false} {
		s := logintest.Start(t, logintest.Options{})
		a := accountAt(t, s, config.Implicit)
		a.Auth = "xoauth2"
		var asked []bool
		_, err := openAccount(t, Options{Credential: func(_ context.Context, name string, refused bool) (login.Credential, error) {
			asked = append(asked, refused)
			token := "expired"
			if refused && good {
				token = u.Token
			}
			return login.Credential{User: u.Name, Token: secret.New(token)}, nil
		}}, a)
		if fmt.Sprint(asked) != "[false true]" {
			t.Errorf("good %v: asked %v, want first any and then another", good, asked)
		}
		if (err == nil) != good {
			t.Errorf("good %v: got error %v", good, err)
		}
	}
}

// With a proxy nothing is looked up here, and nothing is dialled but the proxy.
func TestAccountThroughProxy(t *testing.T) {
	s := logintest.Start(t, logintest.Options{})
	asked := make(chan string, 1)
	a := accountAt(t, s, config.Implicit)
	a.Proxy = "socks5://" + socks(t, s.TLSAddr(), asked)
	a.Host, a.ServerName = "pop.example.invalid", "localhost"
	if _, err := openAccount(t, Options{}, a); err != nil {
		t.Fatal(err)
	}
	if got, want := <-asked, fmt.Sprintf("pop.example.invalid:%d", a.Port); got != want {
		t.Errorf("the proxy was asked for %q, want %q", got, want)
	}
	a.Proxy = "socks5://" + socks(t, "", asked)
	if _, err := openAccount(t, Options{}, a); err == nil || !strings.Contains(err.Error(), "proxy 127.0.0.1:") {
		t.Errorf("refused by the proxy: got error %v", err)
	}
}

// socks serves SOCKS5 (RFC 1928) without authentication: every connection goes
// to one address, or is refused if that is empty.
func socks(t *testing.T, to string, asked chan<- string) (address string) {
	t.Helper()
	l := listenOn(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go relay(conn, to, asked)
		}
	}()
	return l.Addr().String()
}

func relay(conn net.Conn, to string, asked chan<- string) {
	defer conn.Close()
	head := make([]byte, 3) // version, one method, none
	if _, err := io.ReadFull(conn, head); err != nil {
		return
	}
	conn.Write([]byte{5, 0})
	request := make([]byte, 5) // version, connect, 0, name, its length
	if _, err := io.ReadFull(conn, request); err != nil {
		return
	}
	name := make([]byte, int(request[4])+2)
	if _, err := io.ReadFull(conn, name); err != nil {
		return
	}
	if to == "" {
		conn.Write([]byte{5, 2, 0, 1, 0, 0, 0, 0, 0, 0}) // not allowed
		return
	}
	asked <- fmt.Sprintf("%s:%d", name[:request[4]], int(name[len(name)-2])<<8|int(name[len(name)-1]))
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	conn.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go io.Copy(server, conn)
	io.Copy(conn, server)
}

// A session comes from the address, and over the family, that the account names.
func TestAccountRoute(t *testing.T) {
	l := listenOn(t)
	host, port := split(t, l.Addr().String())
	a := config.Account{Name: "work", User: "anna", Host: host, Port: port, TLS: config.Implicit, Auth: "auto", SourceAddress: "127.0.0.3"}
	from := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		from <- conn.RemoteAddr().(*net.TCPAddr).IP.String()
		conn.Close()
	}()
	if _, err := open(t, Options{}).Connect(t.Context(), a, nil); err == nil {
		t.Error("a server that says nothing greeted")
	}
	if got := <-from; got != "127.0.0.3" {
		t.Errorf("the session came from %s", got)
	}
	a.SourceAddress, a.AddressFamily = "", "ipv6"
	if _, err := open(t, Options{}).Connect(t.Context(), a, nil); err == nil || !strings.Contains(err.Error(), "no suitable address") {
		t.Errorf("IPv6 alone: got error %v", err)
	}
}

// What cannot be opened is said with what there is.
func TestNoSuchAccount(t *testing.T) {
	work, home := config.Account{Name: "work"}, config.Account{Name: "home"}
	tests := []struct {
		name, wanted string
		o            Options
		says, advice string
	}{
		{"none configured", "", Options{}, "there is no mail", "popherd init"},
		{"none of that name", "work", Options{}, "nor any other", "popherd init"},
		{"misspelt", "wrok", Options{Accounts: []config.Account{work, home}}, `account "wrok"`, "did you mean work?"},
		{"which one", "", Options{Accounts: []config.Account{work, home}}, "there are several: work, home", "-a"},
		{"another than the run's", "home", Options{Accounts: []config.Account{work}, Default: "work"}, "this run is over work alone", "without -a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := open(t, tt.o).Account(t.Context(), tt.wanted, nil)
			e := (*AccountError)(nil)
			if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(e.Advice, tt.advice) {
				t.Errorf("got %v, want %q and the advice %q", err, tt.says, tt.advice)
			}
		})
	}
}

// A password in a URL is refused, and not repeated.
func TestParseAccount(t *testing.T) {
	for text, want := range map[string]string{
		"pops://anna@example.org@pop.example.org":   "implicit anna@example.org pop.example.org 995",
		"pops://anna%40example.org@pop.example.org": "implicit anna@example.org pop.example.org 995",
		"pop3://anna@[::1]:1110":                    "starttls anna ::1 1110",
		"pops://anna:hunter2@pop.example.org":       `account "pops://anna:***@pop.example.org": has a password, which others could read; it is asked for, or read by --password-stdin`,
		"imap://anna@pop.example.org":               `account "imap://anna@pop.example.org": is not pops://USER@HOST or pop3://USER@HOST`,
		"pops://anna@pop.example.org:0":             `account "pops://anna@pop.example.org:0": has no port from 1 to 65535`,
	} {
		a, err := ParseAccount(text)
		got := fmt.Sprintf("%s %s %s %d", a.TLS, a.User, a.Host, a.Port)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
