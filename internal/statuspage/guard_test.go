package statuspage

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

// fromLoopback is a request as the server gets it from this machine.
func fromLoopback(ctx context.Context, method, path string) *http.Request {
	r := httptest.NewRequestWithContext(context.WithValue(ctx, http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8025}), method, path, nil)
	r.Host, r.RemoteAddr = "localhost:8025", "127.0.0.1:50000"
	r.Header.Set("Accept", "text/html")
	return r
}

// TestWithoutToken: only this machine is answered, directly, and under its own
// name.
func TestWithoutToken(t *testing.T) {
	handler := New(options(attic()))
	for _, c := range []struct {
		name   string
		change func(r *http.Request)
		ok     bool
	}{
		{"localhost", func(r *http.Request) {}, true},
		{"Localhost without port", func(r *http.Request) { r.Host = "Localhost" }, true},
		{"IPv4", func(r *http.Request) { r.Host = "127.0.0.1:8025" }, true},
		{"IPv6", func(r *http.Request) { r.Host, r.RemoteAddr = "[::1]:8025", "[::1]:5" }, true},
		{"IPv6 without port", func(r *http.Request) { r.Host = "[::1]" }, true},
		{"rebinding", func(r *http.Request) { r.Host = "evil.example:8025" }, false},
		{"rebinding without port", func(r *http.Request) { r.Host = "evil.example" }, false},
		{"a name that ends like ours", func(r *http.Request) { r.Host = "localhost.evil.example" }, false},
		{"a name with a dot", func(r *http.Request) { r.Host = "localhost." }, false},
		{"a name below ours", func(r *http.Request) { r.Host = "evil.localhost:8025" }, false},
		{"no host", func(r *http.Request) { r.Host = "" }, false},
		{"another loopback", func(r *http.Request) { r.Host = "127.0.0.2:8025" }, false},
		{"decimal", func(r *http.Request) { r.Host = "2130706433:8025" }, false},
		{"a client elsewhere", func(r *http.Request) { r.RemoteAddr = "192.0.2.1:5" }, false},
		{"a client that is not known", func(r *http.Request) { r.RemoteAddr = "@" }, false},
		{"a proxy", func(r *http.Request) { r.Header.Set("X-Forwarded-For", "192.0.2.1") }, false},
		{"a proxy that says its scheme alone", func(r *http.Request) { r.Header.Set("X-Forwarded-Proto", "https") }, false},
		{"a silent proxy", func(r *http.Request) { r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0 }, false},
		{"a host with a user", func(r *http.Request) { r.Host = "localhost@evil.example" }, false},
		{"a host with a blank", func(r *http.Request) { r.Host = "localhost evil.example" }, false},
		{"a host with a NUL", func(r *http.Request) { r.Host = "localhost\x00.evil.example" }, false},
		{"IPv4 in IPv6", func(r *http.Request) { r.Host = "[::ffff:127.0.0.1]:8025" }, false},
		{"another proxy", func(r *http.Request) { r.Header.Set("Forwarded", "for=192.0.2.1") }, false},
		{"a listener elsewhere", func(r *http.Request) {
			*r = *r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}))
		}, false},
		{"a listener that is not known", func(r *http.Request) { *r = *r.WithContext(t.Context()) }, false},
		{"an empty token", func(r *http.Request) { r.Host = "evil.example"; r.Header.Set("Authorization", "Bearer ") }, false},
	} {
		for _, path := range append([]string{"/metrics"}, addresses...) {
			r := fromLoopback(t.Context(), http.MethodGet, path)
			c.change(r)
			w := newRecorder()
			handler.ServeHTTP(w, r)
			if refused := w.Code == http.StatusMisdirectedRequest; refused == c.ok {
				t.Errorf("%s, %s: status %d", c.name, path, w.Code)
			} else if refused && (strings.Contains(w.Body.String(), "newsletters") || strings.Contains(w.Body.String(), "attic")) {
				t.Errorf("%s, %s: tells of jobs:\n%s", c.name, path, w.Body)
			}
		}
	}
}

// TestTokenDemanded: of everybody, at every address, also on loopback.
func TestTokenDemanded(t *testing.T) {
	e := attic()
	var log bytes.Buffer
	o := withToken(options(e))
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	b := serve(t, o)
	for _, word := range []string{"", "wrong", token + "x", token[:10], " " + token} {
		for _, path := range append([]string{"/metrics"}, addresses...) {
			r := b.request(http.MethodGet, path, "")
			if word != "" {
				r.Header.Set("Authorization", "Bearer "+word)
			}
			a := b.do(r)
			if a.status != http.StatusUnauthorized || strings.Contains(a.text, "attic") || strings.Contains(a.text, "archive") && !strings.Contains(path, "archive") {
				t.Errorf("GET %s with %q: status %d\n%s", path, word, a.status, a.text)
			}
		}
	}
	for _, path := range []string{"/jobs/archive/run", "/jobs/archive/enable", "/jobs/archive/disable", "/runs/8/retry", "/runs/8/cancel", "/logout"} {
		if a := b.post(path, url.Values{"form": {"x"}}); a.status != http.StatusUnauthorized {
			t.Errorf("POST %s: status %d", path, a.status)
		}
	}
	if a := b.post("/login", url.Values{"token": {"wrong"}}); a.status != http.StatusUnauthorized || a.header.Get("Set-Cookie") != "" || !strings.Contains(a.text, "not the token") {
		t.Errorf("a wrong token: status %d, cookie %q\n%s", a.status, a.header.Get("Set-Cookie"), a.text)
	}
	if orders := e.ordered(); orders != "" {
		t.Errorf("ordered: %s", orders)
	}
	if !strings.Contains(log.String(), "wrong token") || strings.Contains(log.String(), token) {
		t.Errorf("the log says:\n%s", log.String())
	}
	if a := b.get("/style.css"); a.status != http.StatusOK || !strings.Contains(a.text, "prefers-color-scheme: dark") {
		t.Errorf("the login has no style: status %d", a.status)
	}
}

// TestToken: a program sends it with each request, a person once.
func TestToken(t *testing.T) {
	e := attic()
	now := noon
	o := withToken(options(e))
	o.Now = func() time.Time { return now }
	b := serve(t, o)

	r := b.request(http.MethodGet, "/metrics", "")
	r.Header.Set("Authorization", "Bearer "+token)
	if a := b.do(r); a.status != http.StatusOK {
		t.Errorf("a program: status %d", a.status)
	}
	r = b.request(http.MethodPost, "/jobs/archive/disable", "")
	r.Header.Set("Authorization", "Bearer "+token)
	if a := b.do(r); a.status != http.StatusSeeOther || e.ordered() != "disable archive" {
		t.Errorf("a program's order: status %d\n%s", a.status, a.text)
	}

	a := b.post("/login", url.Values{"token": {token}, "next": {"/runs/7?page=1"}})
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/runs/7?page=1" {
		t.Errorf("login: status %d, leads to %q", a.status, a.header.Get("Location"))
	}
	set := a.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"} {
		if !strings.Contains(set, want) {
			t.Errorf("cookie %q, want %s", set, want)
		}
	}
	if strings.Contains(set, token) || strings.Contains(set, "Secure") {
		t.Errorf("cookie %q", set)
	}
	b.login()
	for _, path := range []string{"/", "/runs", "/runs/7", "/jobs/archive", "/metrics"} {
		if a := b.get(path); a.status != http.StatusOK || strings.Contains(a.text, token) {
			t.Errorf("GET %s: status %d", path, a.status)
		}
	}
	good := b.cookie
	for _, forged := range []string{"", "x", good[:len(good)-1], "9" + good, strings.Replace(good, ".", "0.", 1), ".", good + ";", "99999999999." + good[strings.Index(good, ".")+1:]} {
		b.cookie = forged
		if a := b.get("/"); a.status != http.StatusUnauthorized && forged != good+";" {
			t.Errorf("cookie %q: status %d", forged, a.status)
		}
	}
	b.cookie = good
	now = noon.Add(loggedIn - time.Second)
	if a := b.get("/"); a.status != http.StatusOK {
		t.Errorf("within a week: status %d", a.status)
	}
	now = noon.Add(loggedIn)
	if a := b.get("/"); a.status != http.StatusUnauthorized {
		t.Errorf("after a week: status %d", a.status)
	}
	now = noon
	a = b.post("/logout", url.Values{"form": {b.proof("/jobs/archive")}})
	if a.status != http.StatusSeeOther || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("logout: status %d, cookie %q", a.status, a.header.Get("Set-Cookie"))
	}
	// A page of another daemon with the same token knows the login, one with
	// another token does not.
	again := serve(t, withToken(options(attic())))
	again.cookie = good
	if a := again.get("/"); a.status != http.StatusOK {
		t.Errorf("after a restart: status %d", a.status)
	}
}

// TestSecureCookie: where TLS is spoken, by us or by a proxy, the cookie stays
// within it.
func TestSecureCookie(t *testing.T) {
	b := serve(t, withToken(options(attic())))
	r := b.request(http.MethodPost, "/login", url.Values{"token": {token}}.Encode())
	r.Header.Set("X-Forwarded-Proto", "https")
	if a := b.do(r); !strings.Contains(a.header.Get("Set-Cookie"), "; Secure") {
		t.Errorf("cookie %q", a.header.Get("Set-Cookie"))
	}
}

// TestOnward: a login leads to a page of ours.
func TestOnward(t *testing.T) {
	for next, want := range map[string]string{
		"/": "/", "/runs?job=a&page=2": "/runs?job=a&page=2", "/jobs/a%2Fb": "/jobs/a%2Fb",
		"": "/", "//evil.example": "/", "https://evil.example/": "/", "/\\evil.example": "/", "\\\\evil.example": "/", "/%09/evil.example": "/", "/%5Cevil.example": "/",
		"javascript:alert(1)": "/", "evil.example": "/", "/a\r\nX: y": "/", "http:/evil.example": "/", "/%2Fevil.example": "/", "///evil.example": "/",
	} {
		if got := onward(next); got != want {
			t.Errorf("onward(%q): got %q, want %q", next, got, want)
		}
	}
}

// TestForms: an order needs the form of a page of ours, from the same login.
func TestForms(t *testing.T) {
	for _, c := range []struct {
		name string
		b    func(e *engine) *browser
	}{
		{"without a token", func(e *engine) *browser { return serve(t, options(e)) }},
		{"logged in", func(e *engine) *browser { b := serve(t, withToken(options(e))); b.login(); return b }},
	} {
		e := attic()
		b := c.b(e)
		proof := b.proof("/jobs/archive")
		for _, bad := range []struct {
			name, proof, header, value string
		}{
			{"no field", "", "", ""},
			{"a wrong field", "x", "", ""},
			{"a cut field", proof[:len(proof)-1], "", ""},
			{"another site", proof, "Sec-Fetch-Site", "cross-site"},
			{"a site of the same owner", proof, "Sec-Fetch-Site", "same-site"},
			{"another origin", proof, "Origin", "http://evil.example"},
			{"another port", proof, "Origin", "http://127.0.0.1:1"},
			{"no origin", proof, "Origin", "null"},
		} {
			for _, path := range []string{"/jobs/archive/run", "/jobs/archive/enable", "/jobs/archive/disable", "/runs/8/retry", "/runs/8/cancel", "/logout"} {
				r := b.request(http.MethodPost, path, url.Values{"form": {bad.proof}}.Encode())
				if bad.header != "" {
					r.Header.Set(bad.header, bad.value)
				}
				if a := b.do(r); a.status != http.StatusForbidden || e.ordered() != "" {
					t.Errorf("%s, %s, %s: status %d", c.name, bad.name, path, a.status)
				}
			}
		}
		// The address is no form.
		if a := b.post("/jobs/archive/disable?form="+proof, nil); a.status != http.StatusForbidden {
			t.Errorf("%s: the proof in the address: status %d", c.name, a.status)
		}
		// As browsers send it, with and without Sec-Fetch-Site (plain HTTP
		// beyond loopback has none).
		for header, value := range map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": b.base} {
			r := b.request(http.MethodPost, "/jobs/archive/disable", url.Values{"form": {proof}}.Encode())
			r.Header.Set(header, value)
			if a := b.do(r); a.status != http.StatusSeeOther || e.ordered() != "disable archive" {
				t.Errorf("%s, %s: status %d", c.name, header, a.status)
			}
		}
	}
	// Another site cannot log people in to what it likes, either.
	b := serve(t, withToken(options(attic())))
	r := b.request(http.MethodPost, "/login", url.Values{"token": {token}}.Encode())
	r.Header.Set("Origin", "http://evil.example")
	if a := b.do(r); a.status != http.StatusForbidden || a.header.Get("Set-Cookie") != "" {
		t.Errorf("login from elsewhere: status %d", a.status)
	}
}

// TestOrders: what is asked for, and what becomes of it.
func TestOrders(t *testing.T) {
	e := attic()
	b := serve(t, options(e))
	proof := b.proof("/jobs/archive")
	for _, c := range []struct {
		path   string
		form   url.Values
		status int
		leads  string
		order  string
	}{
		{"/jobs/archive/run", url.Values{"account": {""}, "dry": {""}}, 303, "/jobs/archive", "run archive [] as it is"},
		{"/jobs/archive/run", url.Values{"account": {"home"}, "dry": {"true"}}, 303, "/runs/1", "run archive [home] dry=true"},
		{"/jobs/archive/run", url.Values{"dry": {"false"}}, 400, "", ""}, // nobody skips the first dry run here
		{"/jobs/archive/enable", nil, 303, "/jobs/archive", "enable archive"},
		{"/jobs/archive/disable", nil, 303, "/jobs/archive", "disable archive"},
		{"/jobs/a%2Fb%3F/enable", nil, 303, "/jobs/a%2Fb%3F", "enable a/b?"},
		{"/runs/8/retry", nil, 303, "/runs/8", "retry 8"},
		{"/runs/8/cancel", nil, 303, "/runs/8", "cancel 8"},
		{"/runs/x/cancel", nil, 404, "", ""},
		{"/runs/-8/cancel", nil, 404, "", ""},
		{"/runs/99999999999999999999/retry", nil, 404, "", ""},
		{"/jobs/archive/delete", nil, 404, "", ""},
	} {
		form := url.Values{"form": {proof}}
		for name, values := range c.form {
			form[name] = values
		}
		a := b.post(c.path, form)
		if order := e.ordered(); a.status != c.status || a.header.Get("Location") != c.leads || order != c.order {
			t.Errorf("POST %s %v: status %d to %q, ordered %q; want %d to %q, %q", c.path, c.form, a.status, a.header.Get("Location"), order, c.status, c.leads, c.order)
		}
	}
	for err, want := range map[error]int{jobs.ErrUnknown: 404, jobs.ErrOver: 409, jobs.ErrSettled: 409, context.DeadlineExceeded: 503, net.ErrClosed: 500} {
		e.err = err
		if a := b.post("/runs/8/cancel", url.Values{"form": {proof}}); a.status != want {
			t.Errorf("%v: status %d, want %d", err, a.status, want)
		}
	}
	e.err = nil
	e.ordered()
	for _, path := range []string{"/jobs/archive/run", "/runs/8/cancel", "/login", "/logout"} {
		if a := b.get(path); a.status != http.StatusMethodNotAllowed && a.status != http.StatusNotFound || e.ordered() != "" {
			t.Errorf("GET %s: status %d", path, a.status)
		}
	}
	large := url.Values{"form": {proof}, "account": {strings.Repeat("a", formSize)}}
	if a := b.post("/jobs/archive/run", large); a.status != http.StatusForbidden || e.ordered() != "" {
		t.Errorf("a large form: status %d", a.status)
	}
}

// TestHeaders stand at every answer.
func TestHeaders(t *testing.T) {
	b, locked := serve(t, options(attic())), serve(t, withToken(options(attic())))
	for _, path := range append([]string{"/style.css", "/icon.svg", "/healthz", "/metrics"}, addresses...) {
		for _, a := range []answer{b.get(path), locked.get(path)} {
			for name, want := range headers {
				if got := a.header.Get(name); got != want && !(name == "Cache-Control" && (path == "/style.css" || path == "/icon.svg")) {
					t.Errorf("%s: %s is %q, want %q", path, name, got, want)
				}
			}
			if a.header.Get("Content-Type") == "" {
				t.Errorf("%s has no type", path)
			}
		}
	}
	if csp := headers["Content-Security-Policy"]; strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
		t.Errorf("the policy lets scripts run: %s", csp)
	}
}

// TestHealth: everybody may ask, and learns no more than one word.
func TestHealth(t *testing.T) {
	for _, c := range []struct {
		name         string
		ticked, beat time.Time
		status       int
		word         string
	}{
		{"fresh", noon, noon, 200, "ok\n"},
		{"no lease renewed yet", noon, time.Time{}, 200, "ok\n"},
		{"busy", noon.Add(-stuckAfter), noon, 200, "ok\n"},
		{"not begun", time.Time{}, time.Time{}, 503, "stuck\n"},
		{"clock not looked at", noon.Add(-stuckAfter - 1), noon, 503, "stuck\n"},
		{"leases not renewed", noon, noon.Add(-stuckAfter - 1), 503, "stuck\n"},
		{"clock went back", noon.Add(time.Hour), noon, 503, "stuck\n"},
	} {
		e := attic()
		e.stats.Ticked, e.stats.Beat = c.ticked, c.beat
		for _, o := range []Options{options(e), withToken(options(e))} {
			b := serve(t, o)
			if a := b.get("/healthz"); a.status != c.status || a.text != c.word {
				t.Errorf("%s: status %d, %q", c.name, a.status, a.text)
			}
			if !o.Token.IsZero() {
				b.login()
			}
			if text := b.get("/").text; strings.Contains(text, "The engine is stuck") != (c.status == 503) {
				t.Errorf("%s: the page says:\n%s", c.name, text)
			}
		}
	}
}
