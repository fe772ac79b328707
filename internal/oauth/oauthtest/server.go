// Package oauthtest is an OAuth 2.0 provider for tests: an HTTP server on
// loopback with the device flow, the browser flow with PKCE, refresh tokens that
// rotate, and introspection for mail servers. It is strict, as the strictest
// providers are: a refresh token that is used twice voids the login.
package oauthtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/secret"
)

// What a client must be registered as.
const (
	ClientID     = "popherd-test"
	ClientSecret = "s3cret-of-the-client"
	Scope        = "mail"
)

// A Server is a provider with one user, who must be asked by Approve, or by a
// browser that follows an address (Follow). Its methods may be called at any
// time, from any goroutine.
type Server struct {
	URL string // "http://127.0.0.1:PORT"; paths: /device /authorize /token /introspect

	mu       sync.Mutex
	user     string
	lifetime time.Duration
	interval int
	slow     int // polls still to be told to slow down
	refuse   bool
	keep     bool
	deny     bool
	answer   func(http.ResponseWriter, *http.Request) bool
	counts   map[string]int
	issued   []string
	serial   int
	devices  []*device
	codes    map[string]*consent
	access   map[string]*access
	refresh  map[string]*login
}

// device is a running device flow.
type device struct{ code, userCode, state string }

// consent is an authorization code, to be used once.
type consent struct {
	user, redirect, challenge string
}

// login is a family of tokens from one consent.
type login struct {
	user    string
	current string // refresh token
	void    bool
}

type access struct {
	user  string
	until time.Time
	login *login // nil if Issue made it
}

// Start starts a provider that ends with the test. Its user is
// "user@example.org", its access tokens last an hour.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		user: "user@example.org", lifetime: time.Hour, interval: 5, counts: map[string]int{},
		codes: map[string]*consent{}, access: map[string]*access{}, refresh: map[string]*login{},
	}
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Handler returns the provider without its port.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /device", s.serveDevice)
	mux.HandleFunc("GET /authorize", s.serveAuthorize)
	mux.HandleFunc("POST /token", s.serveToken)
	mux.HandleFunc("/introspect", s.serveIntrospect)
	return mux
}

// Provider returns the configuration of a client.
func (s *Server) Provider() oauth.Provider {
	return oauth.Provider{
		Name: "test", ClientID: ClientID, ClientSecret: secret.New(ClientSecret), Scopes: []string{Scope},
		DeviceURL: s.URL + "/device", AuthURL: s.URL + "/authorize", TokenURL: s.URL + "/token",
	}
}

// IntrospectURL is where a mail server asks about an access token (RFC 7662):
// by POST with token=, by GET with a token appended to this, or by GET with the
// token as the Bearer.
func (s *Server) IntrospectURL() string { return s.URL + "/introspect?token=" }

// Approve lets the user enter a code of the device flow, and consent.
func (s *Server) Approve(userCode string) { s.decide(userCode, "approved") }

// Deny lets the user enter a code of the device flow, and refuse.
func (s *Server) Deny(userCode string) { s.decide(userCode, "denied") }

func (s *Server) decide(userCode, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.userCode == userCode {
			d.state = state
		}
	}
}

// ExpireCodes lets the codes of the device flow expire.
func (s *Server) ExpireCodes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		d.state = "expired"
	}
}

// DenyBrowser lets the user refuse in the browser flow, from now on or not.
func (s *Server) DenyBrowser(deny bool) { s.set(func() { s.deny = deny }) }

// Expire lets all access tokens expire, whatever the client thinks.
func (s *Server) Expire() { s.set(func() { clear(s.access) }) }

// SetLifetime sets how long access tokens last that are given from now on.
func (s *Server) SetLifetime(d time.Duration) { s.set(func() { s.lifetime = d }) }

// SetUser sets who logs in from now on.
func (s *Server) SetUser(user string) { s.set(func() { s.user = user }) }

// SetInterval sets the seconds between polls of the device flow, 5 at first; 0
// leaves them out of the answer.
func (s *Server) SetInterval(seconds int) { s.set(func() { s.interval = seconds }) }

// SlowDown answers the next n polls with slow_down.
func (s *Server) SlowDown(n int) { s.set(func() { s.slow = n }) }

// RefuseRefresh answers refreshes with invalid_grant, from now on or not.
func (s *Server) RefuseRefresh(refuse bool) { s.set(func() { s.refuse = refuse }) }

// KeepRefresh has refresh tokens last, and leaves them out of the answers to
// refreshes, from now on or not.
func (s *Server) KeepRefresh(keep bool) { s.set(func() { s.keep = keep }) }

// Answer has h answer in place of the device and token endpoints, or wait before
// they do: it returns false where it has written nothing. nil ends it.
func (s *Server) Answer(h func(http.ResponseWriter, *http.Request) (done bool)) {
	s.set(func() { s.answer = h })
}

func (s *Server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Issue gives an access token for a user, without any flow.
func (s *Server) Issue(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.newAccess(user, nil)
}

// User returns who an access token is for, if it is valid.
func (s *Server) User(token string) (user string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.access[token]
	if !ok || time.Now().After(a.until) || a.login != nil && a.login.void {
		return "", false
	}
	return a.user, true
}

// Issued returns everything that was given out and must stay secret: tokens,
// authorization codes and device codes.
func (s *Server) Issued() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.issued)
}

// Count returns how many requests there were: of an endpoint ("device",
// "authorize", "token", "introspect"), or of the token endpoint with a grant
// type ("refresh_token", "authorization_code", "device_code").
func (s *Server) Count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[what]
}

// Follow does what a user's browser does with the address of the browser flow:
// it asks for it, and follows where it is sent. It returns the last page.
func (s *Server) Follow(t testing.TB, address string) string {
	t.Helper()
	page, err := follow(address)
	if err != nil {
		t.Errorf("browser: %v", err)
	}
	return page
}

// newSecret makes something recognizable.
func (s *Server) newSecret(kind string) string {
	s.serial++
	text := fmt.Sprintf("%s-%d-%s", kind, s.serial, random())
	s.issued = append(s.issued, text)
	return text
}

func (s *Server) newAccess(user string, l *login) string {
	token := s.newSecret("access")
	s.access[token] = &access{user, time.Now().Add(s.lifetime), l}
	return token
}

func (s *Server) newRefresh(l *login) string {
	l.current = s.newSecret("refresh")
	s.refresh[l.current] = l
	return l.current
}

// scopes reports whether a request wants what there is.
func scopes(form url.Values) bool { return slices.Contains(strings.Fields(form.Get("scope")), Scope) }
