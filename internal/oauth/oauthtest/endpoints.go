package oauthtest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// lookAt counts a request, reads its form, and reports whether Answer's handler
// has answered it.
func (s *Server) lookAt(w http.ResponseWriter, r *http.Request, endpoint string) (done bool) {
	r.ParseForm()
	s.mu.Lock()
	answer := s.answer
	s.counts[endpoint]++
	if grant := r.PostForm.Get("grant_type"); endpoint == "token" {
		s.counts[grant[strings.LastIndexByte(grant, ':')+1:]]++
	}
	s.mu.Unlock()
	return answer != nil && endpoint != "authorize" && answer(w, r)
}

func (s *Server) serveDevice(w http.ResponseWriter, r *http.Request) {
	if s.lookAt(w, r, "device") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.PostForm.Get("client_id") != ClientID:
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	case !scopes(r.PostForm):
		refuse(w, http.StatusBadRequest, "invalid_scope")
		return
	}
	d := &device{code: s.newSecret("device"), userCode: "WDJB-" + random()[:4], state: "pending"}
	s.devices = append(s.devices, d)
	answer := map[string]any{
		"device_code": d.code, "user_code": d.userCode, "verification_uri": s.URL + "/enter", "expires_in": 900,
	}
	if s.interval != 0 {
		answer["interval"] = s.interval
	}
	write(w, http.StatusOK, answer)
}

// serveAuthorize is the page where the user consents; this one does so at once.
func (s *Server) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	s.lookAt(w, r, "authorize")
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	// RFC 8252 section 7.3: a loopback address with any port.
	if err != nil || q.Get("client_id") != ClientID || back.Scheme != "http" || back.Port() == "" ||
		back.Hostname() != "127.0.0.1" && back.Hostname() != "localhost" {
		http.Error(w, "no such client or redirect", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": {q.Get("state")}}
	switch {
	case s.deny:
		answer.Set("error", "access_denied")
	case q.Get("response_type") != "code", q.Get("code_challenge_method") != "S256", len(q.Get("code_challenge")) != 43:
		answer.Set("error", "invalid_request")
	case !scopes(q):
		answer.Set("error", "invalid_scope")
	default:
		code := s.newSecret("code")
		s.codes[code] = &consent{s.user, q.Get("redirect_uri"), q.Get("code_challenge")}
		answer.Set("code", code)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	if s.lookAt(w, r, "token") {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	form := r.PostForm
	if form.Get("client_id") != ClientID || form.Get("client_secret") != ClientSecret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	var l *login
	var code string
	switch form.Get("grant_type") {
	case "urn:ietf:params:oauth:grant-type:device_code":
		l, code = s.redeemDevice(form.Get("device_code"))
	case "authorization_code":
		l, code = s.redeemConsent(form)
	case "refresh_token":
		l, code = s.redeemRefresh(form.Get("refresh_token"))
	default:
		code = "unsupported_grant_type"
	}
	if code != "" {
		refuse(w, http.StatusBadRequest, code)
		return
	}
	answer := map[string]any{
		"access_token": s.newAccess(l.user, l), "token_type": "Bearer", "scope": Scope,
		"expires_in": int(s.lifetime / time.Second),
	}
	if !s.keep || l.current == "" {
		answer["refresh_token"] = s.newRefresh(l)
	}
	write(w, http.StatusOK, answer)
}

func (s *Server) redeemDevice(code string) (*login, string) {
	for _, d := range s.devices {
		if d.code != code {
			continue
		}
		switch {
		case s.slow > 0:
			s.slow--
			return nil, "slow_down"
		case d.state == "approved":
			d.state = "used"
			return &login{user: s.user}, ""
		}
		refused := map[string]string{"pending": "authorization_pending", "denied": "access_denied", "expired": "expired_token"}
		if text := refused[d.state]; text != "" {
			return nil, text
		}
	}
	return nil, "invalid_grant"
}

func (s *Server) redeemConsent(form url.Values) (*login, string) {
	c := s.codes[form.Get("code")]
	delete(s.codes, form.Get("code")) // RFC 6749 section 4.1.2: once
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if c == nil || c.redirect != form.Get("redirect_uri") || c.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return nil, "invalid_grant"
	}
	return &login{user: c.user}, ""
}

func (s *Server) redeemRefresh(token string) (*login, string) {
	l := s.refresh[token]
	switch {
	case l == nil, l.void, s.refuse:
		return nil, "invalid_grant"
	case l.current != token:
		l.void = true // RFC 9700 section 4.14.2: it was stolen, from the one or the other
		return nil, "invalid_grant"
	}
	return l, ""
}

func (s *Server) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	s.set(func() { s.counts["introspect"]++ })
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		token = r.Form.Get("token")
	}
	user, ok := s.User(token)
	if !ok {
		write(w, http.StatusOK, map[string]any{"active": false})
		return
	}
	write(w, http.StatusOK, map[string]any{
		"active": true, "username": user, "email": user, "sub": user, "scope": Scope,
		"client_id": ClientID, "token_type": "Bearer",
	})
}

// refuse answers as RFC 6749 section 5.2 has it.
func refuse(w http.ResponseWriter, status int, code string) {
	write(w, status, map[string]any{"error": code, "error_description": "no: " + code})
}

func write(w http.ResponseWriter, status int, answer map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

func random() string { return rand.Text() }

// follow is a browser without memory or connections left open.
func follow(address string) (string, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return string(page), err
}
