package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
)

func seconds(list ...int) (durations []time.Duration) {
	for _, n := range list {
		durations = append(durations, time.Duration(n)*time.Second)
	}
	return durations
}

func TestDeviceFlow(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := newTokens(t, srv)
	var userCode string
	c.during = func(n int) {
		if n == 3 {
			srv.Approve(userCode)
		}
	}
	var shown int
	err := tokens.Device(t.Context(), "work", func(url, code string, expires time.Time) {
		shown++
		userCode = code
		if want := c.Now().Add(15 * time.Minute); url != srv.URL+"/enter" || !expires.Equal(want) {
			t.Errorf("shown %s until %v, want %s/enter until %v", url, expires, srv.URL, want)
		}
	})
	if err != nil || shown != 1 {
		t.Fatalf("%v, shown %d times", err, shown)
	}
	if want := seconds(5, 5, 5); !slices.Equal(c.slept, want) {
		t.Errorf("slept %v, want %v", c.slept, want)
	}
	if user, ok := srv.User(access(t, tokens).Reveal()); !ok || user != "user@example.org" {
		t.Errorf("the token is for %q, %v", user, ok)
	}
}

// TestDeviceFlowSlowsDown: RFC 8628 section 3.5, five seconds more for this and
// all later polls.
func TestDeviceFlowSlowsDown(t *testing.T) {
	srv := oauthtest.Start(t)
	srv.SetInterval(2)
	srv.SlowDown(2)
	tokens, c := newTokens(t, srv)
	var userCode string
	c.during = func(n int) {
		if n == 4 {
			srv.Approve(userCode)
		}
	}
	if err := tokens.Device(t.Context(), "work", func(_, code string, _ time.Time) { userCode = code }); err != nil {
		t.Fatal(err)
	}
	if want := seconds(2, 7, 12, 12); !slices.Equal(c.slept, want) {
		t.Errorf("slept %v, want %v", c.slept, want)
	}
}

func TestDeviceFlowWithoutAnInterval(t *testing.T) {
	srv := oauthtest.Start(t)
	srv.SetInterval(0)
	_, c := loggedIn(t, srv)
	if want := seconds(5); !slices.Equal(c.slept, want) {
		t.Errorf("slept %v, want %v", c.slept, want)
	}
}

// TestDeviceFlowSurvivesAFault: the same section, after a failed connection the
// interval is doubled.
func TestDeviceFlowSurvivesAFault(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := newTokens(t, srv)
	c.during = func(n int) {
		srv.Answer(nil)
		if n <= 2 {
			srv.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusBadGateway)
				return true
			})
		}
	}
	if err := tokens.Device(t.Context(), "work", func(_, code string, _ time.Time) { srv.Approve(code) }); err != nil {
		t.Fatal(err)
	}
	if want := seconds(5, 10, 20); !slices.Equal(c.slept, want) {
		t.Errorf("slept %v, want %v", c.slept, want)
	}
}

func TestDeviceFlowThatFails(t *testing.T) {
	const login = "log in: popherd accounts login work"
	for _, tt := range []struct {
		name       string
		show       func(srv *oauthtest.Server, code string)
		text, hint string
		polls      int
	}{
		{"denied", (*oauthtest.Server).Deny, "access_denied: the login was refused", "", 1},
		{"expired", func(srv *oauthtest.Server, _ string) { srv.ExpireCodes() }, "expired_token: nobody entered the code in time", login, 1},
		{"never entered", func(*oauthtest.Server, string) {}, "expired_token: nobody entered the code in time", login, 180},
		{"slowed down for ever", func(srv *oauthtest.Server, _ string) { srv.SlowDown(1e6) }, "expired_token: nobody entered the code in time", login, 19},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := oauthtest.Start(t)
			tokens, _ := newTokens(t, srv)
			err := tokens.Device(t.Context(), "work", func(_, code string, _ time.Time) { tt.show(srv, code) })
			wantError(t, srv, err, "account work: oauth: "+tt.text, tt.hint)
			if n := srv.Count("device_code"); n != tt.polls {
				t.Errorf("polled %d times, want %d", n, tt.polls)
			}
			if _, err := tokens.Access(t.Context(), "work"); !errors.Is(err, oauth.ErrNoToken) {
				t.Errorf("got %v, want ErrNoToken", err)
			}
		})
	}
}

func TestDeviceFlowEndsWithItsContext(t *testing.T) {
	srv := oauthtest.Start(t)
	tokens, c := newTokens(t, srv)
	ctx, cancel := context.WithCancel(t.Context())
	c.during = func(int) { cancel() }
	err := tokens.Device(ctx, "work", func(string, string, time.Time) {})
	if !errors.Is(err, context.Canceled) || srv.Count("device_code") != 0 {
		t.Errorf("got %v after %d polls, want context.Canceled after none", err, srv.Count("device_code"))
	}
}

// TestDeviceAnswersThatAreNone: nothing of them reaches the terminal.
func TestDeviceAnswersThatAreNone(t *testing.T) {
	const noCode = "the provider's answer is no code to enter"
	for _, tt := range []struct{ answer, text string }{
		{`null`, "the exchange with the provider failed: the answer is not JSON"},
		{`[]`, "the exchange with the provider failed: the answer is not JSON"},
		{``, "the exchange with the provider failed: the answer is not JSON"},
		{`{"device_code":7}`, "the provider's answer is none of OAuth's"},
		{`{}`, noCode},
		{`{"device_code":"d","user_code":"c","verification_uri":"http://example.org/"}`, noCode},
		{`{"device_code":"d","user_code":"c","verification_uri":"javascript:alert(1)"}`, noCode},
		{`{"device_code":"d","user_code":"c","verification_uri":"https://example.org/\u001b[2J"}`, noCode},
		{`{"device_code":"d","user_code":"\u001b]0;x\u0007","verification_uri":"https://example.org/"}`, noCode},
		{`{"device_code":"d","user_code":"","verification_uri":"https://example.org/"}`, noCode},
	} {
		srv := oauthtest.Start(t)
		tokens, _ := newTokens(t, srv)
		srv.Answer(func(w http.ResponseWriter, _ *http.Request) bool {
			io.WriteString(w, tt.answer)
			return true
		})
		err := tokens.Device(t.Context(), "work", func(url, code string, _ time.Time) { t.Errorf("shown %q %q", url, code) })
		wantError(t, srv, err, "account work: oauth: "+tt.text, "")
	}
}

func TestDeviceAnswerWithOddTimes(t *testing.T) {
	for _, tt := range []struct {
		expires, interval string
		polls             int
	}{
		{"1e3", "-7", 0}, // expires_in is no integer
		{"99999999999", "5", 720},
		{"-5", "5", 0},
		{"10", "99999999999", 1},
	} {
		srv := oauthtest.Start(t)
		tokens, _ := newTokens(t, srv)
		srv.Answer(func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/device" {
				fmt.Fprintf(w, `{"device_code":"d","user_code":"c","verification_uri":"https://example.org/","expires_in":%s,"interval":%s}`, tt.expires, tt.interval)
				return true
			}
			w.WriteHeader(http.StatusBadRequest)
			io.WriteString(w, `{"error":"authorization_pending"}`)
			return true
		})
		err := tokens.Device(t.Context(), "work", func(string, string, time.Time) {})
		if n := srv.Count("device_code"); err == nil || n != tt.polls {
			t.Errorf("expires %s, interval %s: %v after %d polls, want %d", tt.expires, tt.interval, err, n, tt.polls)
		}
	}
}

func TestGoogleHasNoDeviceFlow(t *testing.T) {
	p, _ := oauth.Preset("google")
	tokens := oauth.Tokens{Provider: p, Store: oauth.Files(t.TempDir())}
	err := tokens.Device(t.Context(), "work", func(string, string, time.Time) {})
	wantError(t, oauthtest.Start(t), err, "account work: oauth: the provider has no login by code", "log in with a browser")
}
