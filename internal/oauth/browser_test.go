package oauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
)

const thanks = "popherd has the answer. You can close this page and go back to the terminal.\n"

// browse runs the browser flow; act does what the browser does, meanwhile.
func browse(ctx context.Context, tokens *oauth.Tokens, act func(address string)) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	return tokens.Browser(ctx, "work", func(address string) { wg.Go(func() { act(address) }) })
}

// back returns an address of the flow's own port, with another query.
func back(t *testing.T, address string, change func(url.Values)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Error(err)
		return ""
	}
	b, err := url.Parse(u.Query().Get("redirect_uri"))
	if err != nil {
		t.Error(err)
		return ""
	}
	q := url.Values{"state": {u.Query().Get("state")}}
	change(q)
	b.RawQuery = q.Encode()
	return b.String()
}

func TestBrowserFlow(t *testing.T) {
	for _, loopback := range []string{"", "localhost"} {
		srv := oauthtest.Start(t)
		tokens, _ := newTokens(t, srv)
		tokens.Provider.Loopback = loopback
		err := browse(t.Context(), tokens, func(address string) {
			if page := srv.Follow(t, address); page != thanks {
				t.Errorf("the browser shows %q", page)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if user, ok := srv.User(access(t, tokens).Reveal()); !ok || user != "user@example.org" {
			t.Errorf("the token is for %q, %v", user, ok)
		}
		if n := srv.Count("authorization_code"); n != 1 {
			t.Errorf("redeemed %d codes, want 1", n)
		}
	}
}

// TestOthersCannotAnswerForTheProvider: any page and any program can ask the
// port. That is neither taken nor does it end the login.
func TestOthersCannotAnswerForTheProvider(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := newTokens(t, srv)
	err := browse(t.Context(), tokens, func(address string) {
		const no = "This is not the answer to the login that popherd waits for.\n"
		for _, change := range []func(url.Values){
			func(q url.Values) { q.Set("code", "stolen"); q.Set("state", "guessed") },
			func(q url.Values) { q.Set("code", "stolen"); q.Del("state") },
			func(q url.Values) { q.Set("error", "access_denied"); q.Set("state", "") },
		} {
			if page := srv.Follow(t, back(t, address, change)); page != no {
				t.Errorf("the browser shows %q", page)
			}
		}
		resp, err := http.Post(back(t, address, func(url.Values) {}), "text/plain", strings.NewReader("code=stolen"))
		if err != nil || resp.StatusCode != http.StatusBadRequest {
			t.Errorf("a POST: %v %v", resp, err)
		} else {
			resp.Body.Close()
		}
		srv.Follow(t, address)
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := srv.Count("authorization_code"); n != 1 {
		t.Errorf("redeemed %d codes, want 1", n)
	}
}

// TestCodeOfAnotherLogin: whoever slips a code of his own in, or takes ours,
// lacks the verifier (RFC 7636).
func TestCodeOfAnotherLogin(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, _ := newTokens(t, srv)
	var mine, theirs string
	code := func(address string) string {
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Get(address)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer resp.Body.Close()
		u, _ := resp.Location()
		return u.Query().Get("code")
	}
	err := browse(t.Context(), tokens, func(address string) {
		mine = code(address)
		u, _ := url.Parse(address)
		q := u.Query()
		q.Set("code_challenge", strings.Repeat("A", 43)) // of a verifier that we do not know
		u.RawQuery = q.Encode()
		theirs = code(u.String())
		srv.Follow(t, back(t, address, func(q url.Values) { q.Set("code", theirs) }))
	})
	wantError(t, srv, err, "account work: oauth: invalid_grant: the provider does not accept the login any more", "log in: popherd accounts login work")
	resp, err := http.PostForm(srv.URL+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {mine}, "client_id": {oauthtest.ClientID},
		"client_secret": {oauthtest.ClientSecret}, "code_verifier": {strings.Repeat("A", 43)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("the provider gave a thief %s", body)
	}
}

func TestBrowserFlowThatIsRefused(t *testing.T) {
	srv := oauthtest.Start(t)
	srv.DenyBrowser(true)
	tokens, _ := newTokens(t, srv)
	err := browse(t.Context(), tokens, func(address string) { srv.Follow(t, address) })
	wantError(t, srv, err, "account work: oauth: access_denied: the login was refused", "")
}

func TestBrowserThatComesBackWithRubbish(t *testing.T) {
	for _, tt := range []struct {
		change func(url.Values)
		text   string
	}{
		{func(url.Values) {}, "the browser came back without a code"},
		{func(q url.Values) { q.Set("code", "a\r\nb") }, "the browser came back without a code"},
		{func(q url.Values) { q.Set("error", "\x1b[2Jboo") }, "the provider answered 400 Bad Request"},
		{func(q url.Values) { q.Set("error", "server_error"); q.Set("error_description", "AADSTS90033: \x1b") }, "server_error: the provider has a fault (AADSTS90033)"},
	} {
		srv := oauthtest.Start(t)
		tokens, _ := newTokens(t, srv)
		err := browse(t.Context(), tokens, func(address string) { srv.Follow(t, back(t, address, tt.change)) })
		wantError(t, srv, err, "account work: oauth: "+tt.text, "")
	}
}

// TestBrowserFlowThatNobodyFinishes: it ends with its context, and leaves no
// open port and nothing running.
func TestBrowserFlowThatNobodyFinishes(t *testing.T) {
	srv := oauthtest.Start(t)
	running := goleak.IgnoreCurrent()
	tokens, _ := newTokens(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	var port string
	var idle net.Conn // such as browsers open ahead
	err := tokens.Browser(ctx, "work", func(address string) {
		u, _ := url.Parse(back(t, address, func(url.Values) {}))
		port = u.Host
		var err error
		if idle, err = net.Dial("tcp", port); err != nil {
			t.Error(err)
		}
		cancel()
	})
	idle.Close()
	wantError(t, srv, err, "account work: oauth: nobody finished the login in the browser: context canceled", "log in: popherd accounts login work")
	if !errors.Is(err, context.Canceled) {
		t.Error("not context.Canceled")
	}
	if c, err := net.Dial("tcp", port); err == nil {
		c.Close()
		t.Error("the port is still open")
	}
	goleak.VerifyNone(t, running)
}
