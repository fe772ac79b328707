package oauthtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// post asks an endpoint, and returns its answer.
func post(t *testing.T, address string, form url.Values) (answer map[string]any) {
	t.Helper()
	resp, err := http.PostForm(address, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// client returns a form with the client's authentication.
func client(pairs ...string) url.Values {
	form := url.Values{"client_id": {ClientID}, "client_secret": {ClientSecret}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func deviceLogin(t *testing.T, s *Server) (access, refresh string) {
	t.Helper()
	d := post(t, s.URL+"/device", client("scope", Scope))
	s.Approve(d["user_code"].(string))
	got := post(t, s.URL+"/token", client("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", d["device_code"].(string)))
	return got["access_token"].(string), got["refresh_token"].(string)
}

func TestOldRefreshTokenVoidsTheLogin(t *testing.T) {
	s := Start(t)
	_, first := deviceLogin(t, s)
	got := post(t, s.URL+"/token", client("grant_type", "refresh_token", "refresh_token", first))
	access, second := got["access_token"].(string), got["refresh_token"].(string)
	if _, ok := s.User(access); !ok {
		t.Fatal("the refreshed token is not valid")
	}
	for _, token := range []string{first, second} {
		if got := post(t, s.URL+"/token", client("grant_type", "refresh_token", "refresh_token", token)); got["error"] != "invalid_grant" {
			t.Errorf("got %v, want invalid_grant", got)
		}
	}
	if _, ok := s.User(access); ok {
		t.Error("the access token of a void login is valid")
	}
}

// TestIntrospection in the three ways that Dovecot knows.
func TestIntrospection(t *testing.T) {
	s := Start(t)
	s.SetUser("alice@example.org")
	token, _ := deviceLogin(t, s)
	issued := s.Issue("bob@example.org")
	ask := map[string]func(token string) (*http.Response, error){
		"post": func(token string) (*http.Response, error) {
			return http.PostForm(s.IntrospectURL(), url.Values{"token": {token}})
		},
		"get": func(token string) (*http.Response, error) { return http.Get(s.IntrospectURL() + token) },
		"auth": func(token string) (*http.Response, error) {
			r, err := http.NewRequest(http.MethodGet, s.IntrospectURL(), nil)
			if err != nil {
				return nil, err
			}
			r.Header.Set("Authorization", "Bearer "+token)
			return http.DefaultClient.Do(r)
		},
	}
	for name, ask := range ask {
		for _, tt := range []struct{ token, want string }{
			{token, `"username":"alice@example.org"`}, {issued, `"username":"bob@example.org"`},
			{"x", `{"active":false}`}, {"", `{"active":false}`},
		} {
			resp, err := ask(tt.token)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if !strings.Contains(string(body), tt.want) {
				t.Errorf("%s %q: got %s, want %s", name, tt.token, body, tt.want)
			}
		}
	}
	s.Expire()
	if _, ok := s.User(issued); ok {
		t.Error("an expired token is valid")
	}
	s.SetLifetime(-time.Second)
	if _, ok := s.User(s.Issue("bob")); ok {
		t.Error("a token of the past is valid")
	}
}

func TestStrangersAreRefused(t *testing.T) {
	s := Start(t)
	for _, tt := range []struct {
		path, want string
		form       url.Values
	}{
		{"/device", "invalid_client", url.Values{"client_id": {"x"}, "scope": {Scope}}},
		{"/device", "invalid_scope", client("scope", "x")},
		{"/token", "invalid_client", url.Values{"client_id": {ClientID}, "grant_type": {"refresh_token"}}},
		{"/token", "unsupported_grant_type", client("grant_type", "password")},
		{"/token", "invalid_grant", client("grant_type", "refresh_token", "refresh_token", "x")},
		{"/token", "invalid_grant", client("grant_type", "authorization_code", "code", "x")},
		{"/token", "invalid_grant", client("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "device_code", "x")},
	} {
		if got := post(t, s.URL+tt.path, tt.form); got["error"] != tt.want {
			t.Errorf("%s %v: got %v, want %s", tt.path, tt.form, got, tt.want)
		}
	}
	if n := s.Count("token"); n != 5 {
		t.Errorf("counted %d requests, want 5", n)
	}
}
