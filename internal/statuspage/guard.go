package statuspage

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// headers go out with every answer. A page can load its own style and picture,
// be framed by nobody, and send forms to itself alone.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	// Not no-referrer: with it browsers send "Origin: null" with our own forms,
	// and on plain HTTP beyond loopback the Origin is all that tells them from
	// those of other sites. No other site is told a referrer.
	"Referrer-Policy":              "same-origin",
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cache-Control":                "no-store",
	"X-Robots-Tag":                 "noindex, nofollow",
}

// whoever says how a request proved that it may see the page.
type whoever int

const (
	nobody    whoever = iota
	byAddress         // from this machine, where no token is set
	byCookie          // logged in with the token
	byHeader          // a program that sends the token itself: no browser can be made to
)

// who decides what a request may see. A token that is set is demanded of
// everybody: who can reach the loopback is not always who runs the jobs, and a
// proxy of this machine comes from there, whoever it speaks for.
func (p *page) who(r *http.Request) whoever {
	if p.Token.IsZero() {
		if local(r) {
			return byAddress
		}
		return nobody
	}
	if scheme, word, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		if p.isToken(word) {
			return byHeader
		}
		return nobody
	}
	if p.loginOf(r) != "" {
		return byCookie
	}
	return nobody
}

// isToken compares in constant time, whatever the length.
func (p *page) isToken(word string) bool {
	got, want := sha256.Sum256([]byte(word)), sha256.Sum256([]byte(p.Token.Reveal()))
	return !p.Token.IsZero() && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// local reports whether a request came to a loopback address, from one, by
// nobody else's hands, and under a name that is always this machine's. Of a
// site whose name was made to resolve to 127.0.0.1 (DNS rebinding) the browser
// sends the site's name.
func local(r *http.Request) bool {
	to, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if to == nil || !onLoopback(to) || err != nil || !from.Addr().Unmap().IsLoopback() {
		return false
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "X-Real-Ip" || name == "Via" || strings.HasPrefix(name, "X-Forwarded-") {
			return false
		}
	}
	// A proxy may say nothing of itself, and ask for the address that it was
	// told: nginx does, by default with HTTP/1.0, which no browser speaks.
	if !r.ProtoAtLeast(1, 1) {
		return false
	}
	return localName(r.Host)
}

// localName reports whether a Host is this machine's own.
func localName(host string) bool {
	name := host
	if h, port, err := net.SplitHostPort(host); err == nil && port != "" {
		name = h
	} else {
		name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	}
	return strings.EqualFold(name, "localhost") || name == "127.0.0.1" || name == "::1"
}

// guarded lets nobody see a page who may not, and nobody send a form who did
// not get it from here.
func (p *page) guarded(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who := p.who(r)
		switch {
		case who == nobody && p.Token.IsZero():
			p.refused.Add(1)
			p.fail(w, r, http.StatusMisdirectedRequest, "This page is for this machine alone: open it as localhost, without a proxy, or set a token.")
		case who == nobody:
			p.refused.Add(1)
			p.askToken(w, r)
		case r.Method == http.MethodPost && who != byHeader && !p.ours(w, r):
			p.refused.Add(1)
			p.fail(w, r, http.StatusForbidden, "This form is old, or not from here. Load the page again.")
		default:
			h(w, r)
		}
	}
}

// ours reports whether a form was sent from a page of ours to the same person.
func (p *page) ours(w http.ResponseWriter, r *http.Request) bool {
	if p.crossOrigin.Check(r) != nil || !parseForm(w, r) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(r.PostForm.Get(formField)), []byte(p.formToken(r))) == 1
}

// formSize is how large a form may be. Ours are small.
const formSize = 16 << 10

// parseForm reads a form of the body alone: nothing of the address counts.
func parseForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, formSize)
	return r.ParseForm() == nil
}
