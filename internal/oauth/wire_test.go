package oauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
	"github.com/popherd/popherd/internal/secret"
)

// raw answers with octets of the test's own, which repeat %s: what was sent.
func raw(w http.ResponseWriter, r *http.Request, text string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	io.WriteString(conn, strings.ReplaceAll(text, "%s", r.PostForm.Encode()))
}

// TestAnswersThatRepeatTheSecret: a server that puts the refresh token and the
// client's secret wherever it can gets them into no error.
func TestAnswersThatRepeatTheSecret(t *testing.T) {
	const failed = "the exchange with the provider failed: "
	for _, tt := range []struct {
		name, answer, text string
		temporary          bool
	}{
		{"description", "HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n\r\n" +
			`{"error":"invalid_grant","error_description":"no such token: %s","error_uri":"https://example.org/%s"}`,
			"invalid_grant: the provider does not accept the login any more", false},
		{"Microsoft's number", "HTTP/1.1 400 Bad\r\n\r\n" + `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret %s"}`,
			"invalid_client: the provider does not know the client, or its secret (AADSTS7000215)", false},
		{"code", "HTTP/1.1 400 Bad\r\n\r\n" + `{"error":"%s"}`, "the provider answered 400 Bad Request", false},
		{"error in a success", "HTTP/1.1 200 OK\r\n\r\n" + `{"error":"temporarily_unavailable","error_description":"%s"}`,
			"temporarily_unavailable: the provider is busy", true},
		{"reason of the status", "HTTP/1.1 400 %s\r\n\r\n", "the provider answered 400 Bad Request", false},
		{"status that does not exist", "HTTP/1.1 799 %s\r\n\r\n", "the provider answered 799", true},
		{"status line", "%s\r\n\r\n", failed + "the answer is not HTTP", true},
		{"field", "HTTP/1.1 200 OK\r\n%s\r\n\r\n", failed + "the answer is not HTTP", true},
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n", failed + "the answer is not HTTP", true},
		{"chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n", failed + "the answer is not HTTP", true},
		{"page", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>%s</h1>", failed + "the answer is not JSON", true},
		{"page of an error", "HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\n\r\n<h1>%s</h1>", "the provider answered 503 Service Unavailable", true},
		{"too often", "HTTP/1.1 429 Slow\r\n\r\n%s", "the provider answered 429 Too Many Requests", true},
		{"form", "HTTP/1.1 400 Bad\r\nContent-Type: text/plain\r\n\r\nerror_description=%s", "the provider answered 400 Bad Request", false},
		{"broken JSON", "HTTP/1.1 200 OK\r\n\r\n{%s", "the provider's answer is none of OAuth's", false},
		{"type of JSON", "HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":["%s"]}`, "the provider's answer is none of OAuth's", false},
		{"no token", "HTTP/1.1 200 OK\r\n\r\n" + `{"refresh_token":"%s"}`, "the provider's answer is none of OAuth's", false},
		{"life", "HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":"a","expires_in":"%s"}`, "the provider's answer is none of OAuth's", false},
		{"type of token", "HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":"a","token_type":"%s"}`, "the provider gives tokens of another type than Bearer", false},
		{"redirect", "HTTP/1.1 307 Go\r\nLocation: https://example.org/?%s\r\n\r\n", "the provider answered 307 Temporary Redirect", false},
		{"half", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n%s", failed + "unexpected EOF", true},
		{"nothing", "", failed + "EOF", true},
		{"a control in the token", "HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":"a\u0001b%s"}`, "the provider's answer holds what is no token", false},
		{"a line end in the token", "HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":"a\r\nQUIT\r\n%s"}`, "the provider's answer holds what is no token", false},
		{"a line end in the refresh token", "HTTP/1.1 200 OK\r\n\r\n" + `{"access_token":"a","refresh_token":"a\r\nb%s"}`, "the provider's answer holds what is no token", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := oauthtest.Start(t)
			tokens, c := loggedIn(t, srv)
			c.move(time.Hour)
			srv.Answer(func(w http.ResponseWriter, r *http.Request) bool { raw(w, r, tt.answer); return true })
			_, err := tokens.Access(t.Context(), "work")
			var e *oauth.Error
			if !errors.As(err, &e) || e.Error() != "account work: oauth: "+tt.text || e.Temporary() != tt.temporary {
				t.Errorf("got  %v (%T)\nwant account work: oauth: %s, temporary %v", err, err, tt.text, tt.temporary)
			}
			noSecrets(t, srv, err)
			if n := srv.Count("refresh_token"); n != 1 {
				t.Errorf("the refresh token was sent %d times, want once", n)
			}
			srv.Answer(nil)
			access(t, tokens) // the old tokens are kept
		})
	}
}

func TestAnswerThatIsTooLong(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	srv.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
		io.WriteString(w, `{"access_token":"a","x":"`)
		for range 10 << 10 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1<<10)); err != nil {
				return true
			}
		}
		io.WriteString(w, `"}`)
		return true
	})
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: the exchange with the provider failed: the answer is longer than 1 MiB", "")
}

// TestRedirectsAreNotFollowed: a POST that is redirected by 307 takes the
// refresh token along.
func TestRedirectsAreNotFollowed(t *testing.T) {
	var asked int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	tokens.HTTP = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
	c.move(time.Hour)
	for _, status := range []int{301, 302, 303, 307, 308} {
		srv.Answer(func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, other.URL, status)
			return true
		})
		if _, err := tokens.Access(t.Context(), "work"); err == nil {
			t.Errorf("%d: no error", status)
		}
	}
	if asked != 0 {
		t.Errorf("the other host was asked %d times", asked)
	}
}

// carriage is an http.RoundTripper as a function.
type carriage func(*http.Request) (*http.Response, error)

func (c carriage) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

// TestInsecureEndpoints: nothing is sent to them.
func TestInsecureEndpoints(t *testing.T) {
	srv := oauthtest.Start(t)
	const bare = `endpoint at "example.org" is not https: everybody on the way would read the tokens`
	for _, tt := range []struct{ url, text string }{
		{"http://example.org/token", bare},
		{"http://127.0.0.1.example.org/", `endpoint at "127.0.0.1.example.org" is not https: everybody on the way would read the tokens`},
		{"http://10.0.0.1/", `endpoint at "10.0.0.1" is not https: everybody on the way would read the tokens`},
		{"ftp://example.org/", bare},
		{"https://user:pw@example.org/", "an endpoint is not a plain https URL"},
		{"https:///token", "an endpoint is not a plain https URL"},
		{"://", "an endpoint is not a plain https URL"},
		{"", "the provider has no such endpoint"},
	} {
		tokens, c := loggedIn(t, srv)
		r, err := tokens.Store.Load("work")
		if err != nil {
			t.Fatal(err)
		}
		r.TokenURL = tt.url
		tokens.Store.Save("work", r)
		tokens.Provider.TokenURL = tt.url
		tokens.HTTP = &http.Client{Transport: carriage(func(r *http.Request) (*http.Response, error) {
			t.Errorf("asked %s", r.URL)
			return nil, io.EOF
		})}
		c.move(time.Hour)
		_, err = tokens.Access(t.Context(), "work")
		wantError(t, srv, err, "account work: oauth: "+tt.text, "")
		if err := tokens.Device(t.Context(), "work", nil); err == nil {
			t.Errorf("device flow with %q: no error", tt.url)
		}
		tokens.Provider = srv.Provider()
		tokens.Provider.AuthURL, tokens.Provider.DeviceURL = tt.url, tt.url
		if err := tokens.Browser(t.Context(), "work", nil); err == nil {
			t.Errorf("browser flow with %q: no error", tt.url)
		}
		if err := tokens.Device(t.Context(), "work", nil); err == nil {
			t.Errorf("device flow at %q: no error", tt.url)
		}
	}
}

func TestNoClient(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := newTokens(t, srv)
	tokens.Provider.ClientID = ""
	const text, hint = "account work: oauth: no client id is configured", "see client_id and client_secret in the oauth table of accounts.work"
	wantError(t, srv, tokens.Device(t.Context(), "work", nil), text, hint)
	wantError(t, srv, tokens.Browser(t.Context(), "work", nil), text, hint)
}

func TestWrongClientSecret(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	tokens.Provider.ClientSecret = secret.New("wrong")
	_, err := tokens.Access(t.Context(), "work")
	wantError(t, srv, err, "account work: oauth: invalid_client: the provider does not know the client, or its secret",
		"see client_id and client_secret in the oauth table of accounts.work")
	if n := srv.Count("refresh_token"); n != 1 {
		t.Errorf("the refresh token was sent %d times, want once", n)
	}
}

// TestLoginWithoutRefreshToken: it would end in an hour, unattended.
func TestLoginWithoutRefreshToken(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := newTokens(t, srv)
	srv.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			io.WriteString(w, `{"access_token":"a","token_type":"bearer","expires_in":3600}`)
		}
		return r.URL.Path == "/token"
	})
	err := tokens.Device(t.Context(), "work", func(string, string, time.Time) {})
	wantError(t, srv, err, "account work: oauth: the provider gave no refresh token, so that the login would end with the access token",
		"ask for the scope that gives one, often offline_access")
}

// TestAccessTokenWithoutExpiry: it is used until it is refused.
func TestAccessTokenWithoutExpiry(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := newTokens(t, srv)
	srv.Answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			io.WriteString(w, `{"access_token":"a"}`)
		}
		return r.URL.Path == "/token"
	})
	if err := tokens.Device(t.Context(), "work", func(string, string, time.Time) {}); err != nil {
		t.Fatal(err)
	}
	c.move(1000 * time.Hour)
	token := access(t, tokens)
	_, err := tokens.Refresh(t.Context(), "work", token)
	wantError(t, srv, err, "account work: oauth: the access token is used up, and there is no refresh token: nobody has logged in",
		"log in: popherd accounts login work")
}

func TestNobodyListens(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := loggedIn(t, srv)
	c.move(time.Hour)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}}
	tokens.HTTP = &http.Client{Transport: transport}
	_, err = tokens.Access(t.Context(), "work")
	var e *oauth.Error
	if op := (*net.OpError)(nil); !errors.As(err, &op) || !errors.As(err, &e) || !e.Temporary() {
		t.Errorf("got %v, want a *net.OpError that is temporary", err)
	}
}

// TestServerThatHangs, in a bubble of time.
func TestServerThatHangs(t *testing.T) {
	hang := &http.Client{Transport: carriage(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
	provider := oauth.Provider{
		ClientID: "c", TokenURL: "https://example.org/", DeviceURL: "https://example.org/",
	}
	newHung := func(t *testing.T) *oauth.Tokens {
		tokens := &oauth.Tokens{Provider: provider, Store: oauth.Files(t.TempDir()), HTTP: hang}
		err := tokens.Store.Save("work", oauth.Record{
			TokenURL: provider.TokenURL, ClientID: "c", Access: secret.New("a"), Refresh: secret.New("r"), Expiry: time.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		return tokens
	}
	for _, tt := range []struct {
		name string
		ask  func(ctx context.Context, tokens *oauth.Tokens) error
		// how long it takes, if nobody gives up, and if somebody does after 1 s
		alone, given time.Duration
	}{
		{"refresh", func(ctx context.Context, tokens *oauth.Tokens) error {
			_, err := tokens.Access(ctx, "work")
			return err
		}, 30 * time.Second, 6 * time.Second},
		{"device", func(ctx context.Context, tokens *oauth.Tokens) error { return tokens.Device(ctx, "work", nil) },
			30 * time.Second, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			tokens := newHung(t)
			start := time.Now()
			if err := tt.ask(t.Context(), tokens); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != tt.alone {
				t.Errorf("%s: %v after %v, want a deadline after %v", tt.name, err, time.Since(start), tt.alone)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start = time.Now()
			if err := tt.ask(ctx, tokens); err == nil || time.Since(start) != tt.given {
				t.Errorf("%s: %v after %v, want an error after %v", tt.name, err, time.Since(start), tt.given)
			}
			tokens.HTTP = &http.Client{Transport: hang.Transport, Timeout: 3 * time.Second}
			start = time.Now()
			if err := tt.ask(t.Context(), tokens); err == nil || time.Since(start) != 3*time.Second {
				t.Errorf("%s: %v after %v, want an error after the client's 3 s", tt.name, err, time.Since(start))
			}
		})
	}
}

// FuzzAnswer: no answer panics, shows a secret, or becomes a token that could
// end a command.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/json", `{"access_token":"a","refresh_token":"b","expires_in":"3600","token_type":"bearer"}`)
	f.Add(400, "application/json", `{"error":"invalid_grant","error_description":"SECRET"}`)
	f.Add(200, "text/plain", "access_token=a&expires_in=SECRET")
	f.Add(200, "", "null")
	f.Add(200, "text/html", "<html>SECRET")
	f.Add(302, "", "SECRET")
	const hidden = "rt-8f2c41"
	provider := oauth.Provider{ClientID: "c", TokenURL: "https://example.org/", DeviceURL: "https://example.org/"}
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		body = strings.ReplaceAll(body, "SECRET", hidden)
		store := memory{"work": {TokenURL: provider.TokenURL, ClientID: "c", Access: secret.New("old"), Refresh: secret.New(hidden), Expiry: time.Now()}}
		tokens := oauth.Tokens{Provider: provider, Store: store, HTTP: &http.Client{Transport: carriage(func(r *http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: status, Status: body, Header: http.Header{"Content-Type": {kind}, "Location": {"/?" + url.QueryEscape(body)}},
				Body: io.NopCloser(strings.NewReader(body)), Request: r,
			}, nil
		})}, Sleep: func(context.Context, time.Duration) error { return errors.New("enough") }}
		token, err := tokens.Access(t.Context(), "work")
		if err != nil && (strings.Contains(err.Error(), hidden) || !errors.As(err, new(*oauth.Error))) {
			t.Errorf("a secret, or no *oauth.Error: %v", err)
		}
		if err == nil && (token.IsZero() || strings.ContainsAny(token.Reveal(), "\x00\x01\r\n ")) {
			t.Errorf("got the token %q", token.Reveal())
		}
		err = tokens.Device(t.Context(), "work", func(address, code string, _ time.Time) {
			if strings.ContainsAny(address+code, "\x1b\r\n\x00") {
				t.Errorf("shown %q %q", address, code)
			}
		})
		if err == nil {
			t.Error("no error")
		}
	})
}

// memory is a store for one goroutine.
type memory map[string]oauth.Record

func (m memory) Load(account string) (oauth.Record, error)    { return m[account], nil }
func (m memory) Save(account string, r oauth.Record) error    { m[account] = r; return nil }
func (m memory) Forget(account string) error                  { delete(m, account); return nil }
func (m memory) Lock(context.Context, string) (func(), error) { return func() {}, nil }
