package oauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/oauth2"
)

// Limits of the browser flow.
const (
	browserLimit = 15 * time.Minute // for a person to finish
	requestLimit = 10 * time.Second // for the browser to ask
	headerSize   = 32 << 10
)

// Browser logs in with a browser on this machine (RFC 8252): show is called
// once with the URL to open, and the provider sends the browser back to a port
// of the loopback that is open until Browser returns: when the tokens are
// stored, or with an *Error when the person refuses, when ctx ends, or after 15
// minutes.
func (t *Tokens) Browser(ctx context.Context, account string, show func(url string)) error {
	return t.wrap(account, t.browser(ctx, account, show))
}

func (t *Tokens) browser(ctx context.Context, account string, show func(url string)) error {
	if t.Provider.AuthURL == "" {
		return &Error{Reason: "the provider has no login with a browser"}
	}
	if err := t.Provider.check(t.Provider.AuthURL); err != nil {
		return err
	}
	state, err := t.nonce()
	if err != nil {
		return err
	}
	verifier, err := t.nonce()
	if err != nil {
		return err
	}
	back, err := listen(ctx, t.Provider.Loopback, state)
	if err != nil {
		return err
	}
	defer back.close()
	c := oauth2.Config{
		ClientID: t.Provider.ClientID, RedirectURL: back.url, Scopes: t.Provider.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: t.Provider.AuthURL},
	}
	show(c.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	code, err := back.wait(ctx)
	if err != nil {
		return err
	}
	r, err := t.grant(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code},
		"redirect_uri": {back.url}, "code_verifier": {verifier},
	})
	if err != nil {
		return err
	}
	return t.keep(ctx, account, r)
}

// nonce returns what nobody can guess: 32 octets, as RFC 7636 section 4.1
// advises for the verifier.
func (t *Tokens) nonce() (string, error) {
	random := t.Random
	if random == nil {
		random = rand.Reader
	}
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// callback is the port that the provider sends the browser back to.
type callback struct {
	url, state string
	listener   net.Listener
	server     *http.Server
	answers    chan url.Values // the first with the right state
}

func listen(ctx context.Context, host, state string) (*callback, error) {
	if host == "" {
		host = "127.0.0.1" // RFC 8252 section 8.3: not localhost, if it can be helped
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		l.Close()
		return nil, err
	}
	c := &callback{url: "http://" + net.JoinHostPort(host, port), state: state, listener: l, answers: make(chan url.Values, 1)}
	c.server = &http.Server{Handler: c, ReadTimeout: requestLimit, WriteTimeout: requestLimit, MaxHeaderBytes: headerSize}
	c.server.SetKeepAlivesEnabled(false)
	go c.server.Serve(l) // ends with close
	return c, nil
}

// ServeHTTP takes the browser's return. A request without the state is not from
// the provider: any page could make the browser send one. It ends nothing.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if r.Method != http.MethodGet || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(c.state)) != 1 {
		page(w, http.StatusBadRequest, "This is not the answer to the login that popherd waits for.\n")
		return
	}
	page(w, http.StatusOK, "popherd has the answer. You can close this page and go back to the terminal.\n")
	select {
	case c.answers <- query:
	default: // the page was loaded again
	}
}

// page writes a page at once and whole: as soon as the answer is taken, the
// connection may be closed.
func page(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address holds the code
	w.WriteHeader(status)
	io.WriteString(w, text)
	http.NewResponseController(w).Flush()
}

// wait returns the code that the browser brings.
func (c *callback) wait(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, browserLimit)
	defer cancel()
	select {
	case <-ctx.Done():
		return "", &Error{Reason: "nobody finished the login in the browser", Err: ctx.Err(), advice: adviceLogin}
	case answer := <-c.answers:
		if text := answer.Get("error"); text != "" {
			return "", refusal(&oauth2.RetrieveError{
				Response:  &http.Response{StatusCode: http.StatusBadRequest},
				ErrorCode: text, ErrorDescription: answer.Get("error_description"),
			})
		}
		if code := answer.Get("code"); isToken(code) {
			return code, nil
		}
		return "", &Error{Reason: "the browser came back without a code"}
	}
}

// close closes the port and its connections: browsers open some that they never
// use.
func (c *callback) close() {
	c.listener.Close() // the server may not have begun with it
	c.server.Close()
}
