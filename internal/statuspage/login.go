package statuspage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	cookieName = "popherd"
	formField  = "form"             // the field of a form that proves where it came from
	loggedIn   = 7 * 24 * time.Hour // how long a login lasts
)

// sign returns what only the one who has the key can make. The purpose keeps a
// cookie from passing for a form.
func (p *page) sign(purpose, text string) string {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// newCookie is a login until then: the moment, and its signature. The token
// itself is kept by nobody.
func (p *page) newCookie(until time.Time) string {
	moment := strconv.FormatInt(until.Unix(), 10)
	return moment + "." + p.sign("login", moment)
}

func (p *page) validCookie(value string) bool {
	moment, signature, _ := strings.Cut(value, ".")
	if !hmac.Equal([]byte(signature), []byte(p.sign("login", moment))) {
		return false
	}
	until, err := strconv.ParseInt(moment, 10, 64)
	return err == nil && p.Now().Before(time.Unix(until, 0))
}

// loginOf returns the cookie that is a login, or "". There may be several of our
// name: browsers send those of all ports of a host, and of its parent domains.
func (p *page) loginOf(r *http.Request) string {
	for _, c := range r.CookiesNamed(cookieName) {
		if p.validCookie(c.Value) {
			return c.Value
		}
	}
	return ""
}

// formToken is what the forms of a page carry: it is good for the login that
// got the page.
func (p *page) formToken(r *http.Request) string {
	if p.Token.IsZero() {
		return p.sign("form", "")
	}
	return p.sign("form", p.loginOf(r))
}

type loginPage struct {
	head
	Next  string // where to go on
	Wrong bool
}

// askToken shows the login instead of the page that was wanted. A program gets
// a line of text.
func (p *page) askToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="popherd"`)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Error(w, "a token is demanded", http.StatusUnauthorized)
		return
	}
	next := "/"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	p.show(w, r, http.StatusUnauthorized, "login.html", loginPage{head: p.head(r, "Log in"), Next: onward(next)})
}

// login takes the token, once, and gives a cookie for it.
func (p *page) login(w http.ResponseWriter, r *http.Request) {
	if p.crossOrigin.Check(r) != nil || !parseForm(w, r) {
		p.refused.Add(1)
		p.fail(w, r, http.StatusForbidden, "This form is old, or not from here. Load the page again.")
		return
	}
	next := onward(r.PostForm.Get("next"))
	if !p.isToken(r.PostForm.Get("token")) {
		p.refused.Add(1)
		p.Log.Warn("wrong token", "remote", r.RemoteAddr)
		p.show(w, r, http.StatusUnauthorized, "login.html", loginPage{head: p.head(r, "Log in"), Next: next, Wrong: true})
		return
	}
	until := p.Now().Add(loggedIn)
	http.SetCookie(w, cookie(r, p.newCookie(until), int(loggedIn/time.Second)))
	seeOther(w, r, next)
}

// logout takes the cookie away.
func (p *page) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, cookie(r, "", -1))
	seeOther(w, r, "/")
}

func cookie(r *http.Request, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		// A proxy that speaks TLS for us says so; who lies harms their own cookie.
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
}

// onward returns an address of ours to go to, and "/" for any other: nobody is
// sent elsewhere by a login.
func onward(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\r\n\t") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
}
